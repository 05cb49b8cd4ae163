"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.draws import by_draw
from adapters.reference.layers.base import Applied
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    rows, shape = by_draw(x, own["moving_mean"]), x.shape
    if not training:
        deviation = np.sqrt(own["moving_variance"] + x.dtype.type(word.epsilon))[..., None, :]
        fixed = _centred(rows, own["moving_mean"][..., None, :], deviation)
        return _scaled(own, fixed, shape, lambda dn: dn / deviation, {})
    normalised, mean, variance, back = _normalised(rows, -2, word.epsilon)
    kept, new = x.dtype.type(word.momentum), x.dtype.type(1 - word.momentum)
    count = rows.shape[-2]
    spread = x.dtype.type(count / max(count - 1, 1)) if word.kept_variance == "unbiased" else x.dtype.type(1)
    state = {
        "moving_mean": kept * own["moving_mean"] + new * mean[..., 0, :],
        "moving_variance": kept * own["moving_variance"] + new * (spread * variance[..., 0, :]),
    }
    return _scaled(own, normalised, shape, back, state)


def layer_norm(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    normalised, _, _, back = _normalised(x, -1, word.epsilon)
    return _scaled(own, normalised, x.shape, back, {})


def dropout(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    if not training:
        return Applied(x, lambda dy: (dy, {}))
    word: Any = placed.layer
    kept = noise["mask"] / x.dtype.type(1 - word.rate)
    return Applied(x * kept, lambda dy: (dy * kept, {}))


def _normalised(x: Array, axis: int, epsilon: float) -> tuple[Array, Array, Array, Any]:
    """`(x - mean) / sqrt(variance + epsilon)` over the axis, mean and variance, and the pullback."""
    mean = x.mean(axis=axis, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=axis, keepdims=True)
    deviation = np.sqrt(variance + x.dtype.type(epsilon))
    normalised = _centred(x, mean, deviation)

    def back(dn: Array) -> Array:
        along = (dn * normalised).mean(axis=axis, keepdims=True)
        return (dn - dn.mean(axis=axis, keepdims=True) - normalised * along) / deviation

    return normalised, mean, variance, back


def _centred(x: Array, mean: Array, deviation: Array) -> Array:
    """`(x - mean) / deviation`; in float32 as Keras does it, which rounds at the size of mean / deviation."""
    return (x - mean) / deviation if x.dtype == np.float64 else x / deviation - mean / deviation


def _scaled(own: Parameters, normalised: Array, shape: Any, back: Any, state: dict[str, Array]) -> Applied:
    """`gamma * normalised + beta`, so far as the layer has them; they lie along the last axis. `shape`: the input's."""
    y = normalised
    if "gamma" in own:
        y = by_draw(y, own["gamma"]) * own["gamma"][..., None, :]
    if "beta" in own:
        y = by_draw(y, own["beta"]) + own["beta"][..., None, :]

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        gradients, dn = {}, dy
        if "gamma" in own:
            upstream = by_draw(dy, own["gamma"])
            gradients["gamma"] = (upstream * by_draw(normalised, own["gamma"])).sum(axis=-2)
            dn = upstream * own["gamma"][..., None, :]
        if "beta" in own:
            gradients["beta"] = by_draw(dy, own["beta"]).sum(axis=-2)
        return back(dn.reshape(normalised.shape)).reshape(shape), gradients

    return Applied(y.reshape(shape), pullback, state)
