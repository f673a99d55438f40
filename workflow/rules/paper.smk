# The paper's own numbers that a figure draws beside ours.


def paper_numbers_hash(wildcards):
    """The hashes of the paper's own numbers; none for an artifact without any."""
    return [files.sha256(path) for path in paper_numbers(wildcards)]


def paper_numbers(wildcards):
    """The files of the paper's own numbers of a figure and of the one that it joins."""
    artifact = ARTIFACTS[wildcards.artifact]
    found = [registry.paper_numbers(name) for name in (artifact.joins, artifact.name) if name]
    return [path for path in found if path]


def paper_numbers_argument(wildcards):
    names = [f'"$WORKFLOW/paper/numbers/{path.name}"' for path in paper_numbers(wildcards)]
    return f"--paper {' '.join(names)}" if names else ""
