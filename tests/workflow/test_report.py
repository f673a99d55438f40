"""The report in a real browser: every figure is seen, and nothing goes wrong on the way."""

import json
import re
import shutil
import struct
import zlib
from pathlib import Path

import pytest
from tests.browser import browser
from tests.conftest import SMOKE, snakemake

# Goes through the menu as a reader does: each section of the figures, each figure's eye. Gives, in that
# order, the title of each with its file and the width in pixels of what the browser shows, 0 if nothing.
WALK = """
(async () => {
  const soon = () => new Promise(done => setTimeout(done, 20));
  const until = async (what) => {
    for (const end = Date.now() + 120000; Date.now() < end; await soon()) {
      const found = what();
      if (found) return found;
    }
    throw Error(`waited in vain: ${what}`);
  };
  const press = async (text) =>
    (await until(() => [...document.querySelectorAll("nav a")].find(a => a.textContent.trim() == text))).click();
  const image = () => document.querySelector("#app :not(nav) > div > img:not(nav img)");
  const shown = [];
  await press("Figures");
  const sections = await until(() => {
    const found = [...document.querySelectorAll("nav ul a")].map(a => a.textContent.trim());
    return found.length == Object.keys(categories.Figures).length && found;
  });
  for (const section of sections) {
    await press("Figures");
    await press(section);
    const rows = await until(() => {
      const found = [...document.querySelectorAll("nav tbody tr")];
      return found.length && found;
    });
    for (const row of rows) {
      const before = image()?.src;
      row.querySelector("a").click();
      const now = await until(() => image() && image().src != before && image().complete && image());
      await now.decode().catch(() => {});
      const file = Object.keys(results).find(path => results[path].data_uri == now.src);
      shown.push([row.cells[0].textContent, file, now.naturalWidth]);
    }
  }
  return shown;
})()
"""
TOY = """
rule all:
    input:
        "figures/a.png", "figures/b.png", "table.csv",
rule tabulate:
    output:
        report("table.csv", category="Tables"),
    shell:
        "echo a,b > {output}"
rule draw:
    output:
        report("figures/{name}.png", category="Figures", subcategory="Part {name}", labels={"title": "{name}"}),
    shell:
        "cp drawn/{wildcards.name} {output}"
"""
FIT = '<script>throw Error("a fit")</script>'


def png(width: int) -> bytes:
    """A grey image of so many pixels by one."""
    chunks = (
        (b"IHDR", struct.pack(">2I5B", width, 1, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(bytes(width + 1))),
        (b"IEND", b""),
    )
    parts = (struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks)
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def width(path: Path) -> int:
    """As the file says."""
    return struct.unpack(">I", path.read_bytes()[16:20])[0]


def seen(report: Path) -> tuple[list[list], list[str]]:
    """Title, file and width of each figure as it is shown, and what the browser complained of."""
    with browser() as page:
        page.open(report)
        return page.run(WALK), page.complaints


@pytest.fixture(scope="module")
def toy(tmp_path_factory) -> Path:
    """The report of two figures, a and b."""
    folder = tmp_path_factory.mktemp("toy")
    (folder / "drawn").mkdir()
    for name, pixels in (("a", 30), ("b", 40)):
        (folder / "drawn" / name).write_bytes(png(pixels))
    (folder / "Snakefile").write_text(TOY)
    snakemake(folder, "--cores", "1")
    snakemake(folder, "--cores", "1", "--report", "report.html")
    return folder / "report.html"


def test_a_whole_report_is_seen_without_complaint(toy):
    assert seen(toy) == ([["a", "figures/a.png", 30], ["b", "figures/b.png", 40]], [])


def test_an_image_that_is_no_image_is_seen_as_nothing(toy, tmp_path):
    whole = toy.read_text()
    start = whole.index("base64,", whole.index("filename=b.png")) + len("base64,")
    (tmp_path / "report.html").write_text(whole[:start] + "AAAA" + whole[start + 4 :])
    figures, _ = seen(tmp_path / "report.html")
    assert figures == [["a", "figures/a.png", 30], ["b", "figures/b.png", 0]]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        (FIT, "a fit"),
        ('<script>console.error("a grumble")</script>', "a grumble"),
        ('<img src="gone.png">', "gone.png"),
    ],
    ids=["exception", "console", "missing file"],
)
def test_what_goes_wrong_in_the_page_is_a_complaint(toy, tmp_path, broken, words):
    (tmp_path / "report.html").write_text(toy.read_text().replace("<body>", f"<body>{broken}", 1))
    _, complaints = seen(tmp_path / "report.html")
    assert len(complaints) == 1
    assert words in complaints[0]


@pytest.fixture(scope="module")
def report(smoke_run, tmp_path_factory) -> Path:
    """The report of the smoke run, as `make report` writes it."""
    folder = shutil.copytree(smoke_run, tmp_path_factory.mktemp("report") / "project")
    snakemake(folder, *SMOKE, "--forcerun", "record_provenance")
    snakemake(folder, *SMOKE, "--report", "report.html")
    return folder / "report.html"


def test_the_report_shows_every_figure_in_the_order_of_the_paper_without_complaint(report):
    figures, complaints = seen(report)
    drawn = {f"figures/{path.name}": width(path) for path in report.parent.glob("figures/*.png")}
    assert {file: pixels for _, file, pixels in figures} == drawn
    numbered = [re.match(r"Figure (\d+): ", title) for title, _, _ in figures]
    numbers = [int(found[1]) for found in numbered if found]
    assert numbers == sorted(numbers)
    assert complaints == []


def test_tables_stand_by_the_sections_of_figures_and_each_can_be_read_as_a_page(report):
    found = json.loads(re.search(r"var categories = (.+);", report.read_text())[1])
    assert sorted(found) == ["Claims", "Figures", "Provenance", "Tables"]
    assert set(found["Tables"]) == set(found["Figures"])
    for section in (*found["Tables"].values(), *found["Claims"].values(), *found["Provenance"].values()):
        pages = [path for path in section if path.endswith(".html")]
        assert len(section) == 2 * len(pages), "each page beside its raw file"


def test_no_caption_has_broken_markup(report):
    assert "system-message" not in report.read_text()


def test_provenance_tells_what_every_rule_that_trains_or_samples_took(report):
    page = (report.parent / "results/provenance.md").read_text()
    for rule in ("pretrain_base", "train_backdoor", "train_rl", "train_sft", "sample_run"):
        jobs = len(list(report.parent.glob(f"benchmarks/{rule}/**/*.tsv")))
        assert f"| `{rule}` | {jobs} | " in page
    assert "snakemake --configfile configs/smoke.yaml" in page
