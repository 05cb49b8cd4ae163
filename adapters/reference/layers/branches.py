"""Branches, which all take one input, joined: added, multiplied or concatenated along the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from adapters.protocol import Array
from adapters.reference.layers.base import Applied
from harness.spec.layers.branches import Join


def passed_on(x: Array) -> Applied:
    """A branch without layers."""
    return Applied(x, lambda dy: (dy, {}))


def joined(join: Join, branches: Sequence[Applied]) -> Applied:
    """The branches joined, with their state and kinks, whose names differ."""
    values = [branch.y for branch in branches]
    if join == "concatenate":
        y = np.concatenate(values, axis=-1)
    else:
        y = reduce(np.add if join == "add" else np.multiply, values)

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        gradients: dict[str, Array] = {}
        by_branch = []
        for branch, upstream in zip(branches, _upstreams(join, values, dy), strict=True):
            dx, learned = branch.pullback(upstream)
            by_branch.append(dx)
            gradients |= learned
        return reduce(np.add, by_branch), gradients

    state = {name: value for branch in branches for name, value in branch.state.items()}
    bent = {name: bent_input for branch in branches for name, bent_input in branch.bent.items()}
    return Applied(y, pullback, state, bent)


def _upstreams(join: Join, values: Sequence[Array], dy: Array) -> list[Array]:
    """The gradient by the output of each branch."""
    if join == "add":
        return [dy] * len(values)
    if join == "concatenate":
        return np.split(dy, np.cumsum([value.shape[-1] for value in values[:-1]]), axis=-1)
    return [
        reduce(np.multiply, [other for position, other in enumerate(values) if position != number], dy)
        for number in range(len(values))
    ]
