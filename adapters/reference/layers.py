"""Each layer forward, with the pullback that gives the gradient by its input and by its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adapters.protocol import Array, Parameters, made_by
from adapters.reference.activations import activate
from harness.spec import layers as spec

Pullback = Callable[[Array], tuple[Array, dict[str, Array]]]


def apply(word: spec.Layer, own: Parameters, x: Array) -> tuple[Array, Pullback]:
    """`own` holds the layer's parameters under their names within the layer."""
    return made_by(LAYERS, word, "reference")(word, own, x)


def flatten(_: spec.Flatten, own: Parameters, x: Array) -> tuple[Array, Pullback]:
    return x.reshape(len(x), -1), lambda dy: (dy.reshape(x.shape), {})


def dense(layer: spec.Dense, own: Parameters, x: Array) -> tuple[Array, Pullback]:
    y, activation_pullback = activate(layer.activation, x @ own["kernel"] + own["bias"])

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        dz = activation_pullback(dy)
        return dz @ own["kernel"].T, {"kernel": x.T @ dz, "bias": dz.sum(axis=0)}

    return y, pullback


LAYERS: dict[type[spec.Layer], Callable[[Any, Parameters, Array], tuple[Array, Pullback]]] = {
    spec.Flatten: flatten,
    spec.Dense: dense,
}
