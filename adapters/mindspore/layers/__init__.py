"""Layers in MindSpore. Between layers of images these stay in the layout of MindSpore's kernels, channels first."""

from __future__ import annotations

from typing import Any

from mindspore import nn

from adapters.mindspore.layers.base import Made, Make, Row, to_canonical, to_native, turns
from adapters.mindspore.layers.convolution import conv2d, depthwise_conv2d, separable_conv2d
from adapters.mindspore.layers.dense import activation, dense
from adapters.mindspore.layers.normalisation import batch_norm, dropout, layer_norm
from adapters.mindspore.layers.pooling import average_pool2d, global_average_pool2d, global_max_pool2d, max_pool2d
from adapters.mindspore.layers.shape import flatten, reshape
from adapters.protocol import Parameters, made_by
from adapters.setting import Setting
from harness.spec import layers as spec
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer

__all__ = ["row", "to_canonical", "to_native"]


def row(
    placed: tuple[PlacedLayer, ...], weights: Parameters, setting: Setting, layout: Layout = "channels_last"
) -> Made:
    """Layers in a row as one Cell, and their parameters under their full names; images enter and leave in `layout`."""
    cells: list[Any] = []
    spans: list[tuple[int, int]] = []
    ends: list[int] = []
    layouts: list[Layout] = []
    named: dict[str, Any] = {}
    taken, now = 0, layout
    for each in placed:
        made = made_by(LAYERS, each.layer, "mindspore")(each, weights, setting, now)
        before = turns(now, made.takes) if len(each.input_shape) == 3 else []
        cells += [*before, made.cell]
        spans += [*((0, 0) for _ in before), (taken, taken + len(each.noise))]
        taken += len(each.noise)
        ends.append(len(cells) - 1)
        layouts.append(made.gives if len(each.output_shape) == 3 else "channels_last")
        named |= {f"{each.name}/{name}": parameter for name, parameter in made.parameters.items()}
        now = made.gives if len(each.output_shape) == 3 else layout
    after = turns(now, layout)
    return Made(Row([*cells, *after], [*spans, *((0, 0) for _ in after)], ends, layouts), layout, layout, named)


def residual(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    inner = row(placed.inner, weights, setting, incoming)
    own = {name.removeprefix(f"{placed.name}/"): parameter for name, parameter in inner.parameters.items()}
    return Made(PlusInput(inner.cell), incoming, incoming, own)


class PlusInput(nn.Cell):
    """`x + f(x)`."""

    def __init__(self, function: Any) -> None:
        super().__init__()
        self.function = function

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return x + self.function(x, training, noise)


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
