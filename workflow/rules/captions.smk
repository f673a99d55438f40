# What the report calls each figure and table.
PAGES = {
    "claims": "Every claim by section",
    "code_claims": "Every claim about code by section",
    "provenance": "How these results came to be",
}
# The artifact of each table, by the table's name.
TABULATED = {
    Path(file).stem: artifact
    for artifact in ARTIFACTS.values()
    for file in (artifact.tables if artifact.is_figure else [artifact.file])
}
# Surfaces, by the names of their tables of where rates halve.
SURFACES = {Path(artifact.half_kl).stem: artifact for artifact in ARTIFACTS.values() if artifact.half_kl}
TABULATED |= SURFACES


def section(wildcards):
    return ARTIFACTS[wildcards.artifact].section


def labels(kind):
    """What the report lists a file as; files in two formats stand in one line, with a switch."""
    return lambda wildcards: {
        "title": captions.title(ARTIFACTS[wildcards.artifact]),
        "format": kind,
    }


def page_artifact(wildcards):
    """The artifact of a page, if it is a table's."""
    return TABULATED.get(wildcards.page.removeprefix("tables/"))


def page_category(wildcards):
    if page_artifact(wildcards):
        return "Tables"
    return "Provenance" if wildcards.page == "provenance" else "Claims"


def page_section(wildcards):
    artifact = page_artifact(wildcards)
    return artifact.section if artifact else None


def page_labels(wildcards):
    artifact = page_artifact(wildcards)
    title = captions.title(artifact) if artifact else PAGES[wildcards.page]
    name = wildcards.page.removeprefix("tables/")
    part = artifact is not None and name != artifact.name
    return {"title": title, "format": f"page of {name}" if part else "page"}


def page_source(wildcards):
    artifact = page_artifact(wildcards)
    if artifact is None:
        return f"results/{wildcards.page}.md"
    return f"results/{wildcards.page}.csv" if artifact.is_figure else artifact.file


def page_scope(wildcards):
    if wildcards.page == "provenance":
        return ""
    for behaviour, ledger in judged.ledgers(config).items():
        if wildcards.page == ledger:
            return captions.scope(config, judged.runs_of_claims(config, behaviour))
    return tables.scope(config, {"artifact": page_artifact(wildcards).name})


# What the command line lays over the default config, for provenance.
OVERLAYS = [
    os.path.relpath(file, workflow.basedir)
    for file in workflow.configfiles
    if Path(file) != Path(workflow.basedir, "config.yaml")
]


def origin(wildcards):
    """A page on where stored samples come from, if there is one beside them."""
    return (
        '--origin "$STORED/ORIGIN.md"'
        if STORED and (stored.folder(config) / "ORIGIN.md").exists()
        else ""
    )
