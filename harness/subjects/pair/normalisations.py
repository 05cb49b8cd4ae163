"""What a layer that normalises computes, recovered from its input and output: over what, and with which epsilon.

`y = gamma * (x - mean) / sqrt(variance + epsilon) + beta`. For each way in which mean and variance may be taken,
epsilon is solved for: with `z = (y - beta) / gamma` and `d = x - mean`, `epsilon = d**2 / z**2 - variance` in every
element, and the least-squares solution over all is `sum(z**2 * (d**2 - z**2 * variance)) / sum(z**4)`. The way that
gives the output back is the layer's.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
# A way explains an output within this share of its size; of float64 arrays within a much smaller one.
EXPLAINED = {"float32": 1e-4, "float64": 1e-9}
# An epsilon below this share of the variance cannot be told from 0.
RESOLVED = {"float32": 1e-6, "float64": 1e-14}
MOST_GROUPS = 64


@dataclass(frozen=True)
class Way:
    """How mean and variance are taken: `over` what, in words, and whether epsilon is added to the deviation.

    `unbiased`: whether the variance is divided by one less than the number of values.
    """

    over: str
    to_deviation: bool = False
    unbiased: bool = False


@dataclass(frozen=True)
class Normalised:
    """The way that explains a layer's output, its epsilon, and the smallest epsilon that the numbers can tell."""

    way: Way
    epsilon: float
    resolved: float


@dataclass(frozen=True)
class _Moments:
    over: str
    mean: Array
    variance: Array
    count: int


def normalised(
    kind: str, x: Array, y: Array, weights: Mapping[str, Array], training: bool, near: str = ""
) -> Normalised | None:
    """How the layer normalises; None if no known way gives its output back.

    `kind`: the layer's canonical kind. `x`, `y`: (B, ..., C). `weights`: by role. `near`: the way's `over` that is
    preferred if several explain the output.
    """
    if x.shape != y.shape or x.ndim < 2 or not x.size:
        return None
    in_float64 = x.dtype == y.dtype == np.float64
    for precision in ("float64", "float32") if in_float64 else ("float32",):  # a float64 layer may compute in float32
        for turned in _orders(x.ndim):  # a tensor that the model turned itself may not have its channels last
            moved_x, moved_y = x.transpose(turned), y.transpose(turned)
            if any(np.shape(weight) not in ((), moved_x.shape[-np.ndim(weight) :]) for weight in _affine(weights)):
                continue
            found = _normalised(kind, moved_x, moved_y, weights, training, near, precision)
            if found is not None:
                return found
    return None


def _orders(rank: int) -> list[tuple[int, ...]]:
    """The orders of axes that are tried: as they are, and channels moved from the second to the last place or back."""
    axes = tuple(range(rank))
    return [axes] if rank < 3 else [axes, (0, *axes[2:], 1), (0, rank - 1, *axes[1:-1])]


def _affine(weights: Mapping[str, Array]) -> list[Array]:
    return [weights[role] for role in ("gamma", "beta") if role in weights]


def _normalised(
    kind: str, x: Array, y: Array, weights: Mapping[str, Array], training: bool, near: str, precision: str
) -> Normalised | None:
    exact, gamma = x.astype(np.float64), np.asarray(weights.get("gamma", 1.0), np.float64)
    z = _divided(y.astype(np.float64) - np.asarray(weights.get("beta", 0.0), np.float64), gamma)
    if z is None:
        return None
    size = float(np.max(np.abs(z), initial=0.0))
    best: tuple[float, Normalised] | None = None
    for moments in _moments(kind, exact, weights, training):
        for way, distance, epsilon in _solutions(moments, exact, z):
            share = distance / size if size else math.inf
            resolved = RESOLVED[precision] * float(np.median(moments.variance))
            sure = max(share, RESOLVED[precision])  # closer than that is luck
            preferred = sure if moments.over == near else 2 * sure
            if share < EXPLAINED[precision] and epsilon > -resolved and (best is None or preferred < best[0] / 4):
                best = preferred, Normalised(way, _typed(epsilon, resolved), resolved)
    return best[1] if best else None


def _solutions(moments: _Moments, x: Array, z: Array) -> Iterator[tuple[Way, float, float]]:
    """Each way with these moments: its largest distance from z, and its epsilon."""
    d = x - moments.mean
    for unbiased in (False, True) if moments.count > 1 else (False,):
        variance = moments.variance * moments.count / (moments.count - 1) if unbiased else moments.variance
        fourth = float(np.sum(z**4))
        if not fourth:
            return
        epsilon = float(np.sum(z**2 * (d**2 - z**2 * variance))) / fourth
        yield Way(moments.over, False, unbiased), _apart(d, np.sqrt(np.maximum(variance + epsilon, 0)), z), epsilon
        deviation = np.sqrt(variance)
        added = float(np.sum(z * (d - z * deviation)) / np.sum(z**2))
        yield Way(moments.over, True, unbiased), _apart(d, deviation + added, z), added


def _apart(d: Array, scale: Array, z: Array) -> float:
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.max(np.abs(np.where(scale > 0, d / scale, np.inf) - z), initial=0.0))


def _divided(value: Array, gamma: Array) -> Array | None:
    """The value by gamma, which lies along the last axes; None if a gamma is too small to divide by."""
    if np.min(np.abs(gamma), initial=1.0) < 1e-3:
        return None
    quotient: Array = value / gamma
    return quotient


def _moments(kind: str, x: Array, weights: Mapping[str, Array], training: bool) -> Iterator[_Moments]:
    channels, spatial = x.shape[-1], tuple(range(1, x.ndim - 1))
    if "batch" in kind:
        if not training and {"moving_mean", "moving_variance"} <= weights.keys():
            mean, variance = (np.asarray(weights[name], np.float64) for name in ("moving_mean", "moving_variance"))
            yield _Moments("the moving statistics", mean, variance, 1)
        if training:
            yield _over("the batch", x, tuple(range(x.ndim - 1)))
        return
    if "rms" in kind:
        mean_square = np.mean(x**2, -1, keepdims=True)
        yield _Moments("the last axis without a mean", np.zeros_like(mean_square), mean_square, 1)
    yield _over("the last axis", x, (x.ndim - 1,))
    for first in range(1, x.ndim - 1):
        yield _over(f"the last {x.ndim - first} axes", x, tuple(range(first, x.ndim)))
    if spatial:
        yield _over("the positions of each channel", x, spatial)
    for groups in range(2, min(channels, MOST_GROUPS)):
        if channels % groups == 0:
            split = x.reshape(*x.shape[:-1], groups, channels // groups)
            axes = (*spatial, x.ndim)
            mean, variance = (
                np.broadcast_to(f(split, axis=axes, keepdims=True), split.shape) for f in (np.mean, np.var)
            )
            count = int(np.prod([split.shape[axis] for axis in axes]))
            yield _Moments(f"{groups} groups of channels", mean.reshape(x.shape), variance.reshape(x.shape), count)


def _over(what: str, x: Array, axes: tuple[int, ...]) -> _Moments:
    count = int(np.prod([x.shape[axis] for axis in axes]))
    return _Moments(what, x.mean(axes, keepdims=True), x.var(axes, keepdims=True), count)


def _typed(epsilon: float, resolved: float) -> float:
    """The epsilon that a person would have typed: of the fewest digits that the numbers allow; 0 if they show none."""
    if epsilon <= resolved:
        return 0.0
    return typed(epsilon, max(resolved, 1e-3 * epsilon))


def typed(value: float, within: float) -> float:
    """The number of the fewest digits, of it or of what it is short of 1, that is within a distance of the value."""
    if abs(value) <= within:
        return 0.0
    for digits in range(1, 8):
        for rounded in (float(f"{value:.{digits}g}"), round(1 - float(f"{1 - value:.{digits}g}"), 12)):
            if abs(rounded - value) <= within:
                return rounded
    return value
