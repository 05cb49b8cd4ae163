"""Known forms of activations, recovered from their inputs and outputs."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import erf

from harness.subjects.pair.normalisations import typed
from harness.subjects.pair.seen import EXPLAINED, Array, Form, Seen


def gelu(a: Seen, b: Seen, training: bool) -> Form | None:
    named = []
    for side in (a, b):
        distances = {
            n: float(np.max(np.abs(value - side.y))) for n, value in _values_of_gelu(side.x.astype(np.float64)).items()
        }
        nearest = min(distances, key=distances.__getitem__)
        if distances[nearest] > EXPLAINED:
            return None
        named.append(nearest)
    if named[0] == named[1]:
        return None
    return Form(f"gelu: {a.name} computes {named[0]}, {b.name} {named[1]}", _equal(b, a, "gelu"))


def leaky_relu(a: Seen, b: Seen, training: bool) -> Form | None:
    numbers = _below_zero(a, b, lambda x: x)
    if numbers is None:
        return None
    cause = f"leaky_relu: below 0 the slope is {numbers[0]:g} in {a.name}, {numbers[1]:g} in {b.name}"
    return Form(cause, _either_equal(a, b, "leaky_relu", numbers))


def elu(a: Seen, b: Seen, training: bool) -> Form | None:
    numbers = _below_zero(a, b, np.expm1)
    if numbers is None:
        return None
    cause = f"elu: below 0 the factor is {numbers[0]:g} in {a.name}, {numbers[1]:g} in {b.name}"
    return Form(cause, _either_equal(a, b, "elu", numbers))


def between_operations(a: Seen, b: Seen) -> Form | None:
    """The form in which two calls differ, whatever they are called: both must be the activation at every number."""
    if a.x.shape != a.y.shape or b.x.shape != b.y.shape or not (a.x.size and b.x.size):
        return None
    pass_on = all(np.allclose(side.y[side.x > 0], side.x[side.x > 0], rtol=EXPLAINED) for side in (a, b))
    forms = (gelu, leaky_relu, elu) if pass_on else (gelu,)
    return next((form for find in forms if (form := find(a, b, False)) is not None), None)


def _values_of_gelu(x: Array) -> dict[str, Array]:
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    exact, approximate = 0.5 * x * (1 + erf(x / math.sqrt(2))), 0.5 * x * (1 + np.tanh(inner))
    return {"the error function": exact, "the tanh approximation": approximate}


def _below_zero(a: Seen, b: Seen, shape: Callable[[Array], Array]) -> tuple[float, float] | None:
    """By how much both activations multiply `shape` below 0; None if they do not differ in that alone."""
    numbers = []
    for side in (a, b):
        below = side.x < 0
        if not np.any(below):
            return None
        basis = shape(side.x[below].astype(np.float64))
        fitted = float(np.sum(side.y[below] * basis) / np.sum(basis**2))
        if np.max(np.abs(fitted * basis - side.y[below])) > EXPLAINED * max(1.0, float(np.max(np.abs(basis)))):
            return None
        numbers.append(typed(fitted, max(1e-5, 1e-4 * abs(fitted))))
    return (numbers[0], numbers[1]) if numbers[0] != numbers[1] else None


def _either_equal(a: Seen, b: Seen, what: str, numbers: tuple[float, float]) -> str:
    """The equivalent spellings with one number, or the other."""
    return "; or ".join(filter(None, (_equal(a, b, what, number) for number in numbers)))


def _equal(a: Seen, b: Seen, what: str, *values: float) -> str:
    """The equivalent spellings in both frameworks; empty if one of them has none."""
    spelled = [side.spells(what, *values) for side in (a, b)]
    return " equals ".join(spelled) if all(spelled) else ""
