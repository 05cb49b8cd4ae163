"""Resolves interpolations (`${training.epochs}`, `${oc.env:NAME}`), and refuses those that would grow without bound."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from harness.composition.limits import OMEGACONF_NODES
from harness.composition.mistakes import UserMistake

Tree = dict[str, Any]
_NAMES = re.compile(r"[^\s${}:,'\"]+")
_DEEPEST = 100  # references from value to value; Python's recursion limit allows some hundreds


def resolved(tree: Tree) -> Tree:
    """The tree with every interpolation replaced by its value.

    Raises OmegaConf's exceptions if one cannot be resolved, and UserMistake if the config would become too large, as an
    interpolation may stand for many values.
    """
    if not any("${" in text or text == "???" for text in _texts(tree)):
        return dict(tree)
    from omegaconf import OmegaConf

    weight = _Weights(tree).of((), tree, ())
    if weight > OMEGACONF_NODES:
        most = f"allowed in a config with interpolations: {OMEGACONF_NODES:,}"
        raise UserMistake([f"the config has {weight:,} values once its interpolations are replaced; {most}"])
    try:
        return dict(OmegaConf.to_container(OmegaConf.create(tree), resolve=True, throw_on_missing=True))  # type: ignore[arg-type]
    except RecursionError:
        raise UserMistake(
            ["the interpolations of the config refer to themselves, or to one another too deeply"]
        ) from None


def _texts(tree: Any) -> Iterator[str]:
    pending = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, str):
            yield node
        elif isinstance(node, Mapping):
            pending += node.values()
        elif isinstance(node, list):
            pending += node


class _Weights:
    """Counts the values at each path after resolution; the target of an interpolation counts as part of its text."""

    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.counts: dict[tuple[str, ...], int] = {}

    def of(self, path: tuple[str, ...], node: Any, above: tuple[tuple[str, ...], ...]) -> int:
        """The number of values at `path`. `above`: the paths whose count includes this one, to end at circles."""
        if path in above or len(above) > _DEEPEST:
            return 1  # OmegaConf reports circles
        if path not in self.counts:
            parts = self._parts(path, node)
            self.counts[path] = 1 + sum(self.of(below, part, (*above, path)) for below, part in parts)
        return self.counts[path]

    def _parts(self, path: tuple[str, ...], node: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
        if isinstance(node, Mapping):
            yield from (((*path, str(key)), value) for key, value in node.items())
        elif isinstance(node, list):
            yield from (((*path, str(number)), value) for number, value in enumerate(node))
        elif isinstance(node, str) and "${" in node:
            for name in _NAMES.findall(node):
                yield from self._named(path, name)

    def _named(self, path: tuple[str, ...], name: str) -> Iterator[tuple[tuple[str, ...], Any]]:
        """The path and node of a name, as far as it exists: from the root, or with n leading dots from n levels up."""
        dots = len(name) - len(name.lstrip("."))
        names = [*(path[: len(path) - dots] if dots else ()), *filter(None, re.split(r"[.\[\]]", name.lstrip(".")))]
        target = tuple[str, ...]()
        node: Any = self.tree
        for key in names:
            if isinstance(node, Mapping) and key in node:
                node = node[key]
            elif isinstance(node, list) and key.isdecimal() and int(key) < len(node):
                node = node[int(key)]
            else:
                break
            target = (*target, key)
        if target:
            yield target, node
