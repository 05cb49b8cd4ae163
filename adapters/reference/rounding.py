"""Layers that compute in a type of 16 bits, as in mixed precision: every tensor that a layer gives is rounded to it.

The numbers stay in float32 arrays, in which all of float16 and bfloat16 are exact; NumPy has no bfloat16. What is
rounded: a layer's inputs and weights, its products before a bias and an activation, its output, and the gradients by
each of these. Sums within a layer are in float32, as in the kernels that have a wider accumulator. Normalisations
compute in float32 between inputs and outputs of 16 bits, and keep their parameters in float32, as both frameworks do.

Rounding is to the nearest, ties to even. Another kernel computes the same tensor in another order, and so rounds some
numbers to the other side. A run with a `seed` shows by how much that may move results: it rounds each number up or down
at random, with the probabilities that keep its mean (stochastic rounding; Parker, Monte Carlo Arithmetic, 1997).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from typing import Any, TypeVar

import numpy as np

from adapters.protocol import Array
from adapters.reference.contexts import holding
from harness.spec import layers as spec
from harness.spec.arm import HalfPrecision

F = TypeVar("F", bound=Callable[..., Any])
IN_FLOAT32 = (spec.BatchNorm, spec.LayerNorm, spec.GroupNorm, spec.InstanceNorm, spec.RmsNorm)


@dataclass(frozen=True)
class Format:
    """A binary format: the digits of the significand with the leading one, the exponent of the smallest number."""

    digits: int
    smallest_exponent: int
    largest: float

    @property
    def epsilon(self) -> float:
        """The distance of 1 to the next number."""
        return 2.0 ** (1 - self.digits)


FORMATS: dict[HalfPrecision, Format] = {
    "float16": Format(11, -24, 65504.0),
    "bfloat16": Format(8, -133, (2.0 - 2.0**-7) * 2.0**127),
}


class Stream:
    """The random numbers of one run. Without a seed numbers are rounded to the nearest."""

    def __init__(self, seed: int) -> None:
        self.random = np.random.default_rng(seed) if seed else None

    def rounded(self, x: Array, precision: HalfPrecision) -> Array:
        """The float32 numbers, rounded to the precision."""
        return nearest(x, precision) if self.random is None else self._either(x, precision)

    def _either(self, x: Array, precision: HalfPrecision) -> Array:
        assert self.random is not None
        form = FORMATS[precision]
        _, exponent = np.frexp(x)
        unit = np.ldexp(np.float32(1), np.maximum(exponent - form.digits, form.smallest_exponent))
        units = np.where(np.isfinite(x), x, 0) / unit
        below = np.floor(units)
        moved = (below + (self.random.random(x.shape, np.float32) < units - below)) * unit
        return nearest(np.where(np.isfinite(x), moved, x), precision)  # past the largest number, infinity


def nearest(x: Array, precision: HalfPrecision) -> Array:
    """The float32 numbers, rounded to the nearest of the precision, ties to even; infinity past the largest."""
    form = FORMATS[precision]
    overflows = np.abs(x) >= form.largest * (1 + form.epsilon / 4)  # half a unit past the largest
    if overflows.any():
        if np.isfinite(x[overflows]).any():
            tell_overflow("rounding")
        x = np.where(overflows, np.copysign(np.float32(np.inf), x), x)
    if precision == "float16":
        return x.astype(np.float16).astype(np.float32)
    bits = x.astype(np.float32).view(np.uint32)
    up = np.uint32(0x7FFF) + ((bits >> np.uint32(16)) & np.uint32(1))
    return np.where(np.isnan(x), x, ((bits + up) & np.uint32(0xFFFF0000)).view(np.float32))


class Range:
    """In place of a `Stream`: numbers are not rounded, and those that would overflow are infinite."""

    def rounded(self, x: Array, precision: HalfPrecision) -> Array:
        """The numbers; infinity from half a unit past the largest of the precision."""
        form = FORMATS[precision]
        most = form.largest * (1 + form.epsilon / 4)
        return np.where(np.abs(x) >= most, np.copysign(np.inf, x), x)


@dataclass(frozen=True)
class _Active:
    precision: HalfPrecision
    streams: Sequence[Stream | Range]


_active: ContextVar[_Active | None] = ContextVar("rounding", default=None)
_seed: ContextVar[int] = ContextVar("rounding_seed", default=0)


_told: ContextVar[list[str] | None] = ContextVar("rounding_overflows", default=None)


@contextmanager
def telling(overflows: list[str]) -> Iterator[None]:
    """Context in which each rounding that makes a number infinite adds to `overflows`.

    NumPy cannot tell: the errors of its casts are not called back, and of those of several threads it may lose some.
    """
    with holding(_told, overflows):
        yield


def tell_overflow(what: str) -> None:
    """Adds to the overflows of the context of `telling`, if there is one."""
    told = _told.get()
    if told is not None:
        told.append(what)


@contextmanager
def at_random(seed: int) -> Iterator[None]:
    """Context in which what `rounding` rounds is rounded at random, with this seed; to the nearest for seed 0."""
    with holding(_seed, seed):
        yield


@contextmanager
def rounding(precision: HalfPrecision | None, streams: Sequence[Stream | Range] = ()) -> Iterator[None]:
    """Context in which layers compute in `precision`; in that of their numbers if it is None.

    `streams`: one for each of several draws that are computed at once; by default there is one run, see `at_random`.
    """
    with holding(_active, None if precision is None else _Active(precision, streams or (Stream(_seed.get()),))):
        yield


def is_active() -> bool:
    """Whether layers compute in 16 bits now."""
    return _active.get() is not None


def epsilon() -> float:
    """The distance of 1 to the next number of the precision in which layers compute now."""
    active = _active.get()
    return float(np.finfo(np.float32).eps) if active is None else FORMATS[active.precision].epsilon


def rounded(x: Array) -> Array:
    """`x` as a layer gives it. The draws, if there are several, are joined along the first axis."""
    active = _active.get()
    if active is None:
        return x
    if len(active.streams) == 1:
        return active.streams[0].rounded(x, active.precision)
    parts = x.reshape(len(active.streams), -1)
    each = [stream.rounded(part, active.precision) for stream, part in zip(active.streams, parts, strict=True)]
    return np.stack(each).reshape(x.shape)


def cast(x: Array) -> Array:
    """`x` as a layer takes it: a cast computes nothing, so that it is to the nearest in every run."""
    active = _active.get()
    if active is None:
        return x
    taken = active.streams[0] if isinstance(active.streams[0], Range) else Stream(0)
    return taken.rounded(x, active.precision)


def layer(apply: F) -> F:
    """Decorates the function that evaluates layers: `(placed, weights, x, noise, training) -> Applied`."""

    @wraps(apply)
    def in_working_precision(placed: Any, weights: Any, x: Any, noise: Any, training: bool) -> Any:
        if _active.get() is None:
            return apply(placed, weights, x, noise, training)
        # The layers inside of one are evaluated by this function too, each with weights of its own.
        keeps = bool(placed.inner) or isinstance(placed.layer, IN_FLOAT32)
        taken = weights if keeps else {name: cast(value) for name, value in weights.items()}
        applied = apply(placed, taken, cast(x), noise, training)

        def pullback(dy: Array) -> Any:
            dx, gradients = applied.pullback(cast(dy))
            return rounded(dx), gradients if keeps else {name: rounded(value) for name, value in gradients.items()}

        return replace(applied, y=rounded(applied.y), pullback=pullback)

    return in_working_precision  # type: ignore[return-value]
