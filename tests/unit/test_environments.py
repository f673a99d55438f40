"""The lock holds exact versions, and the conda files and pyproject.toml agree with it."""

import re
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
CONDA = sorted((ROOT / "envs").glob("*.yaml"))
PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==([0-9][0-9a-z.]*)")
CONDA_PIN = re.compile(r"([a-z0-9][a-z0-9_.-]*) ==([0-9][0-9a-z.]*)")
CONDA_NAMES = {"pytorch": "torch"}


def lock_lines() -> list[str]:
    lines = (ROOT / "envs/lock.txt").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if not line.startswith("#")]


@pytest.fixture(scope="module")
def lock() -> dict[str, str]:
    """The version of each package, by name."""
    return {name: version for name, _, version in (line.partition("==") for line in lock_lines())}


def test_every_line_of_the_lock_is_an_exact_pin_that_any_machine_can_install():
    assert [line for line in lock_lines() if not PIN.fullmatch(line)] == []


def test_the_lock_is_sorted_and_names_no_package_twice():
    names = [line.split("==")[0] for line in lock_lines()]
    assert names == sorted(names)
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_there_are_conda_environments():
    assert {path.stem for path in CONDA} >= {"plotting", "training"}


@pytest.mark.parametrize("path", CONDA, ids=lambda path: path.stem)
def test_a_conda_environment_has_the_versions_of_the_lock(path, lock):
    environment = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert environment["name"] == path.stem
    assert environment["channels"] == ["conda-forge", "nodefaults"]
    python, *packages = environment["dependencies"]
    assert python == "python =3.11"
    matches = {package: CONDA_PIN.fullmatch(package) for package in packages}
    assert [package for package, match in matches.items() if not match] == []
    pinned = dict(match.groups() for match in matches.values())
    assert pinned == {name: lock.get(CONDA_NAMES.get(name, name)) for name in pinned}


def test_the_lock_holds_every_package_that_the_project_names(lock):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    assert sorted(set(named) - set(lock)) == []
