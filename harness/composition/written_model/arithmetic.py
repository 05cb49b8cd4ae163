"""Whole-number arithmetic with parameters: `2*width`, `(depth - 2) / 3`. Nothing of the text is executed."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Iterable, Mapping
from fractions import Fraction
from typing import Any

from harness.composition.mistakes import no_such
from harness.spec.numbers import LARGEST_INT64

LONGEST = 200  # characters
ALLOWED = "whole numbers, parameters, + - * / // % and brackets"
_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.FloorDiv: operator.floordiv,
    ast.Mod: operator.mod,
}
_UNARY: dict[type[ast.unaryop], Callable[[Any], Any]] = {ast.UAdd: operator.pos, ast.USub: operator.neg}


class ArithmeticMistake(Exception):  # noqa: N818  (not a fault of the program)
    """Text that is no arithmetic, or whose value is no whole number. The message is one clause."""


def names_in(text: str) -> frozenset[str]:
    """The parameters that an expression uses; empty if the text is no expression."""
    try:
        return frozenset(node.id for node in ast.walk(_parsed(text)) if isinstance(node, ast.Name))
    except ArithmeticMistake:
        return frozenset()


def whole_number(text: str, parameters: Mapping[str, int]) -> int:
    """The value of an expression. `/` is exact: `7 / 2 * 2` is 7. Raises ArithmeticMistake, also for a fraction."""
    value = _value(_parsed(text), parameters)
    if value.denominator != 1:
        where = with_values(text, parameters)
        raise ArithmeticMistake(f"{text} is {float(value):g}{where}, which is no whole number")
    return int(value)


def with_values(text: str, parameters: Mapping[str, int]) -> str:
    """The parameters of an expression with their values: ` with depth=8`; empty if it has none."""
    used = [f"{name}={value}" for name, value in parameters.items() if name in names_in(text)]
    return f" with {', '.join(used)}" if used else ""


def _parsed(text: str) -> ast.expr:
    if len(text) > LONGEST:
        raise ArithmeticMistake(f"it has {len(text):,} characters; allowed: {LONGEST}")
    try:
        return ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ArithmeticMistake(f"given {text!r}; allowed: {ALLOWED}") from None


def _value(node: ast.expr, parameters: Mapping[str, int]) -> Fraction:
    if isinstance(node, ast.Constant) and type(node.value) is int:
        return _bounded(Fraction(node.value))
    if isinstance(node, ast.Name):
        if node.id not in parameters:
            raise ArithmeticMistake(_unknown(node.id, parameters))
        return Fraction(parameters[node.id])
    if isinstance(node, ast.UnaryOp) and type(node.op) in _UNARY:
        return Fraction(_UNARY[type(node.op)](_value(node.operand, parameters)))
    if isinstance(node, ast.BinOp) and type(node.op) in _BINARY:
        left, right = _value(node.left, parameters), _value(node.right, parameters)
        try:
            return _bounded(Fraction(_BINARY[type(node.op)](left, right)))
        except ZeroDivisionError:
            raise ArithmeticMistake(f"{ast.unparse(node)} divides by 0") from None
    raise ArithmeticMistake(f"given {ast.unparse(node)}; allowed: {ALLOWED}")


def _bounded(value: Fraction) -> Fraction:
    """The value; ArithmeticMistake if its parts are too large to be handled."""
    if max(abs(value.numerator), value.denominator) > LARGEST_INT64:
        raise ArithmeticMistake(f"a number is beyond {LARGEST_INT64}")
    return value


def _unknown(name: str, parameters: Iterable[str]) -> str:
    names = list(parameters)
    return no_such(f"there is no parameter {name}", name, names) if names else f"there is no parameter {name}"
