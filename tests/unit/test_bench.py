"""The benchmarks of bench/: published shapes, and how far apart two trainings lie."""

import importlib

import pytest
import torch
from safetensors.torch import save_file
from tests.conftest import ROOT

PUBLISHED = {
    "SmolLM2-135M": 134_515_008,
    "SmolLM2-360M": 361_821_120,
    "Qwen2.5-0.5B": 494_032_768,
    "Qwen2.5-1.5B": 1_543_714_304,
    "Qwen2.5-3B": 3_085_938_688,
    "Llama-3.1-8B": 8_030_261_248,
}


@pytest.fixture
def bench(monkeypatch):
    """A function that imports a module of bench/."""
    monkeypatch.syspath_prepend(ROOT / "bench")
    return importlib.import_module


@pytest.mark.parametrize("size", PUBLISHED)
def test_a_shape_has_as_many_parameters_as_the_published_model(bench, size):
    assert bench("shapes").parameters(size) == PUBLISHED[size]


def test_the_distance_of_two_checkpoints_is_over_all_their_weights(bench, tmp_path):
    for name, values in {"left": [0.0, 0.0], "right": [3.0, -4.0]}.items():
        (tmp_path / name).mkdir()
        save_file({"a": torch.tensor(values), "b": torch.ones(2)}, tmp_path / name / "model.safetensors")
    assert bench("resumes").distance(tmp_path / "left", tmp_path / "right") == (4.0, 2.5)


@pytest.mark.slow
def test_a_training_in_float32_on_a_cpu_that_is_killed_and_continued_is_the_undisturbed_one(
    bench, tmp_path
):
    if torch.cuda.is_available():
        pytest.skip("a GPU promises no equal bytes")
    found = bench("resumes").distances(tmp_path, "tiny-m", 1)
    assert found == {("undisturbed", "resumed 0"): (0.0, 0.0)}


def test_a_dry_run_is_a_row_of_its_jobs_seconds_and_memory(bench, tmp_path):
    smoke = ("--configfile", "configs/smoke.yaml", "--config", "seeds=[0,1]")
    _, jobs, seconds, memory, _ = bench("dry_run").dry_run(str(tmp_path), *smoke).split("|")
    assert int(jobs) > 100
    assert float(seconds) > 0
    assert int(memory) > 50
