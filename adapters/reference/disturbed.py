"""The reference with errors of a known size in some words, to measure their effect on all that is computed with them.

Within `disturbing`, the value and the gradient of every evaluation of a word are moved by up to the word's bound. Draw
0 moves everything up, draw 1 everything down; later draws have pseudo-random signs and sizes, the same in every run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from adapters.protocol import Array
from adapters.reference.contexts import holding

DRAWS = 5
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Disturbance:
    """`bound`: the largest error, absolute (for gradients: of an upstream of 1) or `relative` to the value."""

    bound: float
    relative: bool = False


Disturbances = Mapping[type[Any], Disturbance]


class _Active:
    """The disturbances of one draw, and its random numbers, which are drawn in the order of evaluation."""

    def __init__(self, disturbances: Disturbances, draw: int) -> None:
        self.disturbances, self.draw = disturbances, draw
        self.random = np.random.default_rng(draw)
        self.touched: set[type[Any]] = set()

    def move(self, kind: type[Any], value: Any, scale: Any = 1.0) -> Any:
        """`value` moved by up to the bound, times `scale` where the bound is absolute."""
        value = np.asarray(value)
        self.touched.add(kind)
        disturbance = self.disturbances[kind]
        signs = {0: 1.0, 1: -1.0}.get(self.draw)
        by = self.random.uniform(-1.0, 1.0, value.shape) if signs is None else signs
        return (value + by * disturbance.bound * (np.abs(value) if disturbance.relative else scale)).astype(value.dtype)


_active: ContextVar[_Active | None] = ContextVar("active", default=None)


@contextmanager
def disturbing(disturbances: Disturbances, draw: int) -> Iterator[set[type[Any]]]:
    """Context in which `disturbances` apply; yields the set of their words evaluated so far, which grows."""
    active = _Active(disturbances, draw)
    with holding(_active, active):
        yield active.touched


def is_disturbing() -> bool:
    """Whether disturbances apply, so that results are not those of the words alone."""
    return _active.get() is not None


def _of(word: Any) -> _Active | None:
    active = _active.get()
    return active if active is not None and type(word) in active.disturbances else None


def _moved_pullback(active: _Active, kind: type[Any], pullback: Callable[[Array], Any]) -> Callable[[Array], Any]:
    def moved(upstream: Array) -> Any:
        by_input, learned = pullback(upstream)
        largest = np.max(np.abs(upstream), initial=0.0)
        scale = np.abs(upstream) if np.shape(upstream) == np.shape(by_input) else largest
        return (
            active.move(kind, by_input, scale),
            {name: active.move(kind, value, largest) for name, value in learned.items()},
        )

    return moved


def activation(activate: F) -> F:
    """Decorates the function that evaluates activations: `(word, ...) -> value, pullback`."""

    @wraps(activate)
    def disturbed(word: Any, *arguments: Any, **keywords: Any) -> Any:
        y, pullback = activate(word, *arguments, **keywords)
        active = _of(word)
        if active is None:
            return y, pullback
        # An error leaves the sign: a softplus below 0 would have no logarithm, where the framework's is 0 at worst.
        moved = active.move(type(word), y)
        return np.where(moved * y < 0, 0, moved).astype(moved.dtype), _moved_pullback(active, type(word), pullback)

    return disturbed  # type: ignore[return-value]


def layer(apply: F) -> F:
    """Decorates the function that evaluates layers: `(placed, ...) -> Applied`."""

    @wraps(apply)
    def disturbed(placed: Any, *arguments: Any, **keywords: Any) -> Any:
        applied = apply(placed, *arguments, **keywords)
        active, kind = _of(placed.layer), type(placed.layer)
        if active is None:
            return applied
        pullback = _moved_pullback(active, kind, applied.pullback)
        return replace(applied, y=active.move(kind, applied.y), pullback=pullback)

    return disturbed  # type: ignore[return-value]


def loss(value_and_gradient: F) -> F:
    """Decorates the function that evaluates a batch's loss. An absolute bound is of a sample and a gradient of 1."""

    @wraps(value_and_gradient)
    def disturbed(word: Any, *arguments: Any, **keywords: Any) -> Any:
        value, gradient = value_and_gradient(word, *arguments, **keywords)
        active = _of(word)
        if active is None:
            return value, gradient
        scale = np.max(np.abs(gradient), initial=0.0)
        terms = len(gradient) / len(value) if word.reduction == "sum" else 1.0
        return active.move(type(word), value, terms), active.move(type(word), gradient, scale)

    return disturbed  # type: ignore[return-value]


def update(step: F) -> F:
    """Decorates an optimizer's `update`. A relative bound is of each move, an absolute one of the first weights."""

    @wraps(step)
    def disturbed(self: Any, weights: Any, gradients: Any) -> Any:
        updated = step(self, weights, gradients)
        active, kind = _of(self.word), type(self.word)
        if active is None:
            return updated
        if active.disturbances[kind].relative:
            return {name: weights[name] + active.move(kind, value - weights[name]) for name, value in updated.items()}
        return {n: active.move(kind, value) for n, value in updated.items()} if self.updates == 1 else updated

    return disturbed  # type: ignore[return-value]
