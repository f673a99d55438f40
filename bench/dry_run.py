"""How long `snakemake -n` takes and what memory: with more and more jobs to do, and with nothing to do.

More seeds make more jobs. The dry run with nothing to do comes after a smoke run.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT

SEEDS = (1, 10, 100)  # of the main figure: about a hundred, a thousand and ten thousand jobs
SMOKE = ("--configfile", "configs/smoke.yaml")


def command(folder: str, *options: str) -> list[str]:
    target = "figures/adv_training.pdf"
    return [sys.executable, "-m", "snakemake", target, "--directory", folder, *options]


def dry_run(folder: str, *options: str) -> str:
    """A row of a table: jobs, seconds, and peak memory in MB of a dry run."""
    with tempfile.TemporaryFile("w+") as printed:
        start = time.perf_counter()
        process = subprocess.Popen(
            command(folder, "-n", *options), cwd=ROOT, stdout=printed, stderr=subprocess.STDOUT
        )
        _, status, used = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        printed.seek(0)
        said = printed.read()
    if status:
        sys.exit(said)
    total = re.search(r"^total +(\d+)$", said, re.MULTILINE)
    return f"| {int(total[1]) if total else 0:,} | {seconds:.1f} | {used.ru_maxrss / 1000:,.0f} |"


def main() -> None:
    print("| jobs of a dry run | seconds | memory, MB |\n|---|---|---|")
    with tempfile.TemporaryDirectory() as temporary:
        finished, empty = str(Path(temporary, "finished")), str(Path(temporary, "empty"))
        subprocess.run(command(finished, *SMOKE), cwd=ROOT, check=True, capture_output=True)
        print(dry_run(finished, *SMOKE), flush=True)
        for n in SEEDS:
            print(dry_run(empty, "--config", f"seeds={json.dumps(list(range(n)))}"), flush=True)


if __name__ == "__main__":
    main()
