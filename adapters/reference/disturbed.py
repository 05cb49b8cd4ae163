"""What errors of a known size in one word do to all that is computed with it: the reference, disturbed.

Within `disturbing`, the value of every evaluation of a word, and its gradient, is moved by up to the word's bound. The
draws: everything up, everything down, then pseudo-random signs and sizes, the same in every run.
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

DRAWS = 5
F = TypeVar("F", bound=Callable[..., Any])


@dataclass(frozen=True)
class Disturbance:
    """`bound` is absolute, the gradient's for an upstream of 1; or relative to what is disturbed."""

    bound: float
    relative: bool = False


Disturbances = Mapping[type[Any], Disturbance]


class _Active:
    """The disturbances of one draw, and its random numbers, drawn in the order of evaluation."""

    def __init__(self, disturbances: Disturbances, draw: int) -> None:
        self.disturbances, self.draw = disturbances, draw
        self.random = np.random.default_rng(draw)
        self.touched: set[type[Any]] = set()

    def move(self, kind: type[Any], value: Any, scale: Any = 1.0) -> Any:
        """`value` moved by up to the bound, times `scale` where the bound is absolute."""
        value = np.asarray(value)
        self.touched.add(kind)
        own = self.disturbances[kind]
        signs = {0: 1.0, 1: -1.0}.get(self.draw)
        by = self.random.uniform(-1.0, 1.0, value.shape) if signs is None else signs
        return (value + by * own.bound * (np.abs(value) if own.relative else scale)).astype(value.dtype)


_active: ContextVar[_Active | None] = ContextVar("active", default=None)


@contextmanager
def disturbing(disturbances: Disturbances, draw: int) -> Iterator[set[type[Any]]]:
    """Gives the set of those words that were evaluated, which grows."""
    active = _Active(disturbances, draw)
    token = _active.set(active)
    try:
        yield active.touched
    finally:
        _active.reset(token)


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
    """For the one place where activations are evaluated: `(word, ...) -> value, pullback`."""

    @wraps(activate)
    def disturbed(word: Any, *given: Any, **named: Any) -> Any:
        y, pullback = activate(word, *given, **named)
        active = _of(word)
        return (
            (y, pullback)
            if active is None
            else (active.move(type(word), y), _moved_pullback(active, type(word), pullback))
        )

    return disturbed  # type: ignore[return-value]


def layer(apply: F) -> F:
    """For the one place where layers are evaluated: `(placed, ...) -> Applied`."""

    @wraps(apply)
    def disturbed(placed: Any, *given: Any, **named: Any) -> Any:
        applied = apply(placed, *given, **named)
        active, kind = _of(placed.layer), type(placed.layer)
        if active is None:
            return applied
        pullback = _moved_pullback(active, kind, applied.pullback)
        return replace(applied, y=active.move(kind, applied.y), pullback=pullback)

    return disturbed  # type: ignore[return-value]


def loss(value_and_gradient: F) -> F:
    """For the one place where a batch's loss is evaluated. An absolute bound is that of a gradient of 1."""

    @wraps(value_and_gradient)
    def disturbed(word: Any, *given: Any, **named: Any) -> Any:
        value, gradient = value_and_gradient(word, *given, **named)
        active = _of(word)
        if active is None:
            return value, gradient
        scale = np.max(np.abs(gradient), initial=0.0)
        return active.move(type(word), value), active.move(type(word), gradient, scale)

    return disturbed  # type: ignore[return-value]


def update(step: F) -> F:
    """For an optimizer's `update`: a relative bound is of each move; an absolute one of the weights, from the first."""

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
