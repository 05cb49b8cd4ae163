"""Layers of a user's own model in float64, composed where MindSpore's own refuse it or compute in float32.

Each function takes the layer and its input and computes what the layer's class does, in its own convention.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.layers.base import TO_FIRST, TO_LAST
from adapters.mindspore.specifics.convolution import Convolved, ConvolvedByChannel
from adapters.mindspore.specifics.pooling import Largest
from adapters.mindspore.specifics.windows import Windows, cells_of_windows


def compose(network: Any) -> list[str]:
    """Replaces what the layers compute; the names of those that were."""
    found = []
    for name, cell in network.cells_and_names():
        make = COMPOSED.get(type(cell))
        if make is not None:
            cell.construct = make(cell)
            found.append(name)
    return found


def conv2d(cell: Any) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        x, padding = _padded(cell, x, 0.0)
        image = ops.transpose(x, TO_LAST)
        kernel_size, strides, dilation = _pair(cell.kernel_size), _pair(cell.stride), _pair(cell.dilation)
        windows = Windows(tuple(image.shape[1:]), kernel_size, strides, dilation, padding, ms.float64)
        bias = cell.bias if cell.has_bias else None
        kind: Any = Convolved if cell.group == 1 else ConvolvedByChannel
        return ops.transpose(kind(windows, cell.weight, bias)(image), TO_FIRST)

    return call


def max_pool2d(cell: Any) -> Callable[[Any], Any]:
    lowest = float(np.finfo(np.float64).min)

    def call(x: Any) -> Any:
        x, padding = _padded(cell, x, lowest)
        image = ops.transpose(x, TO_LAST)
        sizes = _pair(cell.kernel_size), _pair(cell.stride), (1, 1)
        windows = Windows(tuple(image.shape[1:]), *sizes, padding, ms.float64, lowest)
        return ops.transpose(Largest(windows)(image), TO_FIRST)

    return call


def average_pool2d(cell: Any) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        x, padding = _padded(cell, x, 0.0)
        image = ops.transpose(x, TO_LAST)
        shape, sizes = tuple(image.shape[1:]), (_pair(cell.kernel_size), _pair(cell.stride), (1, 1))
        inside = (cells_of_windows(shape, *sizes, padding) < shape[0] * shape[1]).sum(-1, keepdims=True)
        windows = Windows(shape, *sizes, padding, ms.float64)
        return ops.transpose(windows(image).sum(3) / Tensor(inside, ms.float64), TO_FIRST)

    return call


def batch_norm(cell: Any) -> Callable[[Any], Any]:
    """As MindSpore's kernel: normalised by the biased variance, of which the unbiased estimate is kept."""

    def call(x: Any) -> Any:
        axes = (0, *range(2, x.ndim))
        along = (1, -1, *(1,) * (x.ndim - 2))
        mean, variance = cell.moving_mean, cell.moving_variance
        if cell.use_batch_statistics or (cell.use_batch_statistics is None and cell.training):
            count = x.size // x.shape[1]
            mean = x.mean(axes)
            variance = ops.square(x - mean.reshape(along)).mean(axes)
            new, old = Tensor(cell.momentum, ms.float64), Tensor(1 - cell.momentum, ms.float64)
            unbiased = ops.stop_gradient(variance) * Tensor(count / max(count - 1, 1), ms.float64)
            ops.assign(cell.moving_mean, old * cell.moving_mean + new * ops.stop_gradient(mean))
            ops.assign(cell.moving_variance, old * cell.moving_variance + new * unbiased)
        spread = ops.sqrt(variance.reshape(along) + Tensor(cell.eps, ms.float64))
        return (x - mean.reshape(along)) / spread * cell.gamma.reshape(along) + cell.beta.reshape(along)

    return call


def layer_norm(cell: Any) -> Callable[[Any], Any]:
    def call(x: Any) -> Any:
        first = cell.begin_norm_axis % x.ndim
        axes = tuple(range(first, x.ndim))
        mean = x.mean(axes, True)
        spread = ops.sqrt(ops.square(x - mean).mean(axes, True) + Tensor(cell.epsilon, ms.float64))
        return (x - mean) / spread * cell.gamma + cell.beta

    return call


COMPOSED: dict[type[Any], Callable[[Any], Callable[[Any], Any]]] = {
    nn.Conv2d: conv2d,
    nn.MaxPool2d: max_pool2d,
    nn.AvgPool2d: average_pool2d,
    nn.BatchNorm1d: batch_norm,
    nn.BatchNorm2d: batch_norm,
    nn.BatchNorm3d: batch_norm,
    nn.LayerNorm: layer_norm,
}


def _padded(cell: Any, x: Any, outside: float) -> tuple[Any, Any]:
    """The input with its explicit padding, and how the windows then lie."""
    mode = cell.pad_mode.lower()
    if mode != "pad":
        return x, mode
    given = cell.padding
    top, bottom, left, right = (given,) * 4 if isinstance(given, int) else given if len(given) == 4 else _both(given)
    return ops.pad(x, (left, right, top, bottom), "constant", outside), "valid"


def _both(given: Any) -> Any:
    return given[0], given[0], given[1], given[1]


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[-2]), int(value[-1]))
