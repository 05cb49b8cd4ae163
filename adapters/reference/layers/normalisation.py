"""Normalisation over a batch and over a sample's last axis, and dropout."""

from __future__ import annotations

from typing import Any

import numpy as np

from adapters.protocol import Array, Parameters
from adapters.reference.cancellation import remainder
from adapters.reference.draws import by_draw, over_rows
from adapters.reference.layers.base import Applied
from harness.spec.model import PlacedLayer


def batch_norm(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    rows, shape = by_draw(x, weights["moving_mean"]), x.shape
    if not word.normalises_by_batch(training):
        deviation = np.sqrt(weights["moving_variance"] + x.dtype.type(word.epsilon))[..., None, :]
        fixed = _centred(rows, weights["moving_mean"][..., None, :], deviation, -2)
        return scaled(weights, fixed, shape, lambda dn: dn / deviation, {})
    normalised, mean, variance, back = normalised_over(rows, -2, word.epsilon)
    old_share, new_share = x.dtype.type(word.momentum), x.dtype.type(1 - word.momentum)
    count = rows.shape[-2]
    spread = x.dtype.type(count / max(count - 1, 1)) if word.kept_variance == "unbiased" else x.dtype.type(1)
    state = {
        "moving_mean": old_share * weights["moving_mean"] + new_share * mean[..., 0, :],
        "moving_variance": old_share * weights["moving_variance"] + new_share * (spread * variance[..., 0, :]),
    }
    # In float32 as Keras computes the gradient of gamma: from x and not from x - mean.
    offset = None if x.dtype == np.float64 else mean / np.sqrt(variance + x.dtype.type(word.epsilon))
    return scaled(weights, normalised, shape, back, state, offset)


def layer_norm(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    normalised, _, _, back = normalised_over(x, -1, word.epsilon)
    return scaled(weights, normalised, x.shape, back, {})


def dropout(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    if not training:
        return Applied(x, lambda dy: (dy, {}))
    word: Any = placed.layer
    scale = noise["mask"] / x.dtype.type(1 - word.rate)
    return Applied(x * scale, lambda dy: (dy * scale, {}))


def normalised_over(x: Array, axis: int, epsilon: float) -> tuple[Array, Array, Array, Any]:
    """`(x - mean) / sqrt(variance + epsilon)` over the axis, the mean and the variance, and the pullback."""
    mean = x.mean(axis=axis, keepdims=True)
    from_mean = x - mean
    variance = np.square(from_mean, out=from_mean).mean(axis=axis, keepdims=True)
    del from_mean  # a tensor as large as the activations, which the pullback would keep
    deviation = np.sqrt(variance + x.dtype.type(epsilon))
    normalised = _centred(x, mean, deviation, axis)

    def back(dn: Array) -> Array:
        # In place from the second operation on: memory that is new costs more than the arithmetic.
        total = dn.mean(axis=axis, keepdims=True)
        if x.dtype == np.float64:
            product = dn * normalised
            along = product.mean(axis=axis, keepdims=True)
        else:  # as Keras computes it, from x and not from x - mean: rounded at the size of mean / deviation
            offset = mean / deviation
            product = normalised + offset
            product *= dn
            along = product.mean(axis=axis, keepdims=True) - total * offset
        centred = remainder(dn - total, dn, axis)  # 0 where the upstream is all alike
        centred -= np.multiply(normalised, along, out=product)
        dx = remainder(centred, dn, axis)
        dx /= deviation
        return dx

    return normalised, mean, variance, back


def _centred(x: Array, mean: Array, deviation: Array, axis: int) -> Array:
    """`(x - mean) / deviation`; in float32 as Keras computes it, rounded at the size of mean / deviation."""
    if x.dtype == np.float64:
        centred = x - mean
        centred /= deviation
        return centred
    scaled = x / deviation
    return remainder(scaled - mean / deviation, scaled, axis)


def scaled(
    weights: Parameters, normalised: Array, shape: Any, back: Any, state: dict[str, Array], offset: Any = None
) -> Applied:
    """`gamma * normalised + beta`, along the last axis, as far as the layer has them. `shape`: that of the input.

    `offset`: what is added to `normalised` in the gradient of gamma, and its part subtracted again.
    """
    y = normalised
    if "gamma" in weights:
        y = by_draw(y, weights["gamma"]) * weights["gamma"][..., None, :]
    if "beta" in weights:
        # A product of gamma is no longer needed; the normalised values are, by the pullback.
        rows, beta = by_draw(y, weights["beta"]), weights["beta"][..., None, :]
        y = rows + beta if y is normalised else np.add(rows, beta, out=rows)

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        gradients, dn = {}, dy
        if "gamma" in weights:
            upstream = by_draw(dy, weights["gamma"])
            rows = by_draw(normalised, weights["gamma"])
            if offset is None:
                gradients["gamma"] = over_rows(upstream * rows)
            else:
                whole = over_rows(upstream * (rows + offset))
                gradients["gamma"] = whole - over_rows(upstream) * offset[..., 0, :]
            dn = upstream * weights["gamma"][..., None, :]
        if "beta" in weights:
            gradients["beta"] = over_rows(by_draw(dy, weights["beta"]))
        return back(dn.reshape(normalised.shape)).reshape(shape), gradients

    return Applied(y.reshape(shape), pullback, state)
