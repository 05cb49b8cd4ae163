"""Layers in Keras. Between layers of images these stay in the arm's layout."""

from __future__ import annotations

from typing import Any

from adapters.protocol import Parameters, made_by
from adapters.setting import Setting
from adapters.tensorflow.layers.base import Made, Make, turned
from adapters.tensorflow.layers.convolution import conv2d, depthwise_conv2d, separable_conv2d
from adapters.tensorflow.layers.dense import activation, dense
from adapters.tensorflow.layers.normalisation import batch_norm, dropout, layer_norm
from adapters.tensorflow.layers.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from adapters.tensorflow.layers.shape import flatten, reshape
from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

__all__ = ["row"]


def row(
    placed: tuple[PlacedLayer, ...], weights: Parameters, setting: Setting, layout: Layout = "channels_last"
) -> Made:
    """Layers in a row, and their variables under their full names; images enter and leave in `layout`."""
    calls: list[Any] = []
    named: dict[str, Any] = {}
    now = layout
    for each in placed:
        made = made_by(LAYERS, each.layer, "tensorflow")(each, weights, setting, now)
        for name, variable in made.variables.items():
            variable.assign(weights[f"{each.name}/{name}"])
            named[f"{each.name}/{name}"] = variable
        before = now if len(each.input_shape) == 3 else made.takes
        calls.append((made, before, len(each.noise)))
        now = made.gives if len(each.output_shape) == 3 else layout

    def call(x: Any, training: bool, noise: Any) -> Any:
        taken = 0
        for made, before, count in calls:
            x = made.call(turned(x, before, made.takes), training, noise[taken : taken + count])
            taken += count
        return turned(x, now, layout)

    def outputs(x: Any, training: bool, noise: Any) -> list[Any]:
        found, taken = [], 0
        for made, before, count in calls:
            x = made.call(turned(x, before, made.takes), training, noise[taken : taken + count])
            taken += count
            found.append(turned(x, made.gives if len(x.shape) == 4 else "channels_last", "channels_last"))
        return found

    return Made(call, layout, layout, named, outputs)


def residual(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    inner = row(placed.inner, weights, setting, incoming)
    own = {name.removeprefix(f"{placed.name}/"): variable for name, variable in inner.variables.items()}
    return Made(lambda x, training, noise: x + inner.call(x, training, noise), incoming, incoming, own)


LAYERS: dict[type[spec.Layer], Make] = {
    spec.Flatten: flatten,
    spec.Reshape: reshape,
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
