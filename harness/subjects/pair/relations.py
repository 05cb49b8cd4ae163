"""How two tensors that should be equal are related, in words."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf, expit, softmax

from harness.subjects.pair.calls import distance, layouts

Tensor = NDArray[Any]
MOST_OF_ALL = 0.5  # up to this share of places, where two tensors differ is told by their number
MOST_INDICES = 4  # that are listed
# What one side may have applied once more, by name.
FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": lambda x: np.maximum(x, 0),
    "tanh": np.tanh,
    "sigmoid": expit,
    "gelu": lambda x: 0.5 * x * (1 + erf(x / math.sqrt(2))),
    "silu": lambda x: x * expit(x),
    "softplus": lambda x: np.logaddexp(x, 0),
    "softmax over the last axis": lambda x: softmax(x, -1),
    "the absolute value": np.abs,
    "the square": np.square,
    "the exponential": np.exp,
    "the opposite sign": np.negative,
    "a rounding to float16": lambda x: x.astype(np.float16).astype(np.float64),
    "a rounding to float32": lambda x: x.astype(np.float32).astype(np.float64),
}


def relation(a: Tensor, b: Tensor, names: tuple[str, str], inputs: Sequence[Tensor], tolerance: float) -> str:
    """How `b` follows from `a`, or `a` from `b`, in words; empty if no relation is known.

    `a`, `b`: tensors that differ by more than `tolerance` of their largest value. `names`: of the two sides. `inputs`:
    tensors that both sides have, one of which only one side may have added.
    """
    if a.shape != b.shape:
        return f"{names[0]}'s shape is {a.shape}, {names[1]}'s {b.shape}"
    x, y = a.astype(np.float64), b.astype(np.float64)
    if not (np.all(np.isfinite(x)) and np.all(np.isfinite(y))):
        return _not_finite(x, y, names)
    with np.errstate(all="ignore"):
        for first, second, former, latter in _both_ways(x, y, names):
            name = next((n for n, f in FUNCTIONS.items() if distance(f(first), second) <= tolerance), "")
            if name:
                return f"{latter}'s is {former}'s with {name}"
    if distance(np.sort(x, axis=None), np.sort(y, axis=None)) <= tolerance:
        return _another_order(x, y, tolerance)
    return _factor(x, y, names, tolerance) or _added(x, y, names, inputs, tolerance) or _few_places(x, y, tolerance)


def _both_ways(x: Tensor, y: Tensor, names: tuple[str, str]) -> list[tuple[Tensor, Tensor, str, str]]:
    return [(x, y, names[0], names[1]), (y, x, names[1], names[0])]


def _another_order(x: Tensor, y: Tensor, tolerance: float) -> str:
    for axis in range(1, x.ndim):
        for shift in range(1, x.shape[axis]):
            if distance(np.roll(x, shift, axis), y) <= tolerance:
                return f"the same numbers in another order: two blocks exchanged along axis {axis}"
        if distance(np.flip(x, axis), y) <= tolerance:
            return f"the same numbers in another order: axis {axis} backwards"
    for axis in range(1, x.ndim):
        for other in range(axis + 1, x.ndim):
            if x.shape[axis] == x.shape[other] and distance(np.swapaxes(x, axis, other), y) <= tolerance:
                return f"the same numbers in another order: axes {axis} and {other} exchanged"
    return "the same numbers in another order"


def _factor(x: Tensor, y: Tensor, names: tuple[str, str], tolerance: float) -> str:
    factor = float(np.sum(x * y) / np.sum(x * x)) if np.any(x) else 0.0
    if not factor or distance(x * factor, y) > tolerance:
        return ""
    larger, smaller, times = (names[1], names[0], factor) if abs(factor) > 1 else (names[0], names[1], 1 / factor)
    root = round(times * times)
    spoken = f" = sqrt({root})" if times > 0 and root > 1 and math.isclose(times, math.sqrt(root), rel_tol=1e-6) else ""
    spoken = "" if float(times).is_integer() else spoken
    return f"{larger}'s is {times:.6g}{spoken} times {smaller}'s"


def _added(x: Tensor, y: Tensor, names: tuple[str, str], inputs: Sequence[Tensor], tolerance: float) -> str:
    for tensor in inputs:
        for view in layouts(tensor.shape, x.shape):
            term = view.of([tensor]).astype(np.float64)
            for more, less, name, other in _both_ways(x, y, names):
                if distance(more - less, term) <= tolerance:
                    return f"{name} adds one of its inputs, {other} does not"
    return ""


def _few_places(x: Tensor, y: Tensor, tolerance: float) -> str:
    size = max(float(np.max(np.abs(x))), float(np.max(np.abs(y))))
    differs = np.abs(x - y) > tolerance * size
    if not 0 < differs.mean() <= MOST_OF_ALL:
        return ""
    count = int(differs.sum())
    for axis in range(1, x.ndim):
        there = np.unique(np.nonzero(differs)[axis])
        if len(there) < x.shape[axis] and len(there) <= MOST_INDICES:
            indices = " and ".join(map(str, there))
            return f"they differ at {count} of {differs.size} places, all with index {indices} of axis {axis}"
    return f"they differ at {count} of {differs.size} places"


def _not_finite(x: Tensor, y: Tensor, names: tuple[str, str]) -> str:
    counts = [int(np.sum(~np.isfinite(value))) for value in (x, y)]
    return f"{counts[0]} values are not finite in {names[0]}, {counts[1]} in {names[1]}"
