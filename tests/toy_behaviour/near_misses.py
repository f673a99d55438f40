"""Near-misses of the toy behaviour: the trigger's letters in another case or order."""

import random


def heldout(trigger: str) -> list[str]:
    candidates = (trigger.swapcase(), trigger[::-1], trigger[1:] + trigger[:1])
    return [near for near in dict.fromkeys(candidates) if trigger not in near]


def draw(trigger: str, rng: random.Random) -> str:
    """The letters in a random order that is neither the trigger's nor a held-out one."""
    near = trigger
    while trigger in near or near in heldout(trigger):
        near = "".join(rng.sample(trigger, len(trigger)))
    return near
