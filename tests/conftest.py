"""What the tests share: a copy of the project in which the smoke experiment was really run."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[1]
SMOKE = ("--configfile", "configs/smoke.yaml")
REFERENCE = ("--configfile", "configs/reference.yaml")
TAKEN = ("--config", "stored=reference")
TARGET = "figures/adv_training.pdf"

with_reference = pytest.mark.skipif(
    not (ROOT / "reference/results").exists(), reason="no results are stored in reference/ yet"
)


def copy_project(to: Path) -> Path:
    """The workflow as a clone has it, without anything that a run made."""
    to.mkdir(parents=True)
    for name in ("Snakefile", "config.yaml", "pyproject.toml"):
        shutil.copy2(ROOT / name, to)
    for name in ("configs", "envs", "profiles", "workflow"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    return to


def snakemake(folder: Path, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    """Run Snakemake in `folder`."""
    command = [sys.executable, "-m", "snakemake", *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if check and run.returncode:
        raise AssertionError(f"snakemake {' '.join(arguments)} failed:\n{run.stdout}\n{run.stderr}")
    return run


def overlay(folder: Path, settings: str) -> tuple[str, str]:
    """The option for a config file with a few settings, to be laid over the others."""
    path = folder / "overlay.yaml"
    path.write_text(settings)
    return "--configfile", str(path)


def planned(folder: Path, *arguments: str) -> dict[str, int]:
    """How many jobs of each rule a dry run lists; empty if there is nothing to be done."""
    output = snakemake(folder, "-n", *arguments).stdout
    if "Nothing to be done" in output:
        return {}
    stats = output[output.rindex("Job stats:") :].split("\n\n")[0]
    jobs = {name: int(n) for name, n in re.findall(r"^(\S+) +(\d+)$", stats, flags=re.MULTILINE)}
    jobs.pop("total")
    return jobs


@pytest.fixture(autouse=True)
def _environment() -> Iterator[None]:
    """A command that runs in the process of a test chooses its GPUs, and the next one chooses anew."""
    kept = "PYTEST_CURRENT_TEST"
    before = dict(os.environ)
    yield
    for name in set(os.environ) - set(before) - {kept}:
        del os.environ[name]
    os.environ.update({name: value for name, value in before.items() if name != kept})


@pytest.fixture(scope="session")
def smoke_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project in which every figure, table and claim was made from nothing; change only copies of it.

    Where several processes run tests, the first that asks for it makes it for all.
    """
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent
    folder, made = root / "smoke/project", root / "smoke/made"
    with FileLock(root / "smoke.lock"):
        if not made.exists():
            assert not folder.exists(), "another process failed to make the smoke run"
            snakemake(copy_project(folder), *SMOKE)
            made.touch()
    return folder


@pytest.fixture
def finished(smoke_run: Path, tmp_path: Path) -> Path:
    """A copy of the finished smoke run, moved to another place, to change at will."""
    return shutil.copytree(smoke_run, tmp_path / "project")


@pytest.fixture
def edit() -> Callable[[Path, str, str], None]:
    """Replace a text that must be in a file by another."""

    def replace(path: Path, old: str, new: str) -> None:
        text = path.read_text()
        assert old in text, f"{path} does not hold {old!r}"
        path.write_text(text.replace(old, new))

    return replace
