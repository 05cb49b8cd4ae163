"""Each layer forward, with the pullback that gives the gradient by its input and by its parameters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from adapters.protocol import Array, Parameters, made_by
from adapters.reference import disturbed
from adapters.reference.activations import activate
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer

Pullback = Callable[[Array], tuple[Array, dict[str, Array]]]


@dataclass(frozen=True)
class Applied:
    """The output, what gives the gradients by the input and by the trainable parameters, and what the layer kept."""

    y: Array
    pullback: Pullback
    state: dict[str, Array] = field(default_factory=dict)


@disturbed.layer
def apply(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    """`own` and `noise` hold the layer's parameters and random numbers under their names within the layer."""
    return made_by(LAYERS, placed.layer, "reference")(placed, own, x, noise, training)


def within(placed: PlacedLayer, arrays: Parameters) -> dict[str, Array]:
    """Those of the arrays that are the layer's, under their names within it."""
    prefix = f"{placed.name}/"
    return {name.removeprefix(prefix): value for name, value in arrays.items() if name.startswith(prefix)}


def flatten(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    return Applied(x.reshape(len(x), -1), lambda dy: (dy.reshape(x.shape), {}))


def dense(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    layer: Any = placed.layer
    y, activation_pullback = activate(layer.activation, x @ own["kernel"] + own["bias"], {**own, **noise})

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        dz, learned = activation_pullback(dy)
        return dz @ own["kernel"].T, {"kernel": x.T @ dz, "bias": dz.sum(axis=0), **learned}

    return Applied(y, pullback)


Apply = Callable[[PlacedLayer, Parameters, Array, Parameters, bool], Applied]
LAYERS: dict[type[spec.Layer], Apply] = {
    spec.Flatten: flatten,
    spec.Dense: dense,
}
