"""Pooling: MindSpore's classes in float32, windows in float64."""

from __future__ import annotations

from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.layers.base import Made, Plain
from adapters.mindspore.layers.windows import Windows, cells_of_windows
from adapters.protocol import Parameters
from adapters.setting import Setting
from harness.spec.arm import Layout
from harness.spec.model import PlacedLayer


def max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    if setting.precision == "float64":
        return Made(Plain(Largest(_windows(placed, float(np.finfo(np.float64).min)))))
    native = nn.MaxPool2d(word.pool_size, word.strides, word.padding)
    return Made(Plain(native), "channels_first", "channels_first")


def average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    word: Any = placed.layer
    if setting.precision == "float64":
        cells = cells_of_windows(placed.input_shape, word.pool_size, word.strides, (1, 1), word.padding)
        inside = (cells < placed.input_shape[0] * placed.input_shape[1]).sum(axis=-1, keepdims=True)
        return Made(Plain(Averaged(_windows(placed), Tensor(inside, ms.float64))))
    native = nn.AvgPool2d(word.pool_size, word.strides, word.padding)
    return Made(Plain(native), "channels_first", "channels_first")


def global_average_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    return Made(OverImage(ops.mean, incoming), incoming)


def global_max_pool2d(placed: PlacedLayer, weights: Parameters, setting: Setting, incoming: Layout) -> Made:
    return Made(OverImage(ops.amax, incoming), incoming)


def _windows(placed: PlacedLayer, outside: float = 0.0) -> Windows:
    word: Any = placed.layer
    return Windows(placed.input_shape, word.pool_size, word.strides, (1, 1), word.padding, ms.float64, outside)


class Largest(nn.Cell):
    """The largest of each window; `ops.max` leads the gradient to the first of equals."""

    def __init__(self, windows: Any) -> None:
        super().__init__()
        self.windows = windows

    def construct(self, x: Any) -> Any:
        value, _ = ops.max(self.windows(x), 3)
        return value


class Averaged(nn.Cell):
    """The sum of each window over how many of its cells lie in the image."""

    def __init__(self, windows: Any, inside: Any) -> None:
        super().__init__()
        self.windows, self.inside = windows, inside

    def construct(self, x: Any) -> Any:
        return self.windows(x).sum(3) / self.inside


class OverImage(nn.Cell):
    """A function of values and axes, over height and width."""

    def __init__(self, function: Any, layout: Layout) -> None:
        super().__init__()
        self.function, self.axes = function, (2, 3) if layout == "channels_first" else (1, 2)

    def construct(self, x: Any, training: bool, noise: Any) -> Any:
        return self.function(x, self.axes)
