"""The English texts that the sources write into records and onto pages, found by reading the sources."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

ROOT = Path(__file__).parents[4]
# What stands in a slot: a name where the source has no format, else a number.
NAME, NUMBER = "Q7", "7"
_WORDS = re.compile(r"[A-Za-z]{2,}[^A-Za-z]+[A-Za-z]{2,}")
_MOST_VARIANTS = 16


@dataclass(frozen=True)
class SourceText:
    """A literal or an f-string of a source. `samples`: what it may read, with names or numbers in its slots."""

    place: str
    text: str
    samples: tuple[str, ...]


def texts_of(path: Path) -> Iterator[SourceText]:
    """The texts of at least two words in a file, without docstrings and what an exception of a user's mistake says."""
    finder = _Finder()
    finder.visit(ast.parse(path.read_text(encoding="utf-8")))
    for node in finder.found:
        samples = tuple(sample for sample in dict.fromkeys(_samples(node)) if _WORDS.search(sample))
        if samples:
            yield SourceText(f"{path.relative_to(ROOT)}:{node.lineno}", ast.unparse(node), samples)


class _Finder(ast.NodeVisitor):
    """Collects string literals and f-strings, outermost first."""

    def __init__(self) -> None:
        self.found: list[ast.expr] = []

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, str):
            self.found.append(node)

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        self.found.append(node)
        for part in node.values:
            if isinstance(part, ast.FormattedValue) and not _alternatives(part.value):
                self.visit(part.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.visit(node.value)

    def visit_Raise(self, node: ast.Raise) -> None:
        pass

    def visit_Assert(self, node: ast.Assert) -> None:
        pass


def _samples(node: ast.expr) -> list[str]:
    """The texts that a node may give, with every choice of its conditional parts."""
    if isinstance(node, ast.Constant):
        return [str(node.value)]
    assert isinstance(node, ast.JoinedStr)
    choices: list[list[str]] = []
    for part in node.values:
        if isinstance(part, ast.Constant):
            choices.append([str(part.value)])
            continue
        assert isinstance(part, ast.FormattedValue)
        choices.append(_alternatives(part.value) or ([NUMBER] if part.format_spec else [NAME, NUMBER]))
    return ["".join(parts) for _, parts in zip(range(_MOST_VARIANTS), product(*choices), strict=False)]


def _alternatives(value: ast.expr) -> list[str]:
    """What a conditional part of an f-string may give; empty for any other part."""
    if isinstance(value, ast.IfExp):
        branches = (value.body, value.orelse)
        if all(isinstance(branch, ast.Constant | ast.JoinedStr) for branch in branches):
            return [text for branch in branches for text in _samples(branch)]
    if isinstance(value, ast.BinOp) and isinstance(value.op, ast.Mult) and isinstance(value.left, ast.Constant):
        return ["", value.left.value] if isinstance(value.left.value, str) else []
    return []
