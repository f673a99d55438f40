"""What make runs, as `make --dry-run` prints it."""

import subprocess

import pytest
from tests.conftest import ROOT


def commands(target: str, options: str) -> str:
    """The commands of a target with options for Snakemake."""
    asked = ["make", "--dry-run", target, f"ARGS={options}"]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("options", ["-n", "--cores 1 --dry-run", "-np"])
@pytest.mark.parametrize(
    ("target", "second"),
    [
        ("report", "--report report.html"),
        ("reference-report", "--report report.html"),
        ("reference-anew", "workflow/store.py"),
    ],
)
def test_a_dry_run_has_no_second_step_on_what_it_did_not_make(target, second, options):
    assert second in commands(target, "--cores 1")
    planned = commands(target, options)
    assert second not in planned
    assert planned.count(f" {options}") == 1
