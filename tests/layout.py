"""Measure a drawing as it is rendered: is every text in its place?"""

from itertools import combinations

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

PIXEL = 1.0


def assert_tidy(figure) -> None:
    """No text leaves the page or its box, crosses another box, a text or an arrow; no box is empty."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    (axis,) = figure.axes
    texts = [(t.get_text(), t.get_window_extent(renderer)) for t in axis.texts if t.get_text().strip()]
    boxes = [p.get_window_extent(renderer) for p in axis.patches if isinstance(p, FancyBboxPatch)]
    arrows = [p.get_window_extent(renderer) for p in axis.patches if isinstance(p, FancyArrowPatch)]
    assert texts
    for text, extent in texts:
        assert within(extent, figure.bbox), f"{text!r} leaves the page"
        for box in boxes:
            assert within(extent, box) or not cross(extent, box), (
                f"{text!r} leaves its box: {extent.extents} {box.extents}"
            )
        for arrow in arrows:
            assert not cross(extent, arrow), f"{text!r} is under an arrow"
    for (one, first), (two, second) in combinations(texts, 2):
        assert not cross(first, second), f"{one!r} is over {two!r}"
    for box in boxes:
        assert any(within(extent, box) for _, extent in texts), "a box without text"


def within(inner, outer) -> bool:
    return (
        inner.x0 >= outer.x0 - PIXEL
        and inner.x1 <= outer.x1 + PIXEL
        and inner.y0 >= outer.y0 - PIXEL
        and inner.y1 <= outer.y1 + PIXEL
    )


def cross(one, two) -> bool:
    return (
        min(one.x1, two.x1) - max(one.x0, two.x0) > PIXEL
        and min(one.y1, two.y1) - max(one.y0, two.y0) > PIXEL
    )


def said(figure) -> str:
    """All text of a drawing, in the order in which it was written."""
    return " ".join(text.get_text() for text in figure.axes[0].texts)
