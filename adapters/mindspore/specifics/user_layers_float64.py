"""Layers of a user's own model in float64, composed where MindSpore's own refuse float64 or compute in float32.

Each function takes a layer and returns a function that computes the same as its class, in the class' conventions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import mindspore as ms
import numpy as np
from mindspore import Tensor, nn, ops

from adapters.mindspore.layers.base import TO_FIRST, TO_LAST
from adapters.mindspore.specifics.convolution import Convolution, DepthwiseConvolution
from adapters.mindspore.specifics.pooling import MaxPooling
from adapters.mindspore.specifics.windows import Windows, window_cells


def compose(network: Any) -> list[str]:
    """Replaces the computation of these layers and returns their names."""
    composed_names = []
    for name, cell in network.cells_and_names():
        make = COMPOSED.get(type(cell))
        if make is not None:
            cell.construct = make(cell)
            composed_names.append(name)
    return composed_names


def conv2d(cell: Any) -> Callable[[Any], Any]:
    """nn.Conv2d."""

    def call(x: Any) -> Any:
        x, padding = _padded(cell, x, 0.0)
        image = ops.transpose(x, TO_LAST)
        shape, kernel_size = tuple(image.shape[1:]), _pair(cell.kernel_size)
        cells = window_cells(shape, kernel_size, _pair(cell.stride), _pair(cell.dilation), padding)
        windows, bias = Windows(shape, cells, ms.float64), cell.bias if cell.has_bias else None
        if cell.group == cell.in_channels:
            return ops.transpose(DepthwiseConvolution(windows, cell.weight, bias)(image), TO_FIRST)
        return ops.transpose(Convolution(windows, cell.weight, bias, cell.group)(image), TO_FIRST)

    return call


def max_pool2d(cell: Any) -> Callable[[Any], Any]:
    """nn.MaxPool2d."""
    lowest = float(np.finfo(np.float64).min)

    def call(x: Any) -> Any:
        x, padding = _padded(cell, x, lowest)
        image = ops.transpose(x, TO_LAST)
        shape, sizes = tuple(image.shape[1:]), (_pair(cell.kernel_size), _pair(cell.stride), (1, 1))
        windows = Windows(shape, window_cells(shape, *sizes, padding), ms.float64, lowest)
        return ops.transpose(MaxPooling(windows)(image), TO_FIRST)

    return call


def average_pool2d(cell: Any) -> Callable[[Any], Any]:
    """nn.AvgPool2d."""

    def call(x: Any) -> Any:
        x, padding = _padded(cell, x, 0.0)
        image = ops.transpose(x, TO_LAST)
        shape, sizes = tuple(image.shape[1:]), (_pair(cell.kernel_size), _pair(cell.stride), (1, 1))
        cells_inside = (window_cells(shape, *sizes, padding) < shape[0] * shape[1]).sum(-1, keepdims=True)
        windows = Windows(shape, window_cells(shape, *sizes, padding), ms.float64)
        return ops.transpose(windows(image).sum(3) / Tensor(cells_inside, ms.float64), TO_FIRST)

    return call


def batch_norm(cell: Any) -> Callable[[Any], Any]:
    """As MindSpore's kernel, which normalises by the biased variance and keeps the unbiased one."""

    def call(x: Any) -> Any:
        axes = (0, *range(2, x.ndim))
        channel_shape = (1, -1, *(1,) * (x.ndim - 2))
        mean, variance = cell.moving_mean, cell.moving_variance
        if cell.use_batch_statistics or (cell.use_batch_statistics is None and cell.training):
            count = x.size // x.shape[1]
            mean = x.mean(axes)
            variance = ops.square(x - mean.reshape(channel_shape)).mean(axes)
            new_share, old_share = Tensor(cell.momentum, ms.float64), Tensor(1 - cell.momentum, ms.float64)
            unbiased = ops.stop_gradient(variance) * Tensor(count / max(count - 1, 1), ms.float64)
            ops.assign(cell.moving_mean, old_share * cell.moving_mean + new_share * ops.stop_gradient(mean))
            ops.assign(cell.moving_variance, old_share * cell.moving_variance + new_share * unbiased)
        deviation = ops.sqrt(variance.reshape(channel_shape) + Tensor(cell.eps, ms.float64))
        gamma, beta = cell.gamma.reshape(channel_shape), cell.beta.reshape(channel_shape)
        return (x - mean.reshape(channel_shape)) / deviation * gamma + beta

    return call


def layer_norm(cell: Any) -> Callable[[Any], Any]:
    """nn.LayerNorm."""

    def call(x: Any) -> Any:
        first_axis = cell.begin_norm_axis % x.ndim
        axes = tuple(range(first_axis, x.ndim))
        mean = x.mean(axes, True)
        deviation = ops.sqrt(ops.square(x - mean).mean(axes, True) + Tensor(cell.epsilon, ms.float64))
        return (x - mean) / deviation * cell.gamma + cell.beta

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


def _padded(cell: Any, x: Any, padding_value: float) -> tuple[Any, Any]:
    """The input with its explicit padding, and the padding mode of the windows on it."""
    mode = cell.pad_mode.lower()
    if mode != "pad":
        return x, mode
    padding = cell.padding
    if isinstance(padding, int):
        padding = (padding,) * 4
    top, bottom, left, right = padding if len(padding) == 4 else _both_sides(padding)
    return ops.pad(x, (left, right, top, bottom), "constant", padding_value), "valid"


def _both_sides(padding: Any) -> Any:
    return padding[0], padding[0], padding[1], padding[1]


def _pair(value: Any) -> tuple[int, int]:
    return (value, value) if isinstance(value, int) else (int(value[-2]), int(value[-1]))
