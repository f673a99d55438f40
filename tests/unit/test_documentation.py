"""What is written about the project is true of it."""

import importlib.util
import re

import yaml
from tests.conftest import ROOT


def test_the_table_of_settings_is_that_of_the_schema():
    path = ROOT / "docs/write_configuration.py"
    spec = importlib.util.spec_from_file_location("write_configuration", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "docs/configuration.md").read_text() == module.text(), f"run python {path}"


def test_every_file_that_a_page_links_to_is_there():
    for page in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")]:
        for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name} links to {link}"


def test_every_make_target_of_the_readme_is_in_the_makefile():
    makefile = (ROOT / "Makefile").read_text()
    code = re.findall(r"```.*?```|`[^`]+`", (ROOT / "README.md").read_text(), flags=re.DOTALL)
    commands = re.sub(r" # .*", "", "\n".join(code))  # a comment beside a command is prose
    targets = re.findall(r"\bmake ([a-z0-9]+)", commands)
    assert {"figures", "test"} <= set(targets)
    for target in targets:
        assert re.search(rf"^[a-z0-9 ]*\b{target}\b[a-z0-9 ]*[:/]", makefile, flags=re.MULTILINE), target


def test_the_readme_lists_every_figure_and_table_by_number_name_and_title():
    row = re.compile(r"^\| *((?:figure|table) \d+)? *\| `(\w+)` \| ([^|]+) \|", flags=re.MULTILINE)
    entries = yaml.safe_load((ROOT / "workflow/paper/artifacts.yaml").read_text())
    expected = [
        (
            next((f"{key} {entry[key]}" for key in ("figure", "table") if key in entry), ""),
            name,
            entry["title"],
        )
        for name, entry in entries.items()
    ]
    assert row.findall((ROOT / "README.md").read_text()) == expected


def test_pictures_of_the_readme_are_small_enough_to_load_at_once():
    pictures = set(re.findall(r"docs/images/\w+\.png", (ROOT / "README.md").read_text()))
    assert pictures == {f"docs/images/{path.name}" for path in (ROOT / "docs/images").glob("*")}
    assert all((ROOT / picture).stat().st_size < 150_000 for picture in pictures)
