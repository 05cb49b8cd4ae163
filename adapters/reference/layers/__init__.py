"""Each layer forward, with the pullback that gives the gradient by its input and by its parameters."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Array, Parameters, made_by
from adapters.reference import disturbed
from adapters.reference.layers.base import Applied, Apply, below, within
from adapters.reference.layers.convolution import conv2d, depthwise_conv2d, separable_conv2d
from adapters.reference.layers.dense import activation, dense
from adapters.reference.layers.normalisation import batch_norm, dropout, layer_norm
from adapters.reference.layers.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from adapters.reference.layers.shape import flatten, reshaped
from harness.spec import layers as spec
from harness.spec.model import PlacedLayer, place

__all__ = ["Applied", "apply", "within"]


@disturbed.layer
def apply(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    """`own` and `noise` hold the layer's parameters and random numbers under their names within the layer."""
    return made_by(LAYERS, placed.layer, "reference")(placed, own, x, noise, training)


def residual(placed: PlacedLayer, own: Parameters, x: Array, noise: Parameters, training: bool) -> Applied:
    word: Any = placed.layer
    applied, y = [], x
    for inner in place(word.layers, placed.input_shape):
        prefix = f"{inner.name}/"
        one = apply(inner, below(prefix, own), y, below(prefix, noise), training)
        applied.append((prefix, one))
        y = one.y

    def pullback(dy: Array) -> tuple[Array, dict[str, Array]]:
        upstream = dy
        gradients: dict[str, Array] = {}
        for prefix, one in reversed(applied):
            upstream, learned = one.pullback(upstream)
            gradients |= {prefix + name: value for name, value in learned.items()}
        return dy + upstream, gradients

    kept = {prefix + name: value for prefix, one in applied for name, value in one.state.items()}
    bent = {prefix + name: found for prefix, one in applied for name, found in one.bent.items()}
    return Applied(x + y, pullback, kept, bent)


LAYERS: dict[type[spec.Layer], Apply] = {
    spec.Flatten: flatten,
    spec.Reshape: reshaped,
    spec.Dense: dense,
    spec.ActivationLayer: activation,
    spec.Conv2d: conv2d,
    spec.DepthwiseConv2d: depthwise_conv2d,
    spec.SeparableConv2d: separable_conv2d,
    spec.MaxPool2d: max_pool2d,
    spec.AveragePool2d: average_pool2d,
    spec.GlobalAveragePool2d: global_average_pool2d,
    spec.GlobalMaxPool2d: global_max_pool2d,
    spec.BatchNorm: batch_norm,
    spec.LayerNorm: layer_norm,
    spec.Dropout: dropout,
    spec.Residual: residual,
}
