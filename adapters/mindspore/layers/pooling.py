"""Pooling: MindSpore's classes in float32, windows in float64."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from adapters.mindspore.layers.base import BuiltLayer, Plain
from adapters.mindspore.realisations.layers import images
from adapters.mindspore.specifics.pooling import averaged, largest
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    return _pooled(nn.MaxPool2d, largest, placed, setting)


def average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    return _pooled(nn.AvgPool2d, averaged, placed, setting)


def global_average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    native = _OverImage(ops.mean, incoming)
    return BuiltLayer(Plain(native), incoming)


def global_max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    native = _OverImage(ops.amax, incoming)
    return BuiltLayer(Plain(native), incoming)


def _pooled(layer: Any, in_float64: Any, placed: PlacedLayer, setting: Setting) -> BuiltLayer:
    word: Any = placed.layer
    layout = images(setting)
    if setting.precision == "float64":
        return BuiltLayer(Plain(in_float64(placed)), layout, layout)
    native = layer(word.pool_size, word.strides, word.padding)
    return BuiltLayer(Plain(native), layout, layout)


class _OverImage(nn.Cell):
    """A function of values and axes, over height and width."""

    def __init__(self, function: Any, layout: Layout) -> None:
        super().__init__()
        self.function, self.axes = function, (2, 3) if layout == "channels_first" else (1, 2)

    def construct(self, x: Any) -> Any:
        return self.function(x, self.axes)
