"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.layers.base import Applied
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    axes = tuple(range(x.ndim - 1))
    if not training:
        deviation = np.sqrt(own["moving_variance"] + x.dtype.type(word.epsilon))
        fixed = (x - own["moving_mean"]) / deviation
        return _scaled(own, fixed, axes, lambda dn: dn / deviation, {})
    normalised, mean, variance, back = _normalised(x, axes, word.epsilon)
    kept, new = x.dtype.type(word.momentum), x.dtype.type(1 - word.momentum)
    state = {
        "moving_mean": kept * own["moving_mean"] + new * mean.reshape(-1),
        "moving_variance": kept * own["moving_variance"] + new * variance.reshape(-1),
    }
    return _scaled(own, normalised, axes, back, state)


def layer_norm(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    normalised, _, _, back = _normalised(x, (x.ndim - 1,), word.epsilon)
    return _scaled(own, normalised, tuple(range(x.ndim - 1)), back, {})


def dropout(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    if not training:
        return Applied(x, lambda dy: (dy, {}))
    word: Any = placed.layer
    kept = noise["mask"] / x.dtype.type(1 - word.rate)
    return Applied(x * kept, lambda dy: (dy * kept, {}))


def _normalised(x: Array, axes: tuple[int, ...], epsilon: float) -> tuple[Array, Array, Array, Any]:
    """`(x - mean) / sqrt(variance + epsilon)` over the axes, mean and variance, and the pullback."""
    mean = x.mean(axis=axes, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=axes, keepdims=True)
    deviation = np.sqrt(variance + x.dtype.type(epsilon))
    normalised = (x - mean) / deviation

    def back(dn: Array) -> Array:
        along = (dn * normalised).mean(axis=axes, keepdims=True)
        return (dn - dn.mean(axis=axes, keepdims=True) - normalised * along) / deviation

    return normalised, mean, variance, back


def _scaled(own: Parameters, normalised: Array, axes: tuple[int, ...], back: Any, state: dict[str, Array]) -> Applied:
    """`gamma * normalised + beta`, so far as the layer has them; they lie along the last axis."""
    y = normalised * own["gamma"] if "gamma" in own else normalised
    y = y + own["beta"] if "beta" in own else y

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        gradients = {"gamma": (dy * normalised).sum(axis=axes), "beta": dy.sum(axis=axes)}
        dn = dy * own["gamma"] if "gamma" in own else dy
        return back(dn), {name: value for name, value in gradients.items() if name in own}

    return Applied(y, pullback, state)
