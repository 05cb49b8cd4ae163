"""Wraps every call, operator and index of a file of Python, so that its operands and its result can be watched.

The value of each expression, and the line numbers, stay what they are.
"""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OPERAND, RESULT = "__twinrun_operand__", "__twinrun_result__"
LONGEST_TEXT = 80
# Functions that must be called from the user's own frame, or that are no operations.
UNTOUCHED = ("super", "locals", "globals", "vars", "dir", "eval", "exec", "print", "len", "range", "type")
OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "add",
    ast.Sub: "sub",
    ast.Mult: "mul",
    ast.Div: "div",
    ast.MatMult: "matmul",
    ast.Pow: "pow",
    ast.USub: "negative",
    ast.Invert: "logical_not",
    ast.BitAnd: "logical_and",
    ast.BitOr: "logical_or",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
}


@dataclass(frozen=True)
class Site:
    """An expression in the user's code. `name`: of an operator; empty for a call. `operands`: their expressions."""

    file: str
    line: int
    text: str
    name: str
    operands: tuple[str, ...]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}"


SITES: list[Site] = []  # of all traced files; the wrapped code names a site by its index


def wrapped_tree(source: bytes, path: str, file: str) -> ast.Module:
    """The file's syntax tree, wrapped. `file`: its name in the sites."""
    wrapped: ast.Module = _Wrapping(file).visit(ast.parse(source, path))
    return ast.fix_missing_locations(wrapped)


class _Wrapping(ast.NodeTransformer):
    """Wraps expressions: `f(x)` becomes `result(site, operand(f)(operand(x)))`."""

    def __init__(self, file: str) -> None:
        self.file = file

    def visit_Call(self, node: ast.Call) -> ast.AST:
        if isinstance(node.func, ast.Name) and node.func.id in UNTOUCHED:
            return self.generic_visit(node)
        given = [*node.args, *(keyword.value for keyword in node.keywords)]
        receiver = node.func.value if isinstance(node.func, ast.Attribute) else node.func
        site = self._site(node, "", [receiver, *given])
        self.generic_visit(node)
        node.func = _wrapped(node.func)
        node.args = [
            ast.Starred(_wrapped(arg.value), arg.ctx) if isinstance(arg, ast.Starred) else _wrapped(arg)
            for arg in node.args
        ]
        for keyword in node.keywords:
            keyword.value = _wrapped(keyword.value)
        return self._seen(site, node)

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        if type(node.op) not in OPERATORS:
            return self.generic_visit(node)
        site = self._site(node, OPERATORS[type(node.op)], [node.left, node.right])
        self.generic_visit(node)
        node.left, node.right = _wrapped(node.left), _wrapped(node.right)
        return self._seen(site, node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        if type(node.op) not in OPERATORS:
            return self.generic_visit(node)
        site = self._site(node, OPERATORS[type(node.op)], [node.operand])
        self.generic_visit(node)
        node.operand = _wrapped(node.operand)
        return self._seen(site, node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if len(node.ops) > 1 or type(node.ops[0]) not in OPERATORS:
            return self.generic_visit(node)
        site = self._site(node, OPERATORS[type(node.ops[0])], [node.left, node.comparators[0]])
        self.generic_visit(node)
        node.left, node.comparators = _wrapped(node.left), [_wrapped(node.comparators[0])]
        return self._seen(site, node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        if not isinstance(node.ctx, ast.Load):
            return self.generic_visit(node)
        site = self._site(node, "getitem", [node.value])
        self.generic_visit(node)
        node.value = _wrapped(node.value)
        return self._seen(site, node)

    def visit_AugAssign(self, node: ast.AugAssign) -> Any:
        if not isinstance(node.target, ast.Name) or type(node.op) not in OPERATORS:
            return self.generic_visit(node)
        name = ast.copy_location(ast.Name(node.target.id, ast.Load()), node)
        site = self._site(node, OPERATORS[type(node.op)], [name, node.value])
        self.generic_visit(node)
        node.value = _wrapped(node.value)
        before, after = ast.Expr(_wrapped(name)), ast.Expr(self._seen(site, name))
        return [ast.copy_location(before, node), node, ast.copy_location(after, node)]

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.body = [part for each in node.body for part in _listed(self.visit(each))]
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        if node.value is not None:
            node.value = self.visit(node.value)
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        node.body = [part for each in node.body for part in _listed(self.visit(each))]
        return node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return node

    def visit_Delete(self, node: ast.Delete) -> ast.AST:
        return node

    def _site(self, node: Any, name: str, operands: Sequence[ast.expr]) -> Site:
        return Site(self.file, node.lineno, _text(node), name, tuple(_text(operand) for operand in operands))

    def _seen(self, site: Site, node: ast.expr) -> ast.expr:
        SITES.append(site)
        seen = ast.Call(ast.Name(RESULT, ast.Load()), [ast.Constant(len(SITES) - 1), node], [])
        return ast.copy_location(seen, node)


def _wrapped(node: ast.expr) -> ast.expr:
    return ast.copy_location(ast.Call(ast.Name(OPERAND, ast.Load()), [node], []), node)


def _text(node: ast.AST) -> str:
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= LONGEST_TEXT else f"{text[: LONGEST_TEXT - 4]} ..."


def _listed(visited: Any) -> list[Any]:
    return visited if isinstance(visited, list) else [visited]
