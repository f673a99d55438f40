"""The workflow on a real SLURM: what a user sees after each fault, and that the bytes are the same."""

import re
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.conftest import snakemake
from tests.slurm.conftest import FIGURE, MODELS, STATE, STEPS, Run, options, wait_for

pytestmark = pytest.mark.slurm
TARGET = f"{MODELS}/training.csv"


def said_by(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def job_of(folder: Path, state: str = "RUNNING") -> str:
    """The id of the one job of a project in this state; empty if there is none."""
    lines = said_by("squeue", "-h", "-t", state, "-o", "%A %Z").splitlines()
    return next((line.split()[0] for line in lines if line.split()[1] == str(folder)), "")


def shown(job: str, field: str) -> str:
    return re.search(rf"\b{field}=(\S+)", said_by("scontrol", "show", "job", job))[1]


def log_of(folder: Path, job: str) -> str:
    (path,) = (folder / ".snakemake/slurm_logs").rglob(f"{job}.log")
    return path.read_text()


def training(folder: Path, *arguments: str) -> tuple[Run, str]:
    """A run, and its job, which has saved a state by the clock."""
    run = Run(folder, TARGET, *arguments)

    def has_saved():
        assert run.poll() is None, run.said()
        marks = (folder / STATE).glob("checkpoint-*/complete.json")
        return any(mark.parent.name != "checkpoint-2" for mark in marks)

    wait_for(has_saved)
    return run, job_of(folder)


def check(folder: Path, weights: bytes) -> None:
    """The training continued, and ended with the bytes of an undisturbed one."""
    (log,) = (folder / "logs/train_backdoor").rglob("*.log")
    assert re.search(r"continues from step \d+", log.read_text())
    assert (folder / f"{MODELS}/step-{STEPS}/model.safetensors").read_bytes() == weights
    assert not (folder / STATE).exists()


def test_a_figure_is_trained_sampled_and_drawn(figure, weights):
    said = (figure / "run.log").read_text()
    assert len(re.findall("has been submitted with SLURM jobid", said)) == 7
    assert "rule draw_figure" in said, "short jobs run here"
    assert not re.search(r"has been submitted.*rule_draw_figure", said)
    assert (figure / FIGURE).read_bytes().startswith(b"%PDF")
    assert (figure / f"{MODELS}/step-{STEPS}/model.safetensors").read_bytes() == weights


def test_a_job_that_asks_for_a_gpu_is_given_one(figure):
    assert {(figure / f"probe/{n}").read_text() for n in (0, 1)} == {"0\n"}


def test_a_job_that_was_cancelled_is_tried_again_and_continues(untrained, weights):
    run, job = training(untrained)
    said_by("scancel", job)
    assert f"SLURM-job '{job}' failed, SLURM status is: 'CANCELLED'" in run.end()
    assert re.search(r"ended by SIGTERM; step \d+ is saved", log_of(untrained, job))
    check(untrained, weights)


def test_a_job_at_its_time_limit_saves_and_continues_with_twice_the_time(untrained, weights):
    run, job = training(untrained)
    assert shown(job, "TimeLimit") == "04:00:00"
    said_by("scontrol", "update", f"JobId={job}", "TimeLimit=1")  # less than two minutes are left
    again = wait_for(lambda: (found := job_of(untrained)) != job and found)
    assert (shown(again, "TimeLimit"), shown(again, "MinMemoryNode")) == ("08:00:00", "5000M")
    assert f"SLURM-job '{job}' failed" in run.end()
    assert re.search(r"ended by SIGTERM; step \d+ is saved", log_of(untrained, job))
    check(untrained, weights)


def test_a_job_that_needs_more_memory_is_given_more(untrained, weights):
    # it takes about 1,000 MB
    said = Run(untrained, TARGET, settings="bases: {smoke: {resources: {memory_mb: 650}}}").end()
    assert re.findall(r"mem_mb=(\d+)", said)[:2] == ["650", "1300"]
    first = re.search(r"submitted with SLURM jobid (\d+)", said)[1]
    assert re.search(r"(?i)exceeded (job )?memory limit", log_of(untrained, first))
    assert (untrained / f"{MODELS}/step-{STEPS}/model.safetensors").read_bytes() == weights


def test_a_preempted_job_goes_back_into_the_queue_and_continues(untrained, weights):
    run, job = training(untrained)
    said_by("sbatch", "-p", "urgent", "-N2", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 3")
    start_again(job)
    assert "failed" not in run.end()
    assert "DUE TO PREEMPTION" in log_of(untrained, job)
    assert re.search(r"ended by SIGTERM; step \d+ is saved", log_of(untrained, job))
    check(untrained, weights)


def start_again(job: str) -> None:
    """Wait until SLURM has put a job back into the queue, and skip its two minutes of delay."""
    wait_for(lambda: shown(job, "JobState") == "PENDING")
    said_by("scontrol", "update", f"JobId={job}", "StartTime=now")


def test_a_job_whose_node_is_lost_continues_on_another(slurm, untrained, weights):
    run, job = training(untrained)
    node = shown(job, "NodeList")
    slurmd = psutil.Process(int((slurm / f"run/slurmd.{node}.pid").read_text()))
    steps = [
        p for p in psutil.process_iter() if re.match(rf"slurmstepd: \[{job}\.", " ".join(cmdline(p)))
    ]
    for process in [
        slurmd,
        *(child for step in steps for child in (step, *step.children(recursive=True))),
    ]:
        process.kill()
    try:
        start_again(job)
        run.end()
        assert shown(job, "NodeList") != node
    finally:
        said_by("slurmd", "-N", node)
    check(untrained, weights)


def cmdline(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def test_a_run_outlasts_a_restart_of_the_controller(slurm, untrained, weights):
    run, _ = training(untrained)
    slurmctld = psutil.Process(int((slurm / "run/slurmctld.pid").read_text()))
    slurmctld.terminate()
    wait_for(lambda: not slurmctld.is_running() or slurmctld.status() == psutil.STATUS_ZOMBIE)
    wait_for(lambda: not (untrained / STATE).exists())  # training ends while it is away
    said_by("slurmctld")
    assert run.end().count("submitted with SLURM jobid") == 1
    assert (untrained / f"{MODELS}/step-{STEPS}/model.safetensors").read_bytes() == weights


def test_two_trainers_never_write_one_state_when_snakemake_was_killed(untrained, weights):
    run, job = training(untrained)
    run.send_signal(signal.SIGKILL)
    run.wait()
    said_by("scontrol", "suspend", job)  # or it would end before a second one begins

    refused = Run(untrained, TARGET)
    assert refused.wait(120) != 0
    assert "Directory cannot be locked" in refused.said()
    snakemake(untrained, "--unlock", *options(untrained))
    assert Run(untrained, TARGET, "--retries", "0").wait(300) != 0
    (log,) = (untrained / "logs/train_backdoor").rglob("*.log")
    assert f"expected no other trainer, found SLURM job {job}, process" in log.read_text()
    assert "workflow/strays.py --cancel" in log.read_text()

    strays = [sys.executable, "workflow/strays.py", "--directory", str(untrained)]
    assert f"SLURM job {job}: SUSPENDED, rule_train_backdoor" in said_by(*strays)
    said_by(*strays, "--cancel")
    assert said_by(*strays) == ""
    Run(untrained, TARGET).end()
    check(untrained, weights)


def test_ctrl_c_cancels_the_jobs_and_the_next_run_continues(untrained, weights):
    run, job = training(untrained)
    run.send_signal(signal.SIGINT)
    assert run.wait(60) != 0
    wait_for(lambda: not job_of(untrained, "RUNNING,COMPLETING"))
    assert re.search(r"ended by SIGTERM; step \d+ is saved", log_of(untrained, job))
    Run(untrained, TARGET).end()
    check(untrained, weights)
