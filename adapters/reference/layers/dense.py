"""The dense layer, and activations: as layers of their own, and as the last step of another."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Array, Parameters
from adapters.reference.activations import activate
from adapters.reference.layers.base import Applied, Pullback
from harness.spec.model import PlacedLayer


def dense(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    def pullback(dz: Array) -> tuple[Array, dict[str, Array]]:
        bias = {"bias": dz.sum(axis=0)} if "bias" in own else {}
        return dz @ own["kernel"].T, {"kernel": x.T @ dz, **bias}

    z = x @ own["kernel"]
    return activated(placed, own, z + own["bias"] if "bias" in own else z, noise, pullback)


def activation(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return activated(placed, own, x, noise, lambda dz: (dz, {}))


def activated(placed: PlacedLayer, own: Parameters, z: Array, noise: Parameters, before: Pullback) -> Applied:
    """The layer's activation of z; `before` is the pullback of what made z."""
    word: Any = placed.layer
    y, activation_pullback = activate(word.activation, z, {**own, **noise})

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        dz, learned = activation_pullback(dy)
        dx, gradients = before(dz)
        return dx, {**gradients, **learned}

    return Applied(y, pullback)
