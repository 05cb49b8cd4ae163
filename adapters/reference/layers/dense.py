"""The dense layer, and activations: as layers of their own, and as the last step of another."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Array, Parameters
from adapters.reference.activations import activate
from adapters.reference.draws import at_kinks, by_draw
from adapters.reference.layers.base import Applied, Pullback
from adapters.reference.rectifiers import KINKS
from harness.spec.model import PlacedLayer


def dense(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    kernel = own["kernel"]
    rows = by_draw(x, kernel, axes=2)

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        upstream = by_draw(dz, kernel, axes=2)
        return (upstream @ kernel.swapaxes(-1, -2)).reshape(x.shape), {"kernel": rows.swapaxes(-1, -2) @ upstream}

    return biased(placed, own, (rows @ kernel).reshape(len(x), -1), noise, pullback)


def biased(placed: PlacedLayer, own: Parameters, z: Array, noise: Parameters, before: Pullback) -> Applied:
    """The activation of `z + bias`, where the layer has one; `before` is the pullback of what made z."""
    if "bias" not in own:
        return activated(placed, own, z, noise, before)
    bias = own["bias"]

    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        dx, gradients = before(dz)
        return dx, {**gradients, "bias": by_draw(dz, bias).sum(axis=-2)}

    return activated(placed, own, (by_draw(z, bias) + bias[..., None, :]).reshape(z.shape), noise, pullback)


def activation(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return activated(placed, own, x, noise, lambda dz: (dz, {}))


def activated(placed: PlacedLayer, own: Parameters, z: Array, noise: Parameters, before: Pullback) -> Applied:
    """The layer's activation of z; `before` is the pullback of what made z."""
    word: Any = placed.layer
    bent = type(word.activation) in KINKS
    z = at_kinks(word.activation, z) if bent else z
    y, activation_pullback = activate(word.activation, z, {**own, **noise})

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        dz, learned = activation_pullback(dy)
        dx, gradients = before(dz)
        return dx, {**gradients, **learned}

    return Applied(y, pullback, bent={"": (word.activation, z)} if bent else {})
