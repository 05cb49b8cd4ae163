"""Pooling: by MindSpore's classes in float32, and by windows from primitives in float64."""

from __future__ import annotations

from typing import Any

from mindspore import nn, ops

from adapters.mindspore.layers.base import BuiltLayer, PlainLayer
from adapters.mindspore.realisations.layers import images
from adapters.mindspore.specifics.pooling import average_pooling, max_pooling
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The largest value of each window."""
    return _pooling(nn.MaxPool2d, max_pooling, placed, setting)


def average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The mean of the cells of each window that lie in the image."""
    return _pooling(nn.AvgPool2d, average_pooling, placed, setting)


def global_average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The mean over height and width, (B, C)."""
    native = _OverHeightAndWidth(ops.mean, incoming)
    return BuiltLayer(PlainLayer(native), incoming)


def global_max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> BuiltLayer:
    """The largest value over height and width, (B, C)."""
    native = _OverHeightAndWidth(ops.amax, incoming)
    return BuiltLayer(PlainLayer(native), incoming)


def _pooling(layer: Any, in_float64: Any, placed: PlacedLayer, setting: Setting) -> BuiltLayer:
    word: Any = placed.layer
    layout = images(setting)
    if setting.precision == "float64":
        return BuiltLayer(PlainLayer(in_float64(placed)), layout, layout)
    native = layer(word.pool_size, word.strides, word.padding)
    return BuiltLayer(PlainLayer(native), layout, layout)


class _OverHeightAndWidth(nn.Cell):
    """A reduction, called with values and axes, over height and width."""

    def __init__(self, function: Any, layout: Layout) -> None:
        super().__init__()
        self.function, self.axes = function, (2, 3) if layout == "channels_first" else (1, 2)

    def construct(self, x: Any) -> Any:
        return self.function(x, self.axes)
