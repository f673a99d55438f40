"""A machine with GPUs that is made up: nvidia-smi as a script, first in PATH, and locks of its own."""

import os
from pathlib import Path


def listing(n: int) -> str:
    """What `nvidia-smi -L` says of n GPUs."""
    return "".join(f"GPU {i}: NVIDIA H100 (UUID: GPU-{i}{i}-a)\n" for i in range(n))


def machine(folder: Path, says: str) -> dict[str, str]:
    """What the environment of a process on it has; whatever nvidia-smi is asked, it `says` this."""
    script = folder / "nvidia-smi"
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{says}END\n")
    script.chmod(0o755)
    return {"TMPDIR": str(folder), "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
