"""The dense layer, and activations: as separate layers and as the last step of others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.protocol import Array, Parameters
from adapters.reference.activations import activate
from adapters.reference.draws import at_kinks, by_draw, over_rows
from adapters.reference.layers.base import Applied, Pullback
from adapters.reference.rectifiers import KINKS
from adapters.reference.rounding import rounded
from harness.spec.model import PlacedLayer


def dense(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    z, back = projected(x, weights["kernel"])

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, by_kernel = back(dz)
        return dx, {"kernel": by_kernel}

    return biased(placed, weights, z, noise, pullback)


def projected(x: Array, kernel: Array) -> tuple[Array, Callable[[Array], tuple[Array, Array]]]:
    """The product of x (N, ..., C) with the matrix along its last axis, and the pullback to x and to the matrix."""
    rows = by_draw(x, kernel, axes=2)

    def pullback(dz: Array) -> tuple[Array, Array]:
        upstream = by_draw(dz, kernel, axes=2)
        return (upstream @ kernel.swapaxes(-1, -2)).reshape(x.shape), rows.swapaxes(-1, -2) @ upstream

    return (rows @ kernel).reshape(*x.shape[:-1], -1), pullback


def biased(placed: PlacedLayer, weights: Parameters, z: Array, noise: Parameters, before: Pullback) -> Applied:
    """The activation of `z + bias`, or of `z` for a layer without a bias; `before` is the pullback from z."""
    z = rounded(z)
    if "bias" not in weights:
        return activated(placed, weights, z, noise, before)
    bias = weights["bias"]

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = before(dz)
        return dx, {**gradients, "bias": over_rows(by_draw(dz, bias))}

    return activated(placed, weights, (by_draw(z, bias) + bias[..., None, :]).reshape(z.shape), noise, pullback)


def activation(placed: PlacedLayer, weights: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return activated(placed, weights, x, noise, lambda dz: (dz, {}))


def activated(placed: PlacedLayer, weights: Parameters, z: Array, noise: Parameters, before: Pullback) -> Applied:
    """The layer's activation of z; `before` is the pullback from z."""
    word: Any = placed.layer
    bent = type(word.activation) in KINKS
    z = rounded(z)
    z = at_kinks(word.activation, z) if bent else z
    y, activation_pullback = activate(word.activation, z, {**weights, **noise})

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        dz, learned = activation_pullback(dy)
        dx, gradients = before(rounded(dz))
        return dx, {**gradients, **learned}

    return Applied(y, pullback, bent={"": (word.activation, z)} if bent else {})
